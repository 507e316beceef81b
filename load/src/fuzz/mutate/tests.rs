//! The same number makes the same request, and every kind of change is made.

use super::*;
use crate::fuzz::node::Node;

fn seed() -> Message {
    let call = br#"{"jsonrpc":"2.0","id":1,"method":"price","params":{"item":"tea"}}"#;
    let value: serde_json::Value = serde_json::from_slice(call).unwrap();
    Message::new("POST", "/rpc/x?a=1", "there", Body::Json(Node::from(&value)))
}

#[test]
fn a_number_repeats_its_case() {
    let all = |number| -> Vec<Vec<u8>> {
        let mut random = Random::seeded(number);
        (0..200).map(|_| mutated(&seed(), &mut random).bytes()).collect()
    };
    assert_eq!(all(7), all(7));
    assert_ne!(all(7), all(8));
}

#[test]
fn every_change_changes_something() {
    for (index, (weight, change)) in CHANGES.iter().enumerate() {
        assert!(*weight > 0);
        let mut random = Random::seeded(index as u64);
        let changed = (0..50).filter(|_| {
            let mut message = seed();
            change(&mut message, &mut random);
            message.bytes() != seed().bytes()
        });
        assert!(changed.count() >= 25, "change number {index}");
    }
}

#[test]
fn both_sound_and_malformed_requests_come_out() {
    let mut random = Random::seeded(1);
    let due = (0..1000).filter(|_| mutated(&seed(), &mut random).is_due_an_answer()).count();
    assert!((300..900).contains(&due), "{due} of 1000 are due an answer");
}

#[test]
fn no_case_grows_beyond_what_a_machine_can_send() {
    let mut random = Random::seeded(2);
    let long = (0..20_000).map(|_| mutated(&seed(), &mut random).bytes().len()).max().unwrap();
    assert!(long < 32 << 20, "{long} bytes");
}
