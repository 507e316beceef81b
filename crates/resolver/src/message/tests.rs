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
    Query::new(&name("orders.shop."), Rtype::A, false)
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
fn an_answer_without_a_word_from_a_server_that_does_not_ask_others_is_lame() {
    let query = query();
    let plain = answer(&query, Rcode::NOERROR, |_| {});
    assert_eq!(query.reply_in(&plain), Some(Reply::Lame));
    // The server owns the name, or asks others, or says more: then there is no address.
    let flags = [(2, 0b100), (3, 0b1000_0000)];
    for (byte, bit) in flags {
        let mut bytes = plain.clone();
        bytes[byte] |= bit;
        assert_eq!(query.reply_in(&bytes), Some(Reply::NoData), "{byte} {bit}");
    }
    let mut builder = MessageBuilder::new_vec()
        .start_answer(&query.message, Rcode::NOERROR)
        .unwrap()
        .additional();
    builder.opt(|_| Ok(())).unwrap();
    assert_eq!(query.reply_in(&builder.finish()), Some(Reply::NoData));
    // With an answer, or with another code, the flags do not matter.
    let bytes = answer(&query, Rcode::NOERROR, |builder| address(builder, "orders.shop.", 1));
    assert_eq!(query.reply_in(&bytes), addresses(&[1]));
    let bytes = answer(&query, Rcode::NXDOMAIN, |_| {});
    assert_eq!(query.reply_in(&bytes), Some(Reply::Failed(OptRcode::NXDOMAIN)));
}

#[test]
fn a_long_chain_of_aliases_is_followed_if_it_is_complete() {
    let query = query();
    for length in [1, 19, 20, 21, 500] {
        let at = |number: usize| match number {
            0 => "orders.shop.".to_owned(),
            _ => format!("alias{number}.shop."),
        };
        let complete = answer(&query, Rcode::NOERROR, |builder| {
            (0..length).for_each(|number| alias(builder, &at(number), &at(number + 1)));
            address(builder, &at(length).to_uppercase(), 7);
        });
        assert_eq!(query.reply_in(&complete), addresses(&[7]), "{length}");
        let broken = answer(&query, Rcode::NOERROR, |builder| {
            (0..length - 1).for_each(|number| alias(builder, &at(number), &at(number + 1)));
            address(builder, &at(length), 7);
        });
        assert_eq!(query.reply_in(&broken), Some(Reply::NoData), "{length}");
        let circle = answer(&query, Rcode::NOERROR, |builder| {
            (0..length).for_each(|number| alias(builder, &at(number), &at(number + 1)));
            alias(builder, &at(length), &at(length / 2));
            address(builder, &at(length), 7);
        });
        assert_eq!(query.reply_in(&circle), Some(Reply::AliasLoop), "{length}");
    }
}

#[test]
fn a_question_with_edns_announces_its_room_and_one_without_does_not() {
    let query = Query::new(&name("orders.shop."), Rtype::A, true);
    assert_eq!(query.message.opt().unwrap().udp_payload_size(), EDNS_BYTES);
    assert!(self::query().message.opt().is_none());
}

#[test]
fn a_server_that_cannot_read_edns_need_not_repeat_the_question() {
    let with_edns = Query::new(&name("orders.shop."), Rtype::A, true);
    let without_question = |query: &Query, rcode: Rcode| {
        let mut builder = MessageBuilder::new_vec();
        let header = builder.header_mut();
        header.set_id(query.message.header().id());
        header.set_qr(true);
        header.set_rcode(rcode);
        builder.finish()
    };
    let reply = with_edns.reply_in(&without_question(&with_edns, Rcode::FORMERR));
    assert_eq!(reply, Some(Reply::Failed(OptRcode::FORMERR)));
    assert_eq!(with_edns.reply_in(&without_question(&with_edns, Rcode::SERVFAIL)), None);
    let query = query();
    assert_eq!(query.reply_in(&without_question(&query, Rcode::FORMERR)), None);
}

#[test]
fn a_response_code_beyond_four_bits_is_not_taken_for_success() {
    let query = Query::new(&name("orders.shop."), Rtype::A, true);
    let mut builder = MessageBuilder::new_vec()
        .start_answer(&query.message, Rcode::NOERROR)
        .unwrap()
        .additional();
    builder
        .opt(|options| {
            options.set_rcode(OptRcode::BADVERS);
            Ok(())
        })
        .unwrap();
    assert_eq!(query.reply_in(&builder.finish()), Some(Reply::Failed(OptRcode::BADVERS)));
}

#[test]
fn a_response_code_is_reported_and_a_truncated_answer_too() {
    let query = query();
    let mut bytes = answer(&query, Rcode::SERVFAIL, |_| {});
    assert_eq!(query.reply_in(&bytes), Some(Reply::Failed(OptRcode::SERVFAIL)));
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
    let mut other = Query::new(&name("orders.shop."), Rtype::AAAA, false);
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
    fn whatever_the_order_of_the_records_the_addresses_at_the_end_of_the_chain_are_found(
        order in Just((0..30).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let query = query();
        let at = |number: usize| match number {
            0 => "orders.shop.".to_owned(),
            _ => format!("alias{number}.shop."),
        };
        let bytes = answer(&query, Rcode::NOERROR, |builder| {
            for number in &order {
                match number {
                    29 => address(builder, &at(29), 7),
                    number => alias(builder, &at(*number), &at(number + 1)),
                }
            }
        });
        prop_assert_eq!(query.reply_in(&bytes), addresses(&[7]));
    }

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
