//! Reports for tests: a small one, and one that says a given text everywhere.

use super::{
    Act, Alert, Budget, Chart, Clock, Fault, Frame, GateResult, Messages, Outcome, Profile,
    Promise, Report, Series, StageKind, Threshold, Unit, Verdict,
};

/// Four promises with the four outcomes, one fault, one alert, one chart, one gate.
pub(crate) fn small() -> Report {
    let promises = vec![
        promise("calm", "quiet", "no alert is pending or firing", Outcome::Kept),
        promise("dark", "alert", "MemoryGrowth fires", Outcome::Broken),
        promise("dark", "metric", "up == 1", Outcome::Undecided),
        promise("repair", "gate", "the gate passes", Outcome::NotReached),
    ];
    Report {
        tale: "dns-leak".to_owned(),
        title: "It's always DNS".to_owned(),
        teller: "Ops".to_owned(),
        stage: StageKind::Local,
        clock: Clock::Stage,
        verdict: Verdict::of(&promises),
        seconds: 20.0,
        started: "2022-05-19T09:30:00Z".to_owned(),
        seed: Some(7),
        promises,
        acts: vec![act("calm", 0.0, 8.0), act("dark", 8.0, 20.0)],
        faults: vec![Fault {
            name: "dns-error".to_owned(),
            kind: "DNSChaos".to_owned(),
            from_s: 8.0,
            to_s: None,
        }],
        alerts: vec![Alert {
            name: "MemoryGrowth".to_owned(),
            severity: None,
            pending_s: Some(10.0),
            firing_s: Some(12.0),
            resolved_s: None,
        }],
        charts: vec![chart(vec![series(
            "pod",
            &[(0.0, 9e6), (5.0, 9e6), (10.0, f64::NAN), (15.0, 12e6), (20.0, 14e6)],
        )])],
        profiles: vec![Profile {
            pod: "dns-leaker-o11y-1".to_owned(),
            at_s: 18.0,
            bytes: 1000,
            frames: vec![
                Frame { name: "all".to_owned(), depth: 0, left: 0, bytes: 1000 },
                Frame { name: "leak".to_owned(), depth: 1, left: 100, bytes: 900 },
            ],
        }],
        gates: vec![GateResult {
            act: "dark".to_owned(),
            verdict: "fail".to_owned(),
            text: "memory-growth 14 MB <= 9.9 MB FAIL\n".to_owned(),
        }],
        messages: vec![Messages {
            receiver: "dns-leaker/mail".into(),
            channel: "mail".into(),
            firing: 2,
            resolved: 1,
        }],
        budgets: vec![Budget {
            objective: "dns-leaker/memory-growth/slo".to_owned(),
            target: 0.999,
            days: 30.0,
            minutes: 43.2,
            spent_minutes: Some(12.0),
        }],
        adapted: vec![stage::Adaptation {
            object: "Deployment/dns-leaker-o11y".to_owned(),
            field: "spec.template.spec.containers[0].image".to_owned(),
            was: "tales:latest".to_owned(),
            now: "tales.local/tales:1".to_owned(),
            why: "the tag names the content".to_owned(),
        }],
        notes: vec!["NetworkPolicy shop: not applied on this stage".to_owned()],
    }
}

/// The small report with `text` in the place of every word that comes from outside.
pub(crate) fn filled_with(text: &str) -> Report {
    let mut report = small();
    let put = |place: &mut String| text.clone_into(place);
    for place in [&mut report.tale, &mut report.title, &mut report.teller, &mut report.started] {
        put(place);
    }
    for promise in &mut report.promises {
        for place in [&mut promise.act, &mut promise.kind, &mut promise.text, &mut promise.observed]
        {
            put(place);
        }
    }
    report.acts.iter_mut().for_each(|act| put(&mut act.name));
    report.alerts.iter_mut().for_each(|alert| put(&mut alert.name));
    for fault in &mut report.faults {
        put(&mut fault.name);
        put(&mut fault.kind);
    }
    for gate in &mut report.gates {
        put(&mut gate.act);
        put(&mut gate.verdict);
        put(&mut gate.text);
    }
    for profile in &mut report.profiles {
        put(&mut profile.pod);
        profile.frames.iter_mut().for_each(|frame| put(&mut frame.name));
    }
    for messages in &mut report.messages {
        put(&mut messages.receiver);
        put(&mut messages.channel);
    }
    for budget in &mut report.budgets {
        put(&mut budget.objective);
    }
    for chart in &mut report.charts {
        put(&mut chart.title);
        put(&mut chart.query);
        chart.series.iter_mut().for_each(|series| put(&mut series.label));
        chart.threshold.iter_mut().for_each(|limit| put(&mut limit.label));
    }
    report.notes.iter_mut().for_each(put);
    report
}

pub(crate) fn chart(series: Vec<Series>) -> Chart {
    Chart {
        title: "Resident memory".to_owned(),
        unit: Unit::Bytes,
        query: "process_resident_memory_bytes{app=\"dns-leaker\"}".to_owned(),
        series,
        threshold: Some(Threshold { value: 9.9e6, label: "warm + 10 %".to_owned() }),
    }
}

pub(crate) fn series(label: &str, points: &[(f64, f64)]) -> Series {
    Series { label: label.to_owned(), points: points.to_vec() }
}

pub(crate) fn act(name: &str, from_s: f64, to_s: f64) -> Act {
    Act { name: name.to_owned(), from_s, to_s }
}

pub(crate) fn promise(act: &str, kind: &str, text: &str, outcome: Outcome) -> Promise {
    Promise {
        act: act.to_owned(),
        kind: kind.to_owned(),
        text: text.to_owned(),
        within_s: Some(10.0),
        took_s: 2.5,
        outcome,
        observed: "as seen".to_owned(),
    }
}
