//! Three pods: one leaks, one is flat, one was restarted into a bigger version.

use rand::{Rng, SeedableRng, rngs::StdRng};
use testkit::history::History;
use testkit::program::Ended;
use testkit::prometheus::Prometheus;

use super::{START, slo};
use crate::tale;

const MIB: f64 = 1_048_576.0;
const END: f64 = START + 600.0;
/// When the third pod was restarted.
const RESTART: f64 = START + 240.0;

fn pods(seed: u64) -> Prometheus {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut history = History::new();
    for (pod, value) in [
        ("leaker", (|x| 20.0 + 1.5 * x / 60.0) as fn(f64) -> f64),
        ("flat", |_| 20.0),
        ("restarted", |x| if START + x < RESTART { 20.0 } else { 30.0 }),
    ] {
        let labels = format!(r#"{{job="shop",instance="{pod}:9000",pod="{pod}"}}"#);
        let times = (0..=120).map(|n| START + f64::from(n) * 5.0);
        let memory: Vec<_> = times
            .clone()
            .map(|time| (time, (MIB * (value(time - START) + rng.random_range(-0.1..0.1))).round()))
            .collect();
        history.series(&format!("process_resident_memory_bytes{labels}"), memory);
        let started = |time| match pod {
            "restarted" if time >= RESTART => RESTART,
            _ => START - 3600.0,
        };
        let starts = times.map(|time| (time, started(time)));
        history.series(&format!("process_start_time_seconds{labels}"), starts);
    }
    Prometheus::with(&history)
}

fn verdicts(ended: &Ended) -> Vec<(String, String)> {
    let json = ended.json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let mut found: Vec<_> = json["series"]
        .as_array()
        .unwrap()
        .iter()
        .map(|series| (text(&series["name"]), text(&series["report"]["verdict"])))
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn the_leaking_pod_is_named_with_its_pace_and_the_others_are_not_accused() {
    for seed in 1..=3 {
        println!("seed {seed}");
        let prometheus = pods(seed);
        let ended = slo("leak", &prometheus, END, &["--format", "json", "--limit", "64Mi"]).await;
        assert_eq!(ended.code, Some(1), "{ended}");
        let expected = [("flat", "no-leak"), ("leaker", "leak"), ("restarted", "no-leak")];
        let expected = expected.map(|(name, verdict)| (name.to_owned(), verdict.to_owned()));
        assert_eq!(verdicts(&ended), expected, "{ended}");
        let json = ended.json();
        let report = |name: &str| {
            let all = json["series"].as_array().unwrap();
            let series = all.iter().find(|series| series["name"] == name).unwrap();
            series["report"].clone()
        };
        let per_minute = report("leaker")["slope"].as_f64().unwrap() * 60.0 / MIB;
        assert!((per_minute - 1.5).abs() < 0.05, "{per_minute}");
        // From 35 MiB to 64 MiB at 1.5 MiB a minute.
        let left = report("leaker")["seconds_to_limit"].as_f64().unwrap();
        assert!((left - 29.0 / 1.5 * 60.0).abs() < 60.0, "{left}");
        assert_eq!(report("restarted")["runs"], 2);
        assert_eq!(report("flat")["runs"], 1);
    }
}

#[tokio::test]
async fn every_format_and_every_kind_of_query_is_answered() {
    let prometheus = pods(4);
    let leak = async |args: &[&str]| slo("leak", &prometheus, END, args).await;
    let text = leak(&["--limit", "64Mi"]).await;
    println!("{text}");
    assert!(text.stdout.contains("MiB/min") && text.stdout.contains("1 of 3 leaks:"), "{text}");
    assert!(text.stdout.contains("reaches its limit in 19 min"), "{text}");
    let markdown = leak(&["--format", "markdown"]).await;
    assert!(markdown.stdout.contains("| leak | leaker |"), "{markdown}");

    let flat = leak(&["--query", r#"process_resident_memory_bytes{pod="flat"}"#]).await;
    assert_eq!(flat.code, Some(0), "{flat}");
    let sum = leak(&["--query", "sum by (pod) (process_resident_memory_bytes) / 2"]).await;
    assert_eq!(sum.code, Some(1), "an expression is judged, too: {sum}");
    // The limit as a query: twice the memory of now is still far away.
    let limit = leak(&["--limit", "2 * max by (pod) (process_resident_memory_bytes)"]).await;
    assert!(limit.stdout.contains("reaches its limit in 23 min"), "{limit}");
}

#[tokio::test]
async fn what_cannot_be_judged_does_not_pass() {
    let prometheus = pods(5);
    let leak = async |args: &[&str]| slo("leak", &prometheus, END, args).await;
    for (args, wanted) in [
        (&["--query", "no_such_metric"][..], "no samples"),
        (&["--last", "1m"], "16 are needed"),
        (&["--query", "up +"], "refuses the query"),
        (&["--limit", "no_such_limit"], "write bytes"),
        (&["--last", "5 minutes"], "--last"),
    ] {
        let ended = leak(args).await;
        assert_eq!(ended.code, Some(2), "{args:?}: {ended}");
        assert!(ended.to_string().contains(wanted), "{args:?}: {ended}");
    }
    // Nobody listens there.
    let dead = tale(&["slo", "leak", "--prometheus", "http://127.0.0.1:9"]).await;
    assert_eq!(dead.code, Some(2), "{dead}");
    assert!(dead.stderr.contains("does not answer"), "{dead}");
}
