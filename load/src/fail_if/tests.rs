//! Tests of `fail_if.rs`.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::outcome::Outcome;
use crate::tally::Tally;

fn report(ok: u64, failed: u64) -> Report {
    let mut tally = Tally::new();
    for n in 0..ok + failed {
        tally.due += 1;
        tally.sent += 1;
        let (outcome, status) = match n < ok {
            true => (Outcome::Ok, 200),
            false => (Outcome::Status5xx, 500),
        };
        tally.status(status);
        tally.end(outcome, Duration::from_millis(100));
    }
    tally.due += 10;
    tally.dropped += 10;
    crate::report::tests::report_of(&tally)
}

#[test]
fn conditions_hold_or_do_not() {
    let report = report(80, 10);
    for (text, holds) in [
        ("p99>250ms", false),
        ("p99>50ms", true),
        ("max <= 1s", true),
        ("p99.9<99ms", false),
        ("errors>11%", true),
        ("errors>12%", false),
        ("errors>=10", true),
        ("errors>10", false),
        ("dropped>0", true),
        ("dropped>=10%", true),
        ("dropped>10%", false),
        ("censored>0", false),
        ("rate<1000000", true),
        ("rate<1", false),
        ("mean>=99ms", true),
        ("p50>101ms", false),
        ("p90<1ms", false),
    ] {
        let condition: Condition = text.parse().unwrap();
        assert_eq!(
            condition.holds(&report).is_some(),
            holds,
            "{text}: {:?}",
            condition.holds(&report)
        );
    }
}

#[test]
fn no_data_is_no_pass() {
    let report = report(0, 5);
    assert!("p99>1h".parse::<Condition>().unwrap().holds(&report).is_some());
    let nothing = crate::report::tests::report_of(&Tally::new());
    assert!("errors>99%".parse::<Condition>().unwrap().holds(&nothing).is_some());
}

#[test]
fn anything_else_is_refused_with_examples() {
    for text in [
        "",
        "p99",
        "p99>",
        "p99>250",
        "p98>1s",
        "errors>x",
        "errors>-1",
        "errors=1",
        "rate>1s",
        ">1",
        "errors>1%%x",
        "rate>inf",
        "rate>NaN",
    ] {
        let error = text.parse::<Condition>().unwrap_err().to_string();
        assert!(error.contains("p99>250ms"), "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = text.parse::<Condition>();
    }
}
