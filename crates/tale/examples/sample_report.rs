//! Writes the report of a made-up performance of `dns-leak`, to look at the renderers without
//! playing a tale.
//!
//! `cargo run -p tale --example sample_report [FOLDER]`; the numbers come from formulas, not from a
//! measurement.

use std::path::PathBuf;

use slo::Clock;
use stage::StageKind;
use tale::report::{
    Act, Alert, Budget, Chart, Fault, GateResult, Outcome, Promise, Report, Series, Threshold,
    Unit, Verdict, write,
};

const INJECTED: f64 = 18.0;
const FIRED: f64 = 34.0;
const REPAIRED: f64 = 45.0;
const RESOLVED: f64 = 58.0;
const END: f64 = 66.0;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from("target/sample-report"), PathBuf::from);
    write(&folder.join("kept"), &kept())?;
    write(&folder.join("broken"), &broken())?;
    write(&folder.join("undecided"), &undecided())?;
    Ok(())
}

fn kept() -> Report {
    let promises = promises();
    Report {
        tale: "dns-leak".to_owned(),
        title: "It's always DNS".to_owned(),
        teller: "Ops".to_owned(),
        stage: StageKind::Local,
        clock: Clock::Stage,
        verdict: Verdict::of(&promises),
        seconds: END,
        started: "2022-05-19T09:30:00Z".to_owned(),
        seed: Some(42),
        promises,
        acts: vec![
            act("calm", 0.0, INJECTED),
            act("DNS goes dark", INJECTED, REPAIRED),
            act("repair", REPAIRED, END),
        ],
        faults: vec![Fault {
            name: "dns-error".to_owned(),
            kind: "DNSChaos".to_owned(),
            from_s: INJECTED,
            to_s: Some(REPAIRED + 3.0),
        }],
        alerts: vec![Alert {
            name: "DnsLeakerMemoryGrowth".to_owned(),
            severity: Some("page".to_owned()),
            pending_s: Some(27.0),
            firing_s: Some(FIRED),
            resolved_s: Some(RESOLVED),
        }],
        charts: vec![memory(), lookups(), heap()],
        messages: Vec::new(),
        budgets: vec![Budget {
            objective: "dns-leaker/memory-growth/objective-1".to_owned(),
            target: 0.99,
            days: 30.0,
            minutes: 432.0,
            spent_minutes: Some(21.0),
        }],
        profiles: vec![],
        gates: vec![
            gate(
                "calm",
                "pass",
                "memory-growth   9.0 MB   <= 9.9 MB (+10 % of warm)   pass\nlookup-errors   0.0 %    <= 1 %                     pass\n\ncoverage 100 %, score 100 %: pass\n",
            ),
            gate(
                "DNS goes dark",
                "fail",
                "memory-growth   13.4 MB   <= 9.9 MB (+10 % of warm)   FAIL\nlookup-errors   99.7 %    <= 1 %                     FAIL\n\ncoverage 100 %, score 0 %: fail because of memory-growth, lookup-errors\n",
            ),
            gate(
                "repair",
                "pass",
                "memory-growth   9.1 MB   <= 9.9 MB (+10 % of warm)   pass\nlookup-errors   0.0 %    <= 1 %                     pass\n\ncoverage 100 %, score 100 %: pass\n",
            ),
        ],
        adapted: Vec::new(),
        notes: vec!["NetworkPolicy dns-leaker: not applied on this stage".to_owned()],
    }
}

fn broken() -> Report {
    let mut report = kept();
    for promise in &mut report.promises[7..9] {
        promise.outcome = Outcome::Broken;
        promise.took_s = promise.within_s.unwrap_or(0.4);
        promise.observed =
            "still firing: resident memory 13.8 MB, 3.9 MB above the limit".to_owned();
    }
    report.alerts[0].resolved_s = None;
    report.verdict = Verdict::of(&report.promises);
    report
}

fn undecided() -> Report {
    let mut report = kept();
    report.seconds = 24.0;
    report.acts.truncate(2);
    report.acts[1].to_s = 24.0;
    report.faults[0].to_s = None;
    report.alerts.clear();
    report.gates.truncate(1);
    report.promises[2].outcome = Outcome::Undecided;
    report.promises[2].observed = "Prometheus gave no answer: connection refused".to_owned();
    for promise in &mut report.promises[3..] {
        promise.outcome = Outcome::NotReached;
        promise.observed.clear();
    }
    report.verdict = Verdict::of(&report.promises);
    report
}

fn act(name: &str, from_s: f64, to_s: f64) -> Act {
    Act { name: name.to_owned(), from_s, to_s }
}

fn gate(act: &str, verdict: &str, text: &str) -> GateResult {
    GateResult { act: act.to_owned(), verdict: verdict.to_owned(), text: text.to_owned() }
}

fn promises() -> Vec<Promise> {
    let promise =
        |act: &str, kind: &str, text: &str, within_s: Option<f64>, took_s: f64, observed: &str| {
            Promise {
                act: act.to_owned(),
                kind: kind.to_owned(),
                text: text.to_owned(),
                within_s,
                took_s,
                outcome: Outcome::Kept,
                observed: observed.to_owned(),
            }
        };
    vec![
        promise(
            "calm",
            "quiet",
            "no alert is pending or firing",
            None,
            15.0,
            "0 alerts in 15 checks",
        ),
        promise("calm", "gate", "the gate passes", None, 0.3, "pass, score 100 %"),
        promise(
            "DNS goes dark",
            "metric",
            "sum(rate(dns_lookups_total{result=\"servfail\"}[5s])) > 0",
            Some(10.0),
            2.1,
            "15.8",
        ),
        promise(
            "DNS goes dark",
            "alert",
            "DnsLeakerMemoryGrowth fires",
            Some(45.0),
            16.0,
            "firing for 4 pods",
        ),
        promise(
            "DNS goes dark",
            "gate",
            "the gate fails because of memory-growth",
            None,
            0.3,
            "fail: memory-growth 13.4 MB, allowed 9.9 MB",
        ),
        promise(
            "DNS goes dark",
            "heap",
            "the profile names leak::forget",
            Some(20.0),
            1.2,
            "leak::forget holds 17.3 MB of 21.9 MB",
        ),
        promise("repair", "rollout", "4 new pods are ready", Some(20.0), 3.0, "4 of 4 ready"),
        promise(
            "repair",
            "alert",
            "DnsLeakerMemoryGrowth is resolved",
            Some(45.0),
            13.0,
            "resolved",
        ),
        promise("repair", "gate", "the gate passes", None, 0.3, "pass, score 100 %"),
    ]
}

/// A steady ripple in place of noise: the sample looks the same each time.
fn ripple(seconds: f64, phase: f64) -> f64 {
    (seconds * 1.9 + phase).sin() * 0.6 + (seconds * 4.3 + phase * 2.0).sin() * 0.4
}

fn samples(from: f64, to: f64, value: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    (0..=END as u32)
        .map(f64::from)
        .filter(|at| (from..=to).contains(at))
        .map(|at| (at, value(at)))
        .collect()
}

/// Resident memory of one pod in bytes: flat, then growing while lookups fail.
fn resident(pod: f64) -> impl Fn(f64) -> f64 {
    move |at| {
        let leaking = (at - INJECTED).max(0.0);
        9.0e6 + pod * 0.04e6 + leaking * (0.17e6 + pod * 0.006e6) + ripple(at, pod) * 0.03e6
    }
}

fn memory() -> Chart {
    let old = (0..4).map(|pod| Series {
        label: "dns-leaker-7d9c".to_owned(),
        points: samples(0.0, REPAIRED + 1.0, resident(f64::from(pod))),
    });
    let new = (0..4).map(|pod| Series {
        label: "dns-leaker-5f6b".to_owned(),
        points: samples(REPAIRED + 1.0, END, move |at| {
            8.95e6 + f64::from(pod) * 0.05e6 + ripple(at, f64::from(pod)) * 0.03e6
        }),
    });
    Chart {
        title: "Resident memory of each pod".to_owned(),
        unit: Unit::Bytes,
        query: "process_resident_memory_bytes{app=\"dns-leaker\"}".to_owned(),
        series: old.chain(new).collect(),
        threshold: Some(Threshold { value: 9.9e6, label: "warm level + 10 %".to_owned() }),
    }
}

fn lookups() -> Chart {
    let failing = |at: f64| {
        ((at - INJECTED) / 4.0).clamp(0.0, 1.0) - ((at - REPAIRED - 3.0) / 4.0).clamp(0.0, 1.0)
    };
    let series = |label: &str, value: &dyn Fn(f64) -> f64| Series {
        label: label.to_owned(),
        points: samples(0.0, END, value),
    };
    Chart {
        title: "Lookups per second, by result".to_owned(),
        unit: Unit::PerSecond,
        query: "sum by (result) (rate(dns_lookups_total[5s]))".to_owned(),
        series: vec![
            series("ok", &|at| {
                if (10.0..13.0).contains(&at) {
                    f64::NAN
                } else {
                    15.8 * (1.0 - failing(at)) + ripple(at, 1.0) * 0.15 * (1.0 - failing(at))
                }
            }),
            series("servfail", &|at| 15.8 * failing(at) + ripple(at, 2.0) * 0.15 * failing(at)),
            series("nxdomain", &|_| 0.0),
        ],
        threshold: None,
    }
}

fn heap() -> Chart {
    let names = ["x2v8k", "q7mzn", "b4t9c", "h6w2d"];
    let old = names.iter().enumerate().map(|(pod, name)| Series {
        label: format!("dns-leaker-7d9c-{name}"),
        points: samples(0.0, REPAIRED + 1.0, move |at| {
            resident(pod as f64 * 3.0)(at) * 1.3 - 10.4e6
        }),
    });
    let new = names.iter().enumerate().map(|(pod, name)| Series {
        label: format!("dns-leaker-5f6b-{}", name.chars().rev().collect::<String>()),
        points: samples(REPAIRED + 1.0, END, move |at| {
            1.2e6 + pod as f64 * 0.1e6 + ripple(at, 1.0) * 0.02e6
        }),
    });
    Chart {
        title: "Heap in use of each pod".to_owned(),
        unit: Unit::Bytes,
        query: "jemalloc_allocated_bytes{app=\"dns-leaker\"}".to_owned(),
        series: old.chain(new).collect(),
        threshold: None,
    }
}
