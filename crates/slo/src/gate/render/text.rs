//! Aligned lines for a terminal.

use super::{evidence, headline, name, number, sparkline};
use crate::gate::verdict::{Judgement, Outcome, Verdict};
use crate::plain::plain;

/// With or without colour codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// Text only: pipes, files, CI logs.
    #[default]
    Plain,
    /// ANSI colours for the outcome.
    Colour,
}

impl Verdict {
    /// One block per objective, the worst first, and the verdict as last line.
    pub fn to_text(&self, style: Style) -> String {
        let judgements = self.worst_first();
        let width = |of: fn(&Judgement) -> String| {
            judgements.iter().map(|judgement| of(judgement).chars().count()).max().unwrap_or(0)
        };
        let id_width = width(name);
        let observed_width = width(|judgement| number(judgement, judgement.observed));
        let mut text = String::new();
        for judgement in &judgements {
            let word = format!("{:<12}", judgement.outcome.word());
            text.push_str(&format!(
                "{} {:<id_width$}  {:>observed_width$}  {}\n",
                paint(&word, judgement.outcome, style),
                name(judgement),
                number(judgement, judgement.observed),
                evidence(judgement)
            ));
            let line = sparkline(&judgement.series);
            let indent = " ".repeat(13);
            text.push_str(format!("{indent}{}\n", plain(&judgement.reason)).trim_end());
            text.push('\n');
            if !line.is_empty() {
                text.push_str(&format!("{indent}{line}\n"));
            }
        }
        text.push_str(&paint(&headline(self), self.outcome, style));
        text.push('\n');
        trim_lines(&text)
    }
}

fn paint(text: &str, outcome: Outcome, style: Style) -> String {
    let code = match outcome {
        Outcome::Info => 0,
        Outcome::Pass => 32,
        Outcome::Warning | Outcome::Inconclusive => 33,
        Outcome::Fail => 31,
    };
    match style {
        Style::Plain => text.to_owned(),
        Style::Colour => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
    }
}

fn trim_lines(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
