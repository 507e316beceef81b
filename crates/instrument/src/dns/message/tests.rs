//! Tests of the reading of answers: good ones, forged ones, and any bytes at all.

use domain::{
    base::{Name, Ttl, message_builder::AnswerBuilder},
    rdata::Cname,
};
use proptest::prelude::*;

use super::*;

fn name(text: &str) -> QueryName {
    Name::vec_from_str(text).unwrap()
}

fn query() -> Query {
    Query::new(&name("orders.shop."), Rtype::A)
}

/// An answer to `query`, filled by `fill`.
fn answer(query: &Query, rcode: Rcode, fill: impl FnOnce(&mut AnswerBuilder<Vec<u8>>)) -> Vec<u8> {
    let mut builder = MessageBuilder::new_vec().start_answer(&query.message, rcode).unwrap();
    fill(&mut builder);
    builder.finish()
}

fn alias(builder: &mut AnswerBuilder<Vec<u8>>, from: &str, to: &str) {
    builder.push((name(from), Ttl::from_secs(5), Cname::new(name(to)))).unwrap();
}

fn address(builder: &mut AnswerBuilder<Vec<u8>>, owner: &str, last: u8) {
    builder.push((name(owner), Ttl::from_secs(5), A::from_octets(127, 1, 0, last))).unwrap();
}

fn addresses(last: &[u8]) -> Option<Reply> {
    Some(Reply::Addresses(last.iter().map(|last| IpAddr::from([127, 1, 0, *last])).collect()))
}

#[test]
fn addresses_come_in_the_order_of_the_answer() {
    let query = query();
    let bytes = answer(&query, Rcode::NOERROR, |builder| {
        address(builder, "ORDERS.shop.", 2);
        address(builder, "orders.shop.", 1);
    });
    assert_eq!(query.reply_in(&bytes), addresses(&[2, 1]));
}

#[test]
fn aliases_are_followed_whatever_their_order() {
    let query = query();
    let bytes = answer(&query, Rcode::NOERROR, |builder| {
        address(builder, "end.shop.", 7);
        alias(builder, "middle.shop.", "end.shop.");
        alias(builder, "orders.shop.", "middle.shop.");
    });
    assert_eq!(query.reply_in(&bytes), addresses(&[7]));
}

#[test]
fn an_address_of_another_name_is_not_an_answer() {
    let query = query();
    let bytes = answer(&query, Rcode::NOERROR, |builder| address(builder, "evil.example.", 6));
    assert_eq!(query.reply_in(&bytes), Some(Reply::NoData));
}

#[test]
fn aliases_in_a_circle_are_noticed() {
    let query = query();
    let bytes = answer(&query, Rcode::NOERROR, |builder| {
        alias(builder, "orders.shop.", "b.shop.");
        alias(builder, "b.shop.", "orders.shop.");
    });
    assert_eq!(query.reply_in(&bytes), Some(Reply::AliasLoop));
}

#[test]
fn a_response_code_is_reported_and_a_truncated_answer_too() {
    let query = query();
    let mut bytes = answer(&query, Rcode::SERVFAIL, |_| {});
    assert_eq!(query.reply_in(&bytes), Some(Reply::Failed(Rcode::SERVFAIL)));
    bytes[2] |= 0b10; // the TC bit
    assert_eq!(query.reply_in(&bytes), Some(Reply::Truncated));
}

#[test]
fn our_own_question_sent_back_is_not_an_answer() {
    let query = query();
    assert_eq!(query.reply_in(query.as_bytes()), None);
}

#[test]
fn another_number_or_another_question_is_ignored() {
    let query = query();
    let mut bytes = answer(&query, Rcode::NOERROR, |builder| address(builder, "orders.shop.", 1));
    bytes[0] ^= 1;
    assert_eq!(query.reply_in(&bytes), None);
    let mut other = Query::new(&name("orders.shop."), Rtype::AAAA);
    other.message.header_mut().set_id(query.message.header().id());
    assert_eq!(query.reply_in(&answer(&other, Rcode::NOERROR, |_| {})), None);
}

#[test]
fn an_answer_cut_anywhere_is_ignored() {
    let query = query();
    let bytes = answer(&query, Rcode::NOERROR, |builder| {
        address(builder, "orders.shop.", 1);
        address(builder, "orders.shop.", 2);
    });
    for length in 0..bytes.len() {
        assert_eq!(query.reply_in(&bytes[..length]), None, "cut to {length} of {}", bytes.len());
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        query().reply_in(&bytes);
    }

    #[test]
    fn no_bytes_after_a_fitting_header_and_question_make_it_panic(
        rest in prop::collection::vec(any::<u8>(), 0..600),
        counts in any::<[u8; 6]>(),
    ) {
        let query = query();
        let mut bytes = answer(&query, Rcode::NOERROR, |_| {});
        bytes[6..12].copy_from_slice(&counts);
        bytes.extend(rest);
        query.reply_in(&bytes);
    }

    #[test]
    fn no_flipped_bytes_make_it_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8)) {
        let query = query();
        let mut bytes = answer(&query, Rcode::NOERROR, |builder| {
            alias(builder, "orders.shop.", "end.shop.");
            address(builder, "end.shop.", 7);
        });
        for (index, value) in changes {
            let index = index.index(bytes.len());
            bytes[index] = value;
        }
        query.reply_in(&bytes);
    }
}
