//! `report.html`: the report for the room, one page that needs nothing else.
//!
//! The page is well-formed XML as well as HTML, has no scripts and loads nothing. The verdict comes
//! first, beside the chart that shows it, then the story act by act (`story.rs`), the other charts,
//! and what lies behind them (`details.rs`). Looks are in `page.css`.

mod details;
mod story;

use super::escape::xml;
use super::flame::flame;
use super::svg::hero;
use super::units::seconds;
use super::{Chart, Outcome, Profile, Report, Verdict, svg};

/// The report as one HTML page.
pub fn html(report: &Report) -> String {
    let parts = [
        banner(report),
        "<main>\n".to_owned(),
        story::story(report),
        charts(report),
        profiles(report),
        details::budgets(report),
        details::gates(report),
        details::alerts(report),
        details::faults(report),
        details::messages(report),
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

/// What the first screen has to say: the verdict, large enough for the last row, the promise that
/// decided, and beside them the chart that shows it.
fn banner(report: &Report) -> String {
    let facts = [
        report.score(),
        seconds(report.seconds),
        format!("{} stage", report.stage),
        format!("{} clock", report.clock),
        report.started.clone(),
    ];
    let facts: String = facts.iter().map(|fact| format!("<li>{}</li>", xml(fact))).collect();
    let hero = report.charts.first().map(|chart| scroller(&chart.title, &hero(report, chart)));
    let hero = hero.map(|hero| format!("<figure class=\"hero\">\n{hero}</figure>\n"));
    format!(
        "<header>\n<div class=\"told\">\n<p class=\"teller\">The {} tale: {}</p>\n<h1>{}</h1>\n<p class=\"verdict\"><span class=\"sign\" aria-hidden=\"true\">{}</span> {}</p>\n{}<ul class=\"facts\">{facts}</ul>\n</div>\n{}</header>\n",
        xml(&report.teller),
        xml(&report.tale),
        xml(&report.title),
        sign(report),
        report.verdict.headline(),
        decided(report),
        hero.unwrap_or_default(),
    )
}

/// The promise that decided: the first that went wrong, as everything after it may be a
/// consequence; or the last one, without which all was nothing yet.
fn decided(report: &Report) -> String {
    let wrong = report.with(Outcome::Broken).chain(report.with(Outcome::Undecided)).next();
    let last = report.with(Outcome::Kept).last();
    let (word, promise) = match (wrong, report.verdict) {
        (Some(wrong), _) => ("Decided by", wrong),
        (None, Verdict::Kept) => match last {
            Some(last) => ("The last promise", last),
            None => return String::new(),
        },
        (None, _) => return String::new(),
    };
    let observed = match promise.observed.as_str() {
        "" => String::new(),
        observed => format!(": {}", xml(observed)),
    };
    format!(
        "<p class=\"decided\"><span class=\"label\">{word}</span> <strong>{} {}</strong>{observed}<br/><span class=\"label\">in the act</span> {}</p>\n",
        promise.outcome.sign(),
        xml(&promise.text),
        xml(&promise.act),
    )
}

/// What may be wider than a telephone, to be moved with a finger or a key.
fn scroller(name: &str, inside: &str) -> String {
    format!(
        "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"{}\">\n{inside}</div>\n",
        xml(&format!("picture: {name}"))
    )
}

fn sign(report: &Report) -> &'static str {
    match report.verdict {
        Verdict::Kept => Outcome::Kept.sign(),
        Verdict::Broken => Outcome::Broken.sign(),
        Verdict::Undecided => Outcome::Undecided.sign(),
    }
}

/// The other charts, and what the first one is made of.
fn charts(report: &Report) -> String {
    let mut charts = report.charts.iter();
    let first = charts.next().map(|chart| {
        let (title, query) = (xml(&chart.title), xml(&chart.query));
        format!("<p class=\"made-of\">{title}, at the top: <code>{query}</code></p>\n")
    });
    let figure = |chart: &Chart| {
        let (picture, query) = (svg(report, chart), xml(&chart.query));
        format!(
            "<figure>\n{}<figcaption><code>{query}</code></figcaption>\n</figure>\n",
            scroller(&chart.title, &picture)
        )
    };
    let figures: String = charts.map(figure).collect();
    let all = match figures.is_empty() {
        true => String::new(),
        false => format!("<div class=\"charts\">\n{figures}</div>\n"),
    };
    section("What the metrics did", &(all + &first.unwrap_or_default()))
}

/// Who held the memory.
fn profiles(report: &Report) -> String {
    let figure = |profile: &Profile| {
        format!(
            "<figure>\n{}<figcaption>The heap of {}, as its own allocator saw it: callers above, what they called below; the wider, the more bytes.</figcaption>\n</figure>\n",
            scroller(&format!("the heap of {}", profile.pod), &flame(profile)),
            xml(&profile.pod)
        )
    };
    let figures: String = report.profiles.iter().map(figure).collect();
    section("Who holds the memory", &figures)
}

/// A heading and what is under it; nothing at all if there is nothing under it.
fn section(heading: &str, body: &str) -> String {
    match body {
        "" => String::new(),
        body => format!("<section>\n<h2>{heading}</h2>\n{body}</section>\n"),
    }
}
