//! Three pods: one leaks, one is flat, one was restarted into a bigger version.

use rand::{Rng, SeedableRng, rngs::StdRng};
use testkit::history::History;
use testkit::prometheus::Prometheus;

use crate::{START, Said, slo, tale};

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

fn verdicts(said: &Said) -> Vec<(String, String)> {
    let json = said.json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let mut found: Vec<_> = json["series"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (text(&one["name"]), text(&one["report"]["verdict"])))
        .collect();
    found.sort();
    found
}

#[test]
fn the_leaking_pod_is_named_with_its_pace_and_the_others_are_not_accused() {
    for seed in 1..=3 {
        println!("seed {seed}");
        let prometheus = pods(seed);
        let said = slo("leak", &prometheus, END, &["--format", "json", "--limit", "64Mi"]);
        assert_eq!(said.code, 1, "{said}");
        let expected = [("flat", "no-leak"), ("leaker", "leak"), ("restarted", "no-leak")];
        let expected = expected.map(|(name, verdict)| (name.to_owned(), verdict.to_owned()));
        assert_eq!(verdicts(&said), expected, "{said}");
        let json = said.json();
        let of = |name: &str| {
            let all = json["series"].as_array().unwrap();
            let one = all.iter().find(|one| one["name"] == name).unwrap();
            one["report"].clone()
        };
        let per_minute = of("leaker")["slope"].as_f64().unwrap() * 60.0 / MIB;
        assert!((per_minute - 1.5).abs() < 0.05, "{per_minute}");
        // From 35 MiB to 64 MiB at 1.5 MiB a minute.
        let left = of("leaker")["seconds_to_limit"].as_f64().unwrap();
        assert!((left - 29.0 / 1.5 * 60.0).abs() < 60.0, "{left}");
        assert_eq!(of("restarted")["runs"], 2);
        assert_eq!(of("flat")["runs"], 1);
    }
}

#[test]
fn each_form_and_each_way_of_asking_has_its_answer() {
    let prometheus = pods(4);
    let leak = |args: &[&str]| slo("leak", &prometheus, END, args);
    let text = leak(&["--limit", "64Mi"]);
    println!("{text}");
    assert!(text.out.contains("MiB/min") && text.out.contains("1 of 3 leaks:"), "{text}");
    assert!(text.out.contains("reaches its limit in 19 min"), "{text}");
    let markdown = leak(&["--format", "markdown"]);
    assert!(markdown.out.contains("| leak | leaker |"), "{markdown}");

    let flat = leak(&["--query", r#"process_resident_memory_bytes{pod="flat"}"#]);
    assert_eq!(flat.code, 0, "{flat}");
    let sum = leak(&["--query", "sum by (pod) (process_resident_memory_bytes) / 2"]);
    assert_eq!(sum.code, 1, "an expression is judged, too: {sum}");
    // The limit as a query: twice the memory of now is still far away.
    let limit = leak(&["--limit", "2 * max by (pod) (process_resident_memory_bytes)"]);
    assert!(limit.out.contains("reaches its limit in 23 min"), "{limit}");
}

#[test]
fn what_cannot_be_judged_is_no_pass() {
    let prometheus = pods(5);
    let leak = |args: &[&str]| slo("leak", &prometheus, END, args);
    for (args, wanted) in [
        (&["--query", "no_such_metric"][..], "no samples"),
        (&["--last", "1m"], "16 are needed"),
        (&["--query", "up +"], "refuses the query"),
        (&["--limit", "no_such_limit"], "write bytes"),
        (&["--last", "5 minutes"], "--last"),
    ] {
        let said = leak(args);
        assert_eq!(said.code, 2, "{args:?}: {said}");
        assert!(said.to_string().contains(wanted), "{args:?}: {said}");
    }
    // Nobody listens there.
    let dead = tale(&["slo", "leak", "--prometheus", "http://127.0.0.1:9"]);
    assert_eq!(dead.code, 2, "{dead}");
    assert!(dead.error.contains("does not answer"), "{dead}");
}
