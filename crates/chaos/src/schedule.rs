//! Schedule: an experiment made again and again.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cron::Cron;
use crate::kind::{self, Chaos, Kind, read};
use crate::problem::Problem;

/// The kind's name in documents.
pub const KIND: &str = "Schedule";

/// Payload keys of a Schedule that belong to kinds this crate cannot play, with those kinds.
const PAYLOADS_ELSEWHERE: [(&str, &str); 13] = [
    ("awsChaos", "AWSChaos"),
    ("azureChaos", "AzureChaos"),
    ("blockChaos", "BlockChaos"),
    ("gcpChaos", "GCPChaos"),
    ("httpChaos", "HTTPChaos"),
    ("ioChaos", "IOChaos"),
    ("jvmChaos", "JVMChaos"),
    ("kernelChaos", "KernelChaos"),
    ("networkChaos", "NetworkChaos"),
    ("physicalmachineChaos", "PhysicalMachineChaos"),
    ("stressChaos", "StressChaos"),
    ("timeChaos", "TimeChaos"),
    ("workflow", "Workflow"),
];

/// A checked Schedule.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// When it fires.
    pub cron: Cron,
    /// Ticks older than this many seconds are not caught up with.
    pub starting_deadline_seconds: Option<i64>,
    /// May an experiment start while an earlier one still runs?
    pub concurrency_policy: ConcurrencyPolicy,
    /// How many experiments are kept; omitted is 0, so finished ones vanish at once.
    pub history_limit: Option<u32>,
    /// The kind of the experiments.
    pub kind: &'static Kind,
    /// Their spec.
    pub chaos: Arc<dyn Chaos>,
    /// Their spec as written.
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

/// The document as written. The payload keys are read by name, so a new kind needs no change here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    schedule: String,
    starting_deadline_seconds: Option<i64>,
    #[serde(default)]
    concurrency_policy: ConcurrencyPolicy,
    history_limit: Option<u32>,
    #[serde(rename = "type")]
    kind: String,
    #[serde(flatten)]
    payloads: BTreeMap<String, Value>,
}

impl Schedule {
    /// Reads and checks a `spec`; all that is wrong goes to `problems`.
    pub(crate) fn parse(spec: &Value, problems: &mut Vec<Problem>) -> Option<Self> {
        let before = problems.len();
        let raw: Raw = read(spec, "spec")
            .map_err(|problem| problems.push(problem))
            .ok()?;
        let cron = raw
            .schedule
            .parse::<Cron>()
            .map_err(|error| problems.push(Problem::new("spec.schedule", error)))
            .ok();
        if raw
            .starting_deadline_seconds
            .is_some_and(|seconds| seconds <= 0)
        {
            problems.push(Problem::new(
                "spec.startingDeadlineSeconds",
                "must be above 0; write a number of seconds, or remove it",
            ));
        }
        if raw.history_limit == Some(0) {
            problems.push(Problem::new(
                "spec.historyLimit",
                "must be at least 1; write how many experiments to keep",
            ));
        }
        let kind = child_kind(&raw.kind)
            .map_err(|problem| problems.push(problem))
            .ok();
        let payload = kind.and_then(|kind| raw.payloads.get(kind.schedule_key));
        if let (Some(kind), None) = (kind, payload) {
            problems.push(Problem::new(
                format!("spec.{}", kind.schedule_key),
                format!("type is {}, so this payload is required; add it", kind.name),
            ));
        }
        for key in raw
            .payloads
            .keys()
            .filter(|key| kind.is_none_or(|kind| kind.schedule_key != *key))
        {
            problems.push(stray_payload(key, &raw.kind));
        }
        let (kind, payload) = (kind?, payload?);
        let chaos = crate::document::experiment(
            kind,
            payload,
            &format!("spec.{}", kind.schedule_key),
            problems,
        )?;
        if problems.len() > before {
            return None;
        }
        Some(Self {
            cron: cron?,
            starting_deadline_seconds: raw.starting_deadline_seconds,
            concurrency_policy: raw.concurrency_policy,
            history_limit: raw.history_limit,
            kind,
            chaos,
            payload: payload.clone(),
        })
    }
}

/// Unlike a document's `kind`, `type` must be spelt exactly.
fn child_kind(name: &str) -> Result<&'static Kind, Problem> {
    let supported = || kind::SUPPORTED.map(|kind| kind.name).join(", ");
    if let Some(kind) = kind::find(name) {
        return Ok(kind);
    }
    let message = if PAYLOADS_ELSEWHERE.iter().any(|(_, kind)| *kind == name) {
        format!(
            "type {name} is known to Chaos Mesh but the local stage cannot do it yet; use {}",
            supported()
        )
    } else {
        format!("`{name}` is not a type of Schedule; use {}", supported())
    };
    Err(Problem::new("spec.type", message))
}

fn stray_payload(key: &str, kind: &str) -> Problem {
    let known = PAYLOADS_ELSEWHERE
        .iter()
        .any(|(payload, _)| *payload == key)
        || kind::SUPPORTED.iter().any(|kind| kind.schedule_key == key);
    let message = if known {
        format!("type is {kind}, so nothing would read this payload; remove it or change the type")
    } else {
        "unknown field; a Schedule has schedule, startingDeadlineSeconds, concurrencyPolicy, historyLimit, type and one payload such as dnsChaos".to_owned()
    };
    Problem::new(format!("spec.{key}"), message)
}
