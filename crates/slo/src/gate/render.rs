//! A verdict in every form: for people, merge requests, CI systems and programs.

mod heat;
mod html;
mod junit;
mod machine;
mod markdown;
#[cfg(test)]
mod tests;
mod text;

pub use heat::{HeatMap, heat_map};
pub use text::Style;

use super::numbers::{percent, short};
use super::verdict::{Judgement, Verdict};
use crate::plain::plain;

/// `shop/keptn/p95`, or `shop/keptn/p95 (Response time)` if people call it that.
fn name(judgement: &Judgement) -> String {
    plain(&match &judgement.title {
        Some(title) => format!("{} ({title})", judgement.id),
        None => judgement.id.clone(),
    })
}

/// `99.95 %` or `12.3 M`: a number in the unit of the judgement.
fn number(judgement: &Judgement, value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if judgement.ratio => percent(value),
        Some(value) => short(value),
    }
}

/// `100 % covered, 300 slices`.
fn evidence(judgement: &Judgement) -> String {
    let coverage = judgement.coverage.map(|coverage| format!("{} covered", percent(coverage)));
    let unit = judgement.unit.as_deref().unwrap_or("events");
    let events = judgement.events.map(|events| format!("{events:.0} {unit}"));
    let since = judgement.since.as_deref().map(|since| format!("since {since}"));
    [coverage, events, since].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Eight heights of a bar, scaled between the least and the most; nothing without numbers.
fn sparkline(series: &[f64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    const WIDTH: usize = 40;
    let finite: Vec<f64> = series.iter().copied().filter(|value| value.is_finite()).collect();
    let least = finite.iter().copied().fold(f64::INFINITY, f64::min);
    let most = finite.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let columns = finite.len().min(WIDTH);
    (0..columns)
        .map(|column| {
            // The peak of each column: an average would hide the incident that the line is there to
            // show.
            let from = column * finite.len() / columns;
            let to = (column + 1) * finite.len() / columns;
            let peak = finite[from..to].iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let height =
                if is_flat(least, most) { 0.0 } else { (peak - least) / (most - least) * 7.0 };
            BARS[(height.round() as usize).min(7)]
        })
        .collect()
}

/// Less than a thousandth of the value is noise of scrapes and floats, and no course.
fn is_flat(least: f64, most: f64) -> bool {
    most - least <= 1e-3 * most.abs().max(least.abs())
}

/// The overall outcome as a sentence.
fn headline(verdict: &Verdict) -> String {
    let count = verdict.objectives.len();
    let objectives = if count == 1 { "objective" } else { "objectives" };
    let score = score(verdict).map(|score| format!(", {score}"));
    let score = score.unwrap_or_default();
    format!("gate: {} ({count} {objectives}, {}{score})", verdict.outcome.word(), window(verdict))
}

/// `score 75, 90 needed, 60 for a warning; the key indicator error_rate failed`; Keptn only.
fn score(verdict: &Verdict) -> Option<String> {
    let mut text = format!("score {}", short(verdict.score?));
    if let Some(needed) = &verdict.needed {
        text.push_str(&format!(", {} needed", short(needed.pass)));
        if let Some(warning) = needed.warning {
            text.push_str(&format!(", {} for a warning", short(warning)));
        }
        for key in &needed.failed_keys {
            text.push_str(&format!("; the key indicator {key} failed"));
        }
    }
    if verdict.objectives.is_empty() {
        text.push_str("; there are no objectives");
    }
    Some(plain(&text))
}

/// `last 300 s`, or `300 s until 2022-05-19T09:30:00Z`.
fn window(verdict: &Verdict) -> String {
    let seconds = format!("{} s", short(verdict.window_seconds));
    let by_calendar = verdict.objectives.iter().any(|judgement| judgement.since.is_some());
    match (verdict.until.as_deref().map(plain), by_calendar) {
        (Some(until), true) => format!("by the calendar, until {until}"),
        (None, true) => "by the calendar".to_owned(),
        (Some(until), false) => format!("{seconds} until {until}"),
        (None, false) => format!("last {seconds}"),
    }
}
