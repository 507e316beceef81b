//! What lies behind the story: gate output, alerts, faults, notes, and the command to see it again.

use super::section;
use crate::report::escape::xml;
use crate::report::units::seconds;
use crate::report::{Alert, Fault, GateResult, Report};

/// What each gate said, folded.
pub(super) fn gates(report: &Report) -> String {
    let one = |gate: &GateResult| {
        format!(
            "<details>\n<summary>{}: gate says <strong>{}</strong></summary>\n<pre tabindex=\"0\">{}</pre>\n</details>\n",
            xml(&gate.act),
            xml(&gate.verdict),
            xml(&gate.text)
        )
    };
    let all: String = report.gates.iter().map(one).collect();
    section("What the gates said", &all)
}

/// What the story cost.
pub(super) fn budgets(report: &Report) -> String {
    let rows = report.budgets.iter();
    let rows = rows.map(|budget| budget.cells().map(|cell| xml(&cell)));
    table(
        "What it cost of the error budgets",
        ["Objective", "Target", "Budget", "Spent"],
        rows.collect(),
    )
}

/// When each alert changed its state.
pub(super) fn alerts(report: &Report) -> String {
    let row = |alert: &Alert| {
        [xml(&alert.title()), time(alert.pending_s), time(alert.firing_s), time(alert.resolved_s)]
    };
    let rows = report.alerts.iter().map(row).collect();
    table("Alerts", ["Alert", "Pending", "Firing", "Resolved"], rows)
}

/// What was broken on purpose.
pub(super) fn faults(report: &Report) -> String {
    let end = |fault: &Fault| match fault.to_s {
        Some(at) => seconds(at),
        None => "lasted to the end".to_owned(),
    };
    let row =
        |fault: &Fault| [xml(&fault.name), xml(&fault.kind), seconds(fault.from_s), end(fault)];
    let rows = report.faults.iter().map(row).collect();
    table("Faults", ["Experiment", "Kind", "Injected", "Recovered"], rows)
}

/// Who was told, and how often.
pub(super) fn messages(report: &Report) -> String {
    let rows = report.messages.iter();
    let rows = rows.map(|messages| messages.cells().map(|cell| xml(&cell)));
    table("Who was told", ["Receiver", "Channel", "Alarms", "Ends"], rows.collect())
}

pub(super) fn notes(report: &Report) -> String {
    let notes: String =
        report.notes.iter().map(|note| format!("<li>{}</li>\n", xml(note))).collect();
    match notes.is_empty() {
        true => notes,
        false => section("Notes", &format!("<ul class=\"notes\">\n{notes}</ul>\n")),
    }
}

/// The command that plays the same again.
pub(super) fn again(report: &Report) -> String {
    section(
        "See it again",
        &format!(
            "<pre class=\"again\" tabindex=\"0\"><code>{}</code></pre>\n",
            xml(&report.again())
        ),
    )
}

fn time(at: Option<f64>) -> String {
    at.map_or_else(|| "–".to_owned(), seconds)
}

/// A table of cells that are escaped already.
fn table(heading: &str, head: [&str; 4], rows: Vec<[String; 4]>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let head: String = head.iter().map(|name| format!("<th scope=\"col\">{name}</th>")).collect();
    let row = |cells: &[String; 4]| {
        let cells: String = cells.iter().map(|cell| format!("<td>{cell}</td>")).collect();
        format!("<tr>{cells}</tr>\n")
    };
    let rows: String = rows.iter().map(row).collect();
    section(
        heading,
        &format!(
            "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"table: {heading}\">\n<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n"
        ),
    )
}
