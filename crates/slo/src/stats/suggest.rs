//! Which objective does the history support? A backtest and a block bootstrap, and a proposal that
//! can be committed.
//!
//! History is not need: a service that was up for 99.99 % does not have to be. The proposal says so
//! itself.

mod document;
mod windows;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::compile::windows::{Urgency, pairs};
use crate::decimal::Decimal;
use crate::period::Period;
use crate::wilson::events_to_prove;
use document::document;
use windows::{backtest, bootstrap, ratio};

/// One slice of history.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slice {
    /// What happened in it; `None` if nobody knows, which is neither good nor bad, and no history.
    pub events: Option<Events>,
    /// Inside a declared experiment: shown, and left out of the proposal.
    pub excluded: bool,
}

/// Events of a slice; both zero if there was no traffic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Events {
    /// Good events; at most `total`.
    pub good: f64,
    /// All events.
    pub total: f64,
}

/// Slices of equal length, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// Length of a slice.
    pub slice: Period,
    /// The slices.
    pub slices: Vec<Slice>,
}

/// What the proposal is to be made for.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// Name of the service, an RFC 1123 label.
    pub service: String,
    /// Name of the SLO, an RFC 1123 label.
    pub name: String,
    /// PromQL of good or of bad events; counters without a range, or with `{{.window}}`.
    pub counted: Counted,
    /// PromQL of all events.
    pub total: String,
    /// True if both are counters.
    pub counter: bool,
    /// Period of the SLO.
    pub window: Period,
    /// Where the history is from, for the evidence, e.g. its first and last day.
    pub source: String,
    /// Seed of the bootstrap: the same history and seed give the same proposal.
    pub seed: u64,
}

/// What is counted beside all events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counted {
    /// Good events.
    Good(String),
    /// Bad events.
    Bad(String),
}

/// A target, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Suggestion {
    /// Proposed ratio of good events.
    #[serde(serialize_with = "as_text")]
    pub target: Decimal,
    /// Ratio of the whole history without experiments.
    pub observed: f64,
    /// The same with experiments.
    pub observed_with_experiments: f64,
    /// Worst ratio of any window of the history.
    pub worst_window: f64,
    /// Windows in the backtest.
    pub windows: usize,
    /// Share of them that would have met the target.
    pub windows_met: f64,
    /// 90 % confidence interval of a window's ratio (block bootstrap).
    pub interval: (f64, f64),
    /// Events in an average window.
    pub events_per_window: f64,
    /// Slices that were left out, because they lie in an experiment.
    pub excluded: usize,
    /// Slices between the first and the last event that have no data.
    pub without_data: usize,
    /// Name of the service.
    pub service: String,
    /// Name of the SLO.
    pub name: String,
    /// The OpenSLO document of the SLO with the evidence in annotations; its Service is missing,
    /// see [`openslo_stream`].
    #[serde(skip)]
    pub document: String,
}

fn as_text<S: serde::Serializer>(decimal: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(decimal)
}

/// Why nothing is proposed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// A backtest of one window is an anecdote.
    #[error(
        "the history is {found:.1} windows long, 1.5 are needed; collect more, look further back or ask for a shorter window"
    )]
    TooShort {
        /// Time with data, in windows.
        found: f64,
    },
    /// Not even the loosest target could be proven.
    #[error(
        "there are {found:.0} events in a window, {needed:.0} are needed to prove 90 %; use Timeslices or a longer window"
    )]
    TooFewEvents {
        /// Events in an average window.
        found: f64,
        /// Events that prove the loosest target.
        needed: f64,
    },
    /// Below 90 % an objective describes an outage.
    #[error(
        "a window may be as bad as {low:.4}, below the loosest target 0.9; repair the service first"
    )]
    TooBad {
        /// Lower end of the confidence interval.
        low: f64,
    },
    /// Targets are kept that no alert could page for: in a long window, even the fastest burn rate
    /// is more than all errors.
    #[error(
        "{target} is kept, but nothing can page for it in a window of {window}: the fastest alert would need more errors than \
         there are events; ask for a shorter window"
    )]
    CannotPage {
        /// The tightest target that history and traffic support.
        target: Decimal,
        /// Period that was asked for.
        window: Period,
    },
    /// Good above total, negative or not finite.
    #[error("slice {index} has impossible counts; check the queries")]
    Impossible {
        /// Number of the slice, from 0.
        index: usize,
    },
}

/// The targets that people use, the tightest first.
const TARGETS: [&str; 7] = ["0.9999", "0.9995", "0.999", "0.995", "0.99", "0.95", "0.9"];
const RESAMPLES: usize = 1000;

/// Proposes the tightest usual target that the history supports, that the traffic can prove and
/// that an alert can page for.
///
/// # Errors
/// See [`Refusal`]: short histories, little traffic and bad services get no proposal.
pub fn suggest(history: &History, ask: &Ask) -> Result<Suggestion, Refusal> {
    let impossible = |slice: &Slice| {
        slice.events.is_some_and(|events| {
            !(events.good >= 0.0 && events.good <= events.total && events.total.is_finite())
        })
    };
    if let Some(index) = history.slices.iter().position(impossible) {
        return Err(Refusal::Impossible { index });
    }
    // Time before the first event and after the last one is no history.
    let happened = |slice: &Slice| slice.events.is_some_and(|events| events.total > 0.0);
    let from = history.slices.iter().position(happened).unwrap_or(0);
    let to = history.slices.iter().rposition(happened);
    let slices = &history.slices[from..to.map_or(0, |last| last + 1)];
    let all: Vec<Events> = slices.iter().filter_map(|slice| slice.events).collect();
    let clean: Vec<Events> =
        slices.iter().filter(|slice| !slice.excluded).filter_map(|slice| slice.events).collect();
    let window = (ask.window.ratio(history.slice).round() as usize).max(1);
    let length = clean.len() as f64 / window as f64;
    if length < 1.5 {
        return Err(Refusal::TooShort { found: length });
    }
    let events = clean.iter().map(|slice| slice.total).sum::<f64>() / length;
    let too_few = Refusal::TooFewEvents { found: events, needed: events_to_prove(0.9) };
    if events < events_to_prove(0.9) {
        return Err(too_few);
    }
    let backtest = backtest(&clean, window);
    let interval = bootstrap(&clean, window, history.slice, ask.seed).ok_or(too_few)?;
    let target = target(interval.0, events, ask.window)?;
    let met = backtest.iter().filter(|ratio| **ratio >= target.to_f64()).count();
    let mut suggestion = Suggestion {
        target,
        observed: ratio(&clean).unwrap_or(1.0),
        observed_with_experiments: ratio(&all).unwrap_or(1.0),
        worst_window: backtest.iter().copied().fold(1.0, f64::min),
        windows: backtest.len(),
        windows_met: met as f64 / backtest.len().max(1) as f64,
        interval,
        events_per_window: events,
        excluded: all.len() - clean.len(),
        without_data: slices.len() - all.len(),
        service: ask.service.clone(),
        name: ask.name.clone(),
        document: String::new(),
    };
    suggestion.document = document(ask, &suggestion);
    Ok(suggestion)
}

/// The tightest usual target up to `low` that so many events in a window can prove and that can
/// page.
fn target(low: f64, events: f64, window: Period) -> Result<Decimal, Refusal> {
    let targets = TARGETS.iter().filter_map(|text| text.parse().ok());
    let kept: Vec<Decimal> = targets
        .filter(|target: &Decimal| {
            target.to_f64() <= low && events >= events_to_prove(target.to_f64())
        })
        .collect();
    let tightest = *kept.first().ok_or(Refusal::TooBad { low })?;
    kept.into_iter()
        .find(|target| can_page(*target, window))
        .ok_or(Refusal::CannotPage { target: tightest, window })
}

/// Is there a page that this target can trigger? Periods without alerts need none.
fn can_page(target: Decimal, window: Period) -> bool {
    let pages: Vec<_> =
        pairs(window).into_iter().filter(|pair| pair.urgency == Urgency::Page).collect();
    let reachable = |factor: f64| factor * target.one_minus().to_f64() < 1.0;
    pages.is_empty() || pages.iter().any(|pair| reachable(pair.factor.to_f64()))
}

/// All that is proposed as one OpenSLO stream, every Service once. `Catalogue::load` takes it.
pub fn openslo_stream(suggestions: &[Suggestion]) -> String {
    let services: BTreeSet<&str> = suggestions.iter().map(|one| one.service.as_str()).collect();
    let services = services.into_iter().map(|name| {
        format!("apiVersion: openslo/v1\nkind: Service\nmetadata:\n  name: {name}\nspec: {{}}\n")
    });
    let documents: Vec<String> =
        services.chain(suggestions.iter().map(|one| one.document.clone())).collect();
    documents.join("---\n")
}

#[cfg(test)]
mod tests;
