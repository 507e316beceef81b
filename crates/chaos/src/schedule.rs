//! Schedule: an experiment, or a Workflow, made again and again.

pub mod cron;
mod lints;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::experiment::Experiment;
use crate::fields::problem::Problem;
use crate::fields::read::read;
use crate::kinds;
use cron::Cron;

/// A checked Schedule. `C` is what it makes: an [`Experiment`] within a Workflow, and in a document
/// of its own also a [`Workflow`](crate::workflow::Workflow).
#[derive(Clone, Debug)]
pub struct Schedule<C> {
    /// When it fires.
    pub cron: Cron,
    /// Ticks older than this many seconds are not caught up with.
    pub starting_deadline_seconds: Option<i64>,
    /// May an experiment start while an earlier one still runs?
    pub concurrency_policy: ConcurrencyPolicy,
    /// How many experiments are kept; omitted is 0, so finished ones vanish at once.
    pub history_limit: Option<u32>,
    /// What it makes.
    pub child: C,
    /// The spec of that as written.
    pub payload: Value,
}

/// May an experiment start while an earlier one still runs?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConcurrencyPolicy {
    /// No: a due tick waits until the earlier one has finished.
    #[default]
    Forbid,
    /// Yes.
    Allow,
}

/// What a Schedule can make.
pub trait Child: fmt::Debug + Sized {
    /// The kinds besides those of chaos, with the keys of their payloads.
    const OTHER_KINDS: &'static [(&'static str, &'static str)];

    /// Reads and checks the payload of a `kind` that can be made; all that is wrong goes to
    /// `problems`, with paths below `parent`.
    fn parse(
        kind: &str,
        payload: &Value,
        parent: &str,
        problems: &mut Vec<Problem>,
    ) -> Option<Self>;

    /// The key of its payload.
    fn payload_key(&self) -> &'static str;

    /// The experiment, if it is one.
    fn experiment(&self) -> Option<&Experiment>;

    /// What this stage would refuse about it, with paths below `parent`.
    fn refusals(&self, parent: &str) -> Vec<Problem>;
}

/// The document as written. The payload keys are read by name, so a new kind needs no change here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    schedule: String,
    starting_deadline_seconds: Option<i64>,
    #[serde(default)]
    concurrency_policy: ConcurrencyPolicy,
    history_limit: Option<i64>,
    #[serde(rename = "type")]
    kind: String,
    #[serde(flatten)]
    payloads: BTreeMap<String, Value>,
}

impl<C: Child> Schedule<C> {
    /// Reads and checks a spec; all that is wrong goes to `problems`, with paths below `parent`.
    pub(crate) fn parse(spec: &Value, parent: &str, problems: &mut Vec<Problem>) -> Option<Self> {
        let before = problems.len();
        let at = |field: &str| format!("{parent}.{field}");
        let raw: Raw = read(spec, parent, problems)?;
        let cron = raw
            .schedule
            .parse::<Cron>()
            .map_err(|error| problems.push(Problem::new(at("schedule"), error)))
            .ok();
        if raw.starting_deadline_seconds.is_some_and(|seconds| seconds <= 0) {
            problems.push(Problem::new(
                at("startingDeadlineSeconds"),
                "must be above 0; write a number of seconds, or remove it",
            ));
        }
        problems.extend(raw.history_limit.and_then(|limit| {
            Problem::of_range(at("historyLimit"), limit, &(1..=i32::MAX.into()))
        }));
        let key = payload_key::<C>(&raw.kind)
            .map_err(|message| problems.push(Problem::new(at("type"), message)))
            .ok();
        let payload = key.and_then(|key| raw.payloads.get(key));
        if let (Some(key), None) = (key, payload) {
            problems.push(Problem::new(
                at(key),
                format!("type is {}, so this payload is required; add it", raw.kind),
            ));
        }
        // Of a type that is not played, or is misspelt, the payload is not to blame.
        let own = key.or(kinds::payload_elsewhere(&raw.kind));
        for stray in raw.payloads.keys().filter(|stray| own != Some(stray.as_str())) {
            if own.is_some() || !kinds::is_payload(stray) {
                problems.push(stray_payload(&at(stray), stray, &raw.kind));
            }
        }
        let (key, payload) = (key?, payload?);
        let child = C::parse(&raw.kind, payload, &at(key), problems)?;
        if problems.len() > before {
            return None;
        }
        Some(Self {
            cron: cron?,
            starting_deadline_seconds: raw.starting_deadline_seconds,
            concurrency_policy: raw.concurrency_policy,
            history_limit: raw.history_limit.and_then(|limit| limit.try_into().ok()),
            child,
            payload: payload.clone(),
        })
    }

    /// What this stage would refuse about what it makes, with paths below `parent`.
    pub(crate) fn refusals(&self, parent: &str) -> Vec<Problem> {
        self.child.refusals(&format!("{parent}.{}", self.child.payload_key()))
    }

    /// The same Schedule of something else.
    pub(crate) fn map<D>(&self, child: impl FnOnce(&C) -> D) -> Schedule<D> {
        Schedule {
            cron: self.cron.clone(),
            starting_deadline_seconds: self.starting_deadline_seconds,
            concurrency_policy: self.concurrency_policy,
            history_limit: self.history_limit,
            child: child(&self.child),
            payload: self.payload.clone(),
        }
    }
}

impl Child for Experiment {
    const OTHER_KINDS: &'static [(&'static str, &'static str)] = &[];

    fn parse(
        kind: &str,
        payload: &Value,
        parent: &str,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        Self::parse(kinds::find(kind)?, payload, parent, problems)
    }

    fn payload_key(&self) -> &'static str {
        self.kind.schedule_key
    }

    fn experiment(&self) -> Option<&Experiment> {
        Some(self)
    }

    fn refusals(&self, parent: &str) -> Vec<Problem> {
        self.refusals().into_iter().map(|problem| problem.under(parent)).collect()
    }
}

/// The key of the payload of this type. Unlike a document's `kind`, `type` must be spelt exactly.
fn payload_key<C: Child>(kind: &str) -> Result<&'static str, String> {
    if let Some(kind) = kinds::find(kind) {
        return Ok(kind.schedule_key);
    }
    if let Some((_, key)) = C::OTHER_KINDS.iter().find(|(other, _)| *other == kind) {
        return Ok(key);
    }
    let mut supported = kinds::names();
    for (other, _) in C::OTHER_KINDS {
        supported.push_str(", ");
        supported.push_str(other);
    }
    Err(if kinds::is_repeated_elsewhere(kind) {
        format!(
            "type {kind} is known to Chaos Mesh but the local stage cannot do it yet; use {supported}"
        )
    } else {
        format!("`{kind}` is not a type of Schedule here; use {supported}")
    })
}

fn stray_payload(field: &str, key: &str, kind: &str) -> Problem {
    let message = if kinds::is_payload(key) {
        format!("type is {kind}, so nothing would read this payload; remove it or change the type")
    } else {
        "unknown field; a Schedule has schedule, startingDeadlineSeconds, concurrencyPolicy, historyLimit, type and one payload such as dnsChaos".to_owned()
    };
    Problem::new(field, message)
}
