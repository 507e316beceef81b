//! `report.md`: the report as a note on a merge request.

use super::escape::{fenced, markdown as safe, one_line, slug};
use super::units::seconds;
use super::{Outcome, Promise, Report, Verdict, chart_file};

/// The report on one page of Markdown: what is wrong comes first.
///
/// It opens with a hidden mark that names the tale, by which a CI job finds the note it wrote
/// before.
pub fn markdown(report: &Report) -> String {
    let parts = [
        format!("<!-- tale: {} -->\n", slug(&report.tale)),
        verdict(report),
        wrong(report),
        table(report),
        charts(report),
        budgets(report),
        messages(report),
        gates(report),
        notes(report),
        format!(
            "Play it again:\n\n{}",
            fenced(&one_line(&report.again())).replacen("text\n", "sh\n", 1)
        ),
    ];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("\n")
}

fn verdict(report: &Report) -> String {
    let sign = match report.verdict {
        Verdict::Kept => "✅",
        Verdict::Broken => "❌",
        Verdict::Undecided => "⚠️",
    };
    format!(
        "## {sign} {}: {}\n\n**{}** in {}, told by {}, on the {} stage with the {} clock, started {}.\n",
        safe(&report.title),
        report.verdict.headline().to_lowercase(),
        report.score(),
        seconds(report.seconds),
        safe(&report.teller),
        report.stage,
        report.clock,
        safe(&report.started),
    )
}

/// The promises that need attention, spelled out.
fn wrong(report: &Report) -> String {
    let broken = report.with(Outcome::Broken).chain(report.with(Outcome::Undecided));
    let lines: String = broken.map(attention).collect();
    section("Look at this first", &lines)
}

/// A heading and what is under it; nothing at all if there is nothing under it.
fn section(heading: &str, body: &str) -> String {
    match body.trim_end_matches('\n') {
        "" => String::new(),
        body => format!("### {heading}\n\n{body}\n"),
    }
}

fn attention(promise: &Promise) -> String {
    format!(
        "- **{}** in *{}* — {} after {}\\\n  observed: {}\n",
        safe(&promise.text),
        safe(&promise.act),
        promise.outcome.word(),
        promise.pace(),
        safe(&promise.observed)
    )
}

fn table(report: &Report) -> String {
    if report.promises.is_empty() {
        return String::new();
    }
    let row = |promise: &Promise| {
        format!(
            "| {} {} | {} | {} | {} | {} |\n",
            promise.outcome.sign(),
            promise.outcome.word(),
            safe(&promise.act),
            safe(&promise.text),
            promise.pace(),
            safe(&promise.observed)
        )
    };
    let rows: String = report.promises.iter().map(row).collect();
    let head = "| Outcome | Act | Promise | Took | Observed |\n| --- | --- | --- | ---: | --- |\n";
    section("Promises", &format!("{head}{rows}"))
}

fn charts(report: &Report) -> String {
    let charts = report.charts.iter().enumerate();
    let links: String = charts
        .map(|(index, chart)| {
            format!("![{}]({})\n\n", safe(&chart.title), chart_file(report, index))
        })
        .collect();
    section("Charts", &links)
}

fn budgets(report: &Report) -> String {
    let row = |budget: &super::Budget| {
        let cells = budget.cells().map(|cell| safe(&cell));
        format!("| {} |\n", cells.join(" | "))
    };
    let rows: String = report.budgets.iter().map(row).collect();
    let head = "| Objective | Target | Budget | Spent |\n| --- | ---: | ---: | ---: |\n";
    match rows.as_str() {
        "" => rows,
        _ => section("Error budgets", &format!("{head}{rows}")),
    }
}

fn messages(report: &Report) -> String {
    let row = |messages: &super::Messages| {
        let cells = messages.cells().map(|cell| safe(&cell));
        format!("| {} |\n", cells.join(" | "))
    };
    let rows: String = report.messages.iter().map(row).collect();
    let head = "| Receiver | Channel | Alarms | Ends |\n| --- | --- | ---: | ---: |\n";
    match rows.as_str() {
        "" => rows,
        _ => section("Who was told", &format!("{head}{rows}")),
    }
}

fn gates(report: &Report) -> String {
    let one = |gate: &super::GateResult| {
        // Inside <summary> Markdown is off: HTML escapes hold there.
        let act = super::escape::xml(&one_line(&gate.act));
        let verdict = super::escape::xml(&one_line(&gate.verdict));
        format!(
            "<details><summary>{act}: gate says {verdict}</summary>\n\n{}\n</details>\n\n",
            fenced(&gate.text)
        )
    };
    let all: String = report.gates.iter().map(one).collect();
    section("Gates", &all)
}

fn notes(report: &Report) -> String {
    let lines = report.notes.iter().map(|note| format!("- {}\n", safe(note)));
    let lines: String = lines.collect();
    section("Notes", &lines)
}
