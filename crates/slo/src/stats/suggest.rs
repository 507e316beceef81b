//! Which objective does the history support? A backtest and a block bootstrap, and a proposal that can be committed.
//!
//! History is not need: a service that was up for 99.99 % does not have to be. The proposal says so itself.

use std::collections::BTreeSet;

use rand::{Rng, SeedableRng, rngs::StdRng};
use serde::Serialize;

use super::events_to_prove;
use crate::compile::windows::{Urgency, pairs};
use crate::decimal::Decimal;
use crate::span::Span;

/// Events of one slice of history.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slice {
    /// Good events; at most `total`.
    pub good: f64,
    /// All events.
    pub total: f64,
    /// Inside a declared experiment: shown, and left out of the proposal.
    pub excluded: bool,
}

/// Slices of equal length, oldest first; a slice without data has a total of zero.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// Length of a slice.
    pub slice: Span,
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
    pub window: Span,
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
    /// Name of the service.
    pub service: String,
    /// Name of the SLO.
    pub name: String,
    /// The OpenSLO document of the SLO with the evidence in annotations; its Service is missing, see [`openslo_stream`].
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
        "the history is {found:.1} windows long, 1.5 are needed; collect more or ask for a shorter window"
    )]
    TooShort {
        /// Length of the history in windows.
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

/// Proposes the tightest usual target that the history supports, that the traffic can prove and that an alert can page
/// for.
///
/// # Errors
/// See [`Refusal`]: short histories, little traffic and bad services get no proposal.
pub fn suggest(history: &History, ask: &Ask) -> Result<Suggestion, Refusal> {
    let impossible = |slice: &Slice| {
        !(slice.good >= 0.0 && slice.good <= slice.total && slice.total.is_finite())
    };
    if let Some(index) = history.slices.iter().position(impossible) {
        return Err(Refusal::Impossible { index });
    }
    // Time before the first event and after the last one is no history.
    let has_events = |slice: &Slice| slice.total > 0.0;
    let from = history.slices.iter().position(has_events).unwrap_or(0);
    let to = history
        .slices
        .iter()
        .rposition(has_events)
        .map_or(0, |last| last + 1);
    let all = &history.slices[from..to];
    let clean: Vec<Slice> = all
        .iter()
        .filter(|slice| !slice.excluded)
        .copied()
        .collect();
    let window = (ask.window.ratio(history.slice).round() as usize).max(1);
    let length = clean.len() as f64 / window as f64;
    if length < 1.5 {
        return Err(Refusal::TooShort { found: length });
    }
    let events: f64 = clean.iter().map(|slice| slice.total).sum::<f64>() / length;
    let needed = events_to_prove(0.9);
    if events < needed {
        return Err(Refusal::TooFewEvents {
            found: events,
            needed,
        });
    }
    let backtest = backtest(&clean, window);
    let interval = bootstrap(&clean, window, history.slice, ask.seed);
    let target = TARGETS
        .iter()
        .filter_map(|text| text.parse::<Decimal>().ok())
        .find(|target| {
            let ratio = target.to_f64();
            ratio <= interval.0 && events >= events_to_prove(ratio) && can_page(*target, ask.window)
        })
        .ok_or(Refusal::TooBad { low: interval.0 })?;
    let met = backtest
        .iter()
        .filter(|ratio| **ratio >= target.to_f64())
        .count();
    let mut suggestion = Suggestion {
        target,
        observed: ratio(&clean),
        observed_with_experiments: ratio(all),
        worst_window: backtest.iter().copied().fold(1.0, f64::min),
        windows: backtest.len(),
        windows_met: met as f64 / backtest.len().max(1) as f64,
        interval,
        events_per_window: events,
        excluded: all.len() - clean.len(),
        service: ask.service.clone(),
        name: ask.name.clone(),
        document: String::new(),
    };
    suggestion.document = document(ask, &suggestion);
    Ok(suggestion)
}

/// Is there a page that this target can trigger? Periods without alerts need none.
fn can_page(target: Decimal, window: Span) -> bool {
    let pages: Vec<_> = pairs(window)
        .into_iter()
        .filter(|pair| pair.urgency == Urgency::Page)
        .collect();
    let reachable = |factor: f64| factor * target.one_minus().to_f64() < 1.0;
    pages.is_empty() || pages.iter().any(|pair| reachable(pair.factor.to_f64()))
}

/// Good by total; no traffic is no failure.
fn ratio<'a>(slices: impl IntoIterator<Item = &'a Slice>) -> f64 {
    let (good, total) = slices.into_iter().fold((0.0, 0.0), |(good, total), slice| {
        (good + slice.good, total + slice.total)
    });
    if total > 0.0 { good / total } else { 1.0 }
}

/// The ratio of every window of the history, a twentieth of a window apart.
fn backtest(slices: &[Slice], window: usize) -> Vec<f64> {
    let stride = (window / 20).max(1);
    slices.windows(window).step_by(stride).map(ratio).collect()
}

/// 5th and 95th percentile of the ratio of windows put together from random blocks. Whole blocks, because bad slices
/// come in runs: drawing slices one by one would make the future look smoother than the past.
fn bootstrap(slices: &[Slice], window: usize, slice: Span, seed: u64) -> (f64, f64) {
    let day = Span::days(1).ratio(slice).round() as usize;
    let block = day.min(window / 4).clamp(1, slices.len());
    let mut rng = StdRng::seed_from_u64(seed);
    let mut ratios: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let blocks = window.div_ceil(block);
            ratio((0..blocks).flat_map(|_| {
                let from = rng.random_range(0..=slices.len() - block);
                &slices[from..from + block]
            }))
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    (
        ratios[RESAMPLES / 20],
        ratios[RESAMPLES - 1 - RESAMPLES / 20],
    )
}

/// All that is proposed as one OpenSLO stream, every Service once. `Catalogue::load` takes it.
pub fn openslo_stream(suggestions: &[Suggestion]) -> String {
    let services: BTreeSet<&str> = suggestions.iter().map(|one| one.service.as_str()).collect();
    let services = services.into_iter().map(|name| {
        format!("apiVersion: openslo/v1\nkind: Service\nmetadata:\n  name: {name}\nspec: {{}}\n")
    });
    let documents: Vec<String> = services
        .chain(suggestions.iter().map(|one| one.document.clone()))
        .collect();
    documents.join("---\n")
}

fn document(ask: &Ask, found: &Suggestion) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let evidence = format!(
        "observed {:.6}, with experiments {:.6}; worst of {} windows {:.6}; {:.1} % of windows met the target; 90 % \
         interval of a window [{:.6}, {:.6}]; {:.0} events a window; {} slices with experiments left out",
        found.observed,
        found.observed_with_experiments,
        found.windows,
        found.worst_window,
        found.windows_met * 100.0,
        found.interval.0,
        found.interval.1,
        found.events_per_window,
        found.excluded
    );
    let (part, query) = match &ask.counted {
        Counted::Good(query) => ("good", query),
        Counted::Bad(query) => ("bad", query),
    };
    let source = |query: &str| {
        format!(
            "\n          metricSource:\n            type: Prometheus\n            spec:\n              query: {}\n",
            quoted(query)
        )
    };
    format!(
        "apiVersion: openslo/v1\nkind: SLO\nmetadata:\n  name: {name}\n  annotations:\n    \
         tales.dev/evidence: {evidence}\n    tales.dev/method: {method}\n    tales.dev/history: {history}\n    \
         tales.dev/caution: {caution}\nspec:\n  service: {service}\n  timeWindow:\n    - duration: {window}\n      isRolling: true\n  \
         budgetingMethod: Occurrences\n  indicator:\n    metadata:\n      name: {name}\n    spec:\n      ratioMetric:\n        \
         counter: {counter}\n        {part}:{counted}        total:{total}  objectives:\n    - target: {target}\n",
        service = ask.service,
        name = ask.name,
        evidence = quoted(&evidence),
        method = quoted(&format!(
            "backtest and block bootstrap, {RESAMPLES} resamples, seed {}",
            ask.seed
        )),
        caution = quoted("History is not need: ask the users what they notice."),
        window = ask.window,
        counter = ask.counter,
        history = quoted(&ask.source),
        counted = source(query),
        total = source(&ask.total),
        target = found.target,
    )
}

#[cfg(test)]
mod tests;
