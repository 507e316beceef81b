//! Tests of `fail_if.rs`.

use super::*;
use crate::record::{Counts, Outcome};

fn report(ok: u64, failed: u64) -> (Report, Counts) {
    let mut counts = Counts::new();
    for n in 0..ok + failed {
        counts.due += 1;
        counts.sent += 1;
        let (outcome, status) = if n < ok { (Outcome::Ok, 200) } else { (Outcome::Status5xx, 500) };
        counts.status(status);
        counts.end(outcome, Duration::from_millis(100));
    }
    counts.due += 10;
    counts.dropped += 10;
    (crate::report::result::tests::report_of(&counts), counts)
}

#[test]
fn conditions_hold_or_do_not() {
    let (report, counts) = report(80, 10);
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
        ("p75>99ms", true),
        ("p95>101ms", false),
        ("min<99ms", false),
    ] {
        let condition: Condition = text.parse().unwrap();
        let failed = failed(&condition, &report, &counts.success);
        assert_eq!(failed.is_some(), holds, "{text}: {failed:?}");
    }
}

#[test]
fn no_data_is_no_pass() {
    let (report, counts) = report(0, 5);
    assert!(failed(&"p99>1h".parse().unwrap(), &report, &counts.success).is_some());
    let counts = Counts::new();
    let nothing = crate::report::result::tests::report_of(&counts);
    assert!(failed(&"errors>99%".parse().unwrap(), &nothing, &counts.success).is_some());
}
