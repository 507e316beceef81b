//! `report.html`: the report for the room, one page that needs nothing else.
//!
//! The page is well-formed XML as well as HTML, has no scripts and loads nothing. The verdict comes
//! first, then the story act by act (`story.rs`), the charts, and what lies behind them
//! (`details.rs`). Looks are in `page.css`.

mod details;
mod story;

use super::escape::xml;
use super::units::seconds;
use super::{Chart, Outcome, Promise, Report, Verdict, svg};

/// The report as one HTML page.
pub fn html(report: &Report) -> String {
    let parts = [
        banner(report),
        "<main>\n".to_owned(),
        story::story(report),
        charts(report),
        details::budgets(report),
        details::gates(report),
        details::alerts(report),
        details::faults(report),
        details::notes(report),
        details::again(report),
        "</main>\n".to_owned(),
    ];
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>{}: {}</title>\n<style>\n{}</style>\n</head>\n<body class=\"{}\">\n{}</body>\n</html>\n",
        xml(&report.title),
        report.verdict.headline().to_lowercase(),
        include_str!("html/page.css"),
        report.verdict.word(),
        parts.concat()
    )
}

/// The verdict, large enough for the last row.
fn banner(report: &Report) -> String {
    let facts = [
        report.score(),
        seconds(report.seconds),
        format!("{} stage", report.stage),
        format!("{} clock", report.clock),
        report.started.clone(),
    ];
    let facts: String = facts.iter().map(|fact| format!("<li>{}</li>", xml(fact))).collect();
    format!(
        "<header>\n<p class=\"teller\">The {} tale: {}</p>\n<h1>{}</h1>\n<p class=\"verdict\"><span class=\"sign\" aria-hidden=\"true\">{}</span> {}</p>\n{}<ul class=\"facts\">{facts}</ul>\n</header>\n",
        xml(&report.teller),
        xml(&report.tale),
        xml(&report.title),
        sign(report),
        report.verdict.headline(),
        first(report),
    )
}

/// The promise to look at, if one went wrong: everything after it may be a consequence.
fn first(report: &Report) -> String {
    let wrong = report.with(Outcome::Broken).chain(report.with(Outcome::Undecided));
    let line = |promise: &Promise| {
        format!(
            "<p class=\"first\"><strong>{}</strong> in <em>{}</em>: {}</p>\n",
            xml(&promise.text),
            xml(&promise.act),
            xml(&promise.observed)
        )
    };
    wrong.take(1).map(line).collect()
}

fn sign(report: &Report) -> &'static str {
    match report.verdict {
        Verdict::Kept => Outcome::Kept.sign(),
        Verdict::Broken => Outcome::Broken.sign(),
        Verdict::Undecided => Outcome::Undecided.sign(),
    }
}

fn charts(report: &Report) -> String {
    let figure = |chart: &Chart| {
        let query = xml(&chart.query);
        format!(
            "<figure>\n{}<figcaption><code>{query}</code></figcaption>\n</figure>\n",
            svg(report, chart)
        )
    };
    let figures: String = report.charts.iter().map(figure).collect();
    section("What the metrics did", &figures)
}

/// A heading and what is under it; nothing at all if there is nothing under it.
fn section(heading: &str, body: &str) -> String {
    match body {
        "" => String::new(),
        body => format!("<section>\n<h2>{heading}</h2>\n{body}</section>\n"),
    }
}
