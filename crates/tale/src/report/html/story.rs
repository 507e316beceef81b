//! The story on one page: each act with what happened in it and what it promised.

use super::section;
use crate::report::escape::xml;
use crate::report::units::seconds;
use crate::report::{Outcome, Promise, Report};

/// All acts, those that were never reached included.
pub(super) fn story(report: &Report) -> String {
    let names = report.act_names();
    let acts: String = names.iter().map(|name| act(report, name)).collect();
    match acts.is_empty() {
        true => acts,
        false => section("The story", &format!("<ol class=\"acts\">\n{acts}</ol>\n")),
    }
}

fn act(report: &Report, name: &str) -> String {
    let promises = report.promises.iter().filter(|promise| promise.act == name);
    let promises: String = promises.map(promise).collect();
    let times = report.acts.iter().filter(|act| act.name == name);
    let times: Vec<String> =
        times.map(|act| format!("{} to {}", seconds(act.from_s), seconds(act.to_s))).collect();
    let (class, when) = match times.is_empty() {
        true => ("unplayed", "not reached".to_owned()),
        false => ("played", times.join(", ")),
    };
    let list = |class: &str, items: String| match items.is_empty() {
        true => items,
        false => format!("<ul class=\"{class}\">\n{items}</ul>\n"),
    };
    format!(
        "<li class=\"{class}\">\n<h3>{} <span class=\"when\">{when}</span></h3>\n{}{}</li>\n",
        xml(name),
        list("events", events(report, name)),
        list("promises", promises),
    )
}

/// What was broken, repaired, fired and resolved during an act, in order.
fn events(report: &Report, name: &str) -> String {
    let last = report.acts.last().map(|act| act.to_s);
    let during = |at: f64| {
        let mut times = report.acts.iter().filter(|act| act.name == name);
        // The end belongs to the next act, unless there is none.
        times.any(|act| {
            act.from_s <= at && (at < act.to_s || Some(at) == last.filter(|last| *last == act.to_s))
        })
    };
    let mut events: Vec<(f64, &str, String)> = Vec::new();
    for fault in &report.faults {
        let named = format!("{} {}", fault.kind, fault.name);
        events.push((fault.from_s, "fault", format!("{named} injected")));
        events.extend(fault.to_s.map(|at| (at, "recovered", format!("{named} recovered"))));
    }
    for alert in &report.alerts {
        let states = [
            (alert.pending_s, "pending"),
            (alert.firing_s, "firing"),
            (alert.resolved_s, "resolved"),
        ];
        let seen = states.into_iter().filter_map(|(at, state)| Some((at?, state)));
        events.extend(seen.map(|(at, state)| (at, state, format!("{} {state}", alert.title()))));
    }
    events.retain(|event| during(event.0));
    events.sort_by(|one, other| one.0.total_cmp(&other.0));
    let line = |(at, class, text): &(f64, &str, String)| {
        format!(
            "<li class=\"{class}\"><span class=\"at\">{}</span> {}</li>\n",
            seconds(*at),
            xml(text)
        )
    };
    events.iter().map(line).collect()
}

fn promise(promise: &Promise) -> String {
    let observed = match promise.observed.is_empty() {
        true => String::new(),
        false => format!("<span class=\"observed\">{}</span>", xml(&promise.observed)),
    };
    format!(
        "<li class=\"{class}\">\n<span class=\"sign\" role=\"img\" aria-label=\"{word}\">{sign}</span>\n<div class=\"text\"><span class=\"kind\">{kind}</span> <span class=\"what\">{text}</span>{observed}</div>\n<div class=\"pace\">{pace}{bar}</div>\n</li>\n",
        class = promise.outcome.word().replace(' ', "-"),
        word = promise.outcome.word(),
        sign = promise.outcome.sign(),
        kind = xml(&promise.kind),
        text = xml(&promise.text),
        pace = promise.pace(),
        bar = bar(promise),
    )
}

/// How much of the allowed time was used.
fn bar(promise: &Promise) -> String {
    let share = match promise.within_s {
        Some(within) if within > 0.0 && promise.outcome != Outcome::NotReached => {
            promise.took_s / within
        }
        _ => return String::new(),
    };
    let percent = match share.is_finite() {
        true => (share * 100.0).clamp(0.0, 100.0),
        false => 100.0,
    };
    format!(
        "<span class=\"bar\" aria-hidden=\"true\"><span style=\"width:{percent:.0}%\"></span></span>"
    )
}
