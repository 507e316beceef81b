//! An hour with four faults, and four decoys that overlap them by chance: the true cause comes
//! first.

use std::fmt::Write;

use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::json;
use testkit::history::History;
use testkit::program::Ended;
use testkit::prometheus::Prometheus;

use super::{START, moment, slo};

const END: f64 = START + 3600.0;
const OBJECTIVES: &str = "crates/slo/tests/fixtures/shop.yaml";

/// A Prometheus with breaches, and a file of suspects.
struct Hour {
    prometheus: Prometheus,
    events: tempfile::NamedTempFile,
}

fn hour(seed: u64) -> Hour {
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let faults: Vec<(f64, f64)> = (0..4)
        .map(|n| {
            let start = START + f64::from(n) * 900.0 + rng.random_range(100.0_f64..700.0).round();
            (start, start + 60.0)
        })
        .collect();
    let delay = rng.random_range(2.0..8.0);
    let fails = |time: f64| {
        let in_force = |(from, to): &(f64, f64)| (from + delay..to + delay).contains(&time);
        faults.iter().any(in_force)
    };
    let counters = |share: fn(bool) -> f64| {
        let mut count = 1000.0;
        let samples: Vec<(f64, f64)> = (0..=3600)
            .map(|second| {
                let time = START + f64::from(second);
                count += share(fails(time));
                (time, count)
            })
            .collect();
        samples
    };
    let mut history = History::new();
    let good = counters(|fails| if fails { 14.0 } else { 20.0 });
    let bad = counters(|fails| if fails { 6.0 } else { 0.0 });
    history.series(r#"http_requests_total{job="shop",code="200"}"#, good);
    history.series(r#"http_requests_total{job="shop",code="500"}"#, bad);
    // A decoy that Prometheus itself knows: restarts of another job, the first in a fault.
    let restarts = [faults[0].0 + 10.0, START + 1700.0];
    let started = (0..=720).map(|n| {
        let time = START + f64::from(n) * 5.0;
        let last = restarts.iter().rev().find(|restart| **restart <= time);
        (time, last.copied().unwrap_or(START - 100.0))
    });
    history.series(r#"process_start_time_seconds{job="orders"}"#, started);

    let mut text = String::new();
    let mut event = |name: &str, kind: &str, (from, to): (f64, f64)| {
        let line = json!({"name": name, "kind": kind, "start": moment(from), "end": moment(to)});
        let _ = writeln!(text, "{line}");
    };
    for fault in &faults {
        event("storm", "chaos", *fault);
    }
    for decoy in 0..4usize {
        // Two that overlap faults, two somewhere.
        for fault in faults.iter().skip(decoy % 3).take(2) {
            let start = fault.0 + rng.random_range(-40.0..40.0);
            event(
                &format!("decoy-{decoy}"),
                "deploy",
                (start, start + rng.random_range(45.0..120.0)),
            );
        }
        for _ in 0..2 {
            let start = START + rng.random_range(0.0..3500.0);
            event(&format!("decoy-{decoy}"), "deploy", (start, start + 60.0));
        }
    }
    let events = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(events.path(), text).unwrap();
    Hour { prometheus: Prometheus::with(&history), events }
}

impl Hour {
    async fn correlate(&self, args: &[&str]) -> Ended {
        let events = self.events.path().to_str().unwrap();
        let base = [OBJECTIVES, "--events", events];
        slo("correlate", &self.prometheus, END, &[&base, args].concat()).await
    }
}

#[tokio::test]
async fn the_true_cause_is_first_among_overlapping_decoys() {
    for seed in 1..=6 {
        let ended = hour(seed).correlate(&["--format", "json"]).await;
        // Other objectives of the file are about metrics that this history lacks.
        assert_eq!(ended.code, Some(2), "{ended}");
        let json = ended.json();
        let availability = &json["objectives"][0];
        assert_eq!(availability["id"], "shop/availability/slo");
        assert_eq!(availability["breaches"].as_array().unwrap().len(), 4, "{availability:#}");
        let suspects = availability["suspects"].as_array().unwrap();
        assert_eq!(suspects.len(), 6, "{availability:#}");
        let overlapping =
            suspects.iter().filter(|suspect| suspect["recall"].as_f64().unwrap() > 0.1);
        assert!(overlapping.count() >= 4, "three decoys overlap at least: {availability:#}");
        assert_eq!(suspects[0]["name"], "chaos storm", "{availability:#}");
        assert!(suspects[0]["p"].as_f64().unwrap() < 0.05, "{availability:#}");
        let restart = suspects.iter().find(|suspect| suspect["name"] == "restart orders");
        assert!(restart.is_some(), "{availability:#}");
    }
}

#[tokio::test]
async fn text_and_markdown_show_every_component_and_the_warning() {
    let hour = hour(7);
    for (format, wanted) in [("text", "1   chaos storm"), ("markdown", "| 1 | chaos storm |")] {
        let ended = hour.correlate(&["--format", format]).await;
        println!("{ended}");
        assert!(ended.stdout.contains(wanted), "{ended}");
        for column in ["PRECISION", "RECALL", "CORRELATION", "LAG", "LABELS", "P (HOLM)"] {
            assert!(ended.stdout.contains(column), "{column}: {ended}");
        }
        assert!(ended.stdout.contains("Correlation, not cause"), "{ended}");
        assert!(ended.stdout.contains("no data in the last 1h"), "{ended}");
    }
}

#[tokio::test]
async fn a_file_of_events_that_cannot_be_read_is_refused() {
    let hour = hour(8);
    std::fs::write(hour.events.path(), "{\"name\": \"a\", \"kind\": \"b\", \"begin\": \"x\"}\n")
        .unwrap();
    let ended = hour.correlate(&[]).await;
    assert_eq!(ended.code, Some(2), "{ended}");
    assert!(ended.stderr.contains("line 1") && ended.stderr.contains("begin"), "{ended}");
}
