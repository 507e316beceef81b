//! One page for a merge request, the failing objective first.

use super::{evidence, name, number, score, sparkline, window};
use crate::gate::verdict::{Judgement, Outcome, Verdict};
use crate::plain::plain;

/// Finds the note of an earlier run, so that it can be updated instead of repeated.
const MARKER: &str = "<!-- tales: gate -->";

impl Verdict {
    /// Markdown that GitLab and GitHub show alike; starts with an invisible marker to find the note
    /// again.
    pub fn to_markdown(&self) -> String {
        let mut text =
            format!("{MARKER}\n## {} Gate: {}\n\n", sign(self.outcome), self.outcome.word());
        let judgements = self.worst_first();
        if let Some(worst) = judgements.first().filter(|worst| worst.outcome > Outcome::Pass) {
            text.push_str(&format!("**{}**: {}\n\n", escape(&name(worst)), escape(&worst.reason)));
            let line = sparkline(&worst.series);
            if !line.is_empty() {
                text.push_str(&format!("`{line}`\n\n"));
            }
        }
        if let Some(score) = score(self) {
            text.push_str(&format!("Total {}.\n\n", escape(&score)));
        }
        text.push_str("| | objective | observed | wanted | evidence | |\n| --- | --- | ---: | ---: | --- | --- |\n");
        for judgement in judgements {
            text.push_str(&row(judgement));
        }
        text.push_str(&format!("\nWindow: {}.\n", window(self)));
        text
    }

    /// For `$GITHUB_STEP_SUMMARY`: the page, cut below GitHub's limit of one mebibyte.
    pub fn to_github_summary(&self) -> String {
        const LIMIT: usize = 1000 * 1024;
        let mut text = self.to_markdown();
        if text.len() > LIMIT {
            let end = text.as_bytes()[..LIMIT].iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
            text.truncate(end);
            text.push_str("\n\nCut: there are more objectives than GitHub shows.\n");
        }
        text
    }
}

fn row(judgement: &Judgement) -> String {
    format!(
        "| {} | {} | {} | {} | {} | {} |\n",
        sign(judgement.outcome),
        escape(&name(judgement)),
        number(judgement, judgement.observed),
        number(judgement, judgement.target),
        evidence(judgement),
        sparkline(&judgement.series)
    )
}

pub(super) fn sign(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Info => "ℹ️",
        Outcome::Pass => "✅",
        Outcome::Warning => "⚠️",
        Outcome::Inconclusive => "❔",
        Outcome::Fail => "❌",
    }
}

/// Text inside a table cell: no markup, no new lines.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' => escaped.extend(['\\', c]),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\n' | '\r' => escaped.push(' '),
            '#' | '@' | '!' | '~' | '$' | '&' => escaped.push_str(&format!("&#{};", u32::from(c))),
            c => escaped.push_str(&plain(c.encode_utf8(&mut [0; 4]))),
        }
    }
    escaped
}
