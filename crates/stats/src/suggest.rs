//! Which objective does the history support? A backtest and a block bootstrap, and a proposal that
//! can be committed.
//!
//! History is not need: a service that was up for 99.99 % does not have to be. The proposal says so
//! itself.

mod document;
mod refusal;
mod target;
mod text;
mod windows;

pub use refusal::Refusal;

use std::collections::BTreeSet;

use serde::Serialize;
use slo::wilson::events_to_prove;
use slo::{Decimal, Period};

use document::document;
use target::tightest;
use windows::{backtest, bootstrap, ratio};

/// One slice of history.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slice {
    /// What happened in it; `None` without data, which is neither good nor bad and does not count.
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

/// The SLO that a target is proposed for.
#[derive(Debug, Clone, PartialEq)]
pub struct SuggestRequest {
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

/// Windows that are put together from random blocks.
const RESAMPLES: usize = 1000;

/// Proposes the tightest usual target that the history supports, that the traffic can prove and
/// that an alert can page for.
///
/// # Errors
/// See [`Refusal`]: short histories, little traffic and bad services get no proposal.
pub fn suggest(history: &History, request: &SuggestRequest) -> Result<Suggestion, Refusal> {
    let impossible = |slice: &Slice| {
        slice.events.is_some_and(|events| {
            !(events.good >= 0.0 && events.good <= events.total && events.total.is_finite())
        })
    };
    if let Some(index) = history.slices.iter().position(impossible) {
        return Err(Refusal::Impossible { index });
    }
    // Time before the first event and after the last one does not count.
    let happened = |slice: &Slice| slice.events.is_some_and(|events| events.total > 0.0);
    let from = history.slices.iter().position(happened).unwrap_or(0);
    let to = history.slices.iter().rposition(happened);
    let slices = &history.slices[from..to.map_or(0, |last| last + 1)];
    let all: Vec<Events> = slices.iter().filter_map(|slice| slice.events).collect();
    let clean: Vec<Events> =
        slices.iter().filter(|slice| !slice.excluded).filter_map(|slice| slice.events).collect();
    let window = (request.window.ratio(history.slice).round() as usize).max(1);
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
    let interval = bootstrap(&clean, window, history.slice, request.seed).ok_or(too_few)?;
    let target = tightest(interval.0, events, request.window)?;
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
        service: request.service.clone(),
        name: request.name.clone(),
        document: String::new(),
    };
    suggestion.document = document(request, &suggestion);
    Ok(suggestion)
}

/// All proposals as one OpenSLO stream, every Service once. `Catalogue::load` takes it.
pub fn openslo_stream(suggestions: &[Suggestion]) -> String {
    let services: BTreeSet<&str> = suggestions.iter().map(|found| found.service.as_str()).collect();
    let services = services.into_iter().map(|name| {
        format!("apiVersion: openslo/v1\nkind: Service\nmetadata:\n  name: {name}\nspec: {{}}\n")
    });
    let documents: Vec<String> =
        services.chain(suggestions.iter().map(|found| found.document.clone())).collect();
    documents.join("---\n")
}

#[cfg(test)]
mod tests;
