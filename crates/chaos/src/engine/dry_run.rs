//! What an experiment would do, without doing it.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::targets::targets;
use crate::document::{Body, Document};
use crate::duration::GoDuration;
use crate::injector::Pod;
use crate::lint;
use crate::mode::Mode;
use crate::problem::Problem;

/// The rehearsal looks this far ahead.
const HORIZON: SignedDuration = SignedDuration::from_hours(1);

/// Ticks listed at most: one for each second of the hour.
const MAX_TICKS: usize = 3_600;

/// What an experiment would do.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DryRun {
    /// The kind.
    pub kind: &'static str,
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The record ids of everything that the selector matches.
    pub matched: Vec<String>,
    /// How many pods the selector matches.
    pub pods_matched: usize,
    /// Why nothing is matched.
    pub selection_error: Option<String>,
    /// How many pods are taken; an upper bound for mode `random-max-percent`.
    pub pods_taken: usize,
    /// Is `pods_taken` only an upper bound?
    pub at_most: bool,
    /// When a Schedule would fire within the next hour.
    pub ticks: Option<Vec<Timestamp>>,
    /// How this stage carries the fault out.
    pub mechanism: String,
    /// What is allowed but unlikely to be meant.
    pub lints: Vec<Problem>,
    /// What this stage would refuse.
    pub refusals: Vec<Problem>,
}

pub(super) fn rehearse(
    document: &Document,
    pods: &[Pod],
    default_maximum: GoDuration,
    now: Timestamp,
) -> DryRun {
    let chaos = document.chaos();
    let common = chaos.common();
    let selected = common.selector.select(&document.meta.namespace, pods);
    let (matching, selection_error) = match selected {
        Ok(matching) => (matching, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let parameter = common.mode.parameter(common.value).unwrap_or(0);
    DryRun {
        kind: document.kind(),
        namespace: document.meta.namespace.clone(),
        name: document.meta.name.clone(),
        pods_taken: common.mode.at_most(parameter, matching.len()),
        at_most: common.mode == Mode::RandomMaxPercent,
        matched: matching
            .iter()
            .flat_map(|pod| targets(common.scope, pod))
            .map(|target| target.to_string())
            .collect(),
        pods_matched: matching.len(),
        selection_error,
        ticks: ticks(document, now),
        mechanism: chaos.mechanism(),
        lints: lint::lints(document, default_maximum, now),
        refusals: document.refusals(),
    }
}

fn ticks(document: &Document, now: Timestamp) -> Option<Vec<Timestamp>> {
    let Body::Schedule(schedule) = &document.body else {
        return None;
    };
    Some(schedule.cron.ticks(
        now,
        now.saturating_add(HORIZON).unwrap_or(Timestamp::MAX),
        MAX_TICKS,
    ))
}
