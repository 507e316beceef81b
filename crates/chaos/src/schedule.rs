//! Schedule: an experiment, or a Workflow, made again and again.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cron::Cron;
use crate::document::{self, Body};
use crate::kind::{self, read};
use crate::problem::Problem;
use crate::workflow::{self, Workflow};

/// The kind's name in documents.
pub const KIND: &str = "Schedule";

/// Payload keys of a Schedule that belong to kinds this crate cannot play, with those kinds.
const PAYLOADS_ELSEWHERE: [(&str, &str); 9] = [
    ("awsChaos", "AWSChaos"),
    ("azureChaos", "AzureChaos"),
    ("blockChaos", "BlockChaos"),
    ("gcpChaos", "GCPChaos"),
    ("ioChaos", "IOChaos"),
    ("jvmChaos", "JVMChaos"),
    ("kernelChaos", "KernelChaos"),
    ("physicalmachineChaos", "PhysicalMachineChaos"),
    ("timeChaos", "TimeChaos"),
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
    /// What it makes: experiments or Workflows.
    pub child: Body,
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
    history_limit: Option<i64>,
    #[serde(rename = "type")]
    kind: String,
    #[serde(flatten)]
    payloads: BTreeMap<String, Value>,
}

/// What a Schedule may make: within a Workflow no other Workflow.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Anything,
    ChaosOnly,
}

impl Schedule {
    /// Reads and checks a spec; all that is wrong goes to `problems`, with paths below `parent`.
    pub(crate) fn parse(
        spec: &Value,
        parent: &str,
        of: Of,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let before = problems.len();
        let at = |field: &str| format!("{parent}.{field}");
        let raw: Raw = read(spec, parent).map_err(|problem| problems.push(problem)).ok()?;
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
        let key = payload_key(&raw.kind, of)
            .map_err(|message| problems.push(Problem::new(at("type"), message)))
            .ok();
        let payload = key.and_then(|key| raw.payloads.get(key));
        if let (Some(key), None) = (key, payload) {
            problems.push(Problem::new(
                at(key),
                format!("type is {}, so this payload is required; add it", raw.kind),
            ));
        }
        for stray in raw.payloads.keys().filter(|stray| key != Some(stray.as_str())) {
            problems.push(stray_payload(&at(stray), stray, &raw.kind));
        }
        let (key, payload) = (key?, payload?);
        let child = child(&raw.kind, payload, &at(key), problems)?;
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

    /// What this stage would refuse about its experiments, with paths below `parent`.
    pub(crate) fn refusals(&self, parent: &str) -> Vec<Problem> {
        document::refusals_of(&self.child, &format!("{parent}.{}", self.child.schedule_key()))
    }
}

fn child(kind: &str, payload: &Value, path: &str, problems: &mut Vec<Problem>) -> Option<Body> {
    if kind == workflow::KIND {
        let workflow = Workflow::parse(payload, path, problems)?;
        return Some(Body::Workflow(Arc::new(workflow)));
    }
    let kind = kind::find(kind)?;
    let chaos = document::experiment(kind, payload, path, problems)?;
    Some(Body::Experiment { kind, chaos })
}

/// Does a Schedule of this type exist, but not on this stage?
pub(crate) fn elsewhere(kind: &str) -> bool {
    PAYLOADS_ELSEWHERE.iter().any(|(_, known)| *known == kind)
}

/// Is this the key of a payload?
pub(crate) fn known_payload(key: &str) -> bool {
    key == workflow::SCHEDULE_KEY
        || PAYLOADS_ELSEWHERE.iter().any(|(known, _)| *known == key)
        || kind::SUPPORTED.iter().any(|kind| kind.schedule_key == key)
}

/// The key of the payload of this type. Unlike a document's `kind`, `type` must be spelt exactly.
fn payload_key(kind: &str, of: Of) -> Result<&'static str, String> {
    if let Some(kind) = kind::find(kind) {
        return Ok(kind.schedule_key);
    }
    if kind == workflow::KIND && of == Of::Anything {
        return Ok(workflow::SCHEDULE_KEY);
    }
    let mut supported = kind::SUPPORTED.map(|kind| kind.name).join(", ");
    if of == Of::Anything {
        supported = format!("{supported}, {}", workflow::KIND);
    }
    Err(if elsewhere(kind) {
        format!(
            "type {kind} is known to Chaos Mesh but the local stage cannot do it yet; use {supported}"
        )
    } else {
        format!("`{kind}` is not a type of Schedule here; use {supported}")
    })
}

fn stray_payload(field: &str, key: &str, kind: &str) -> Problem {
    let message = if known_payload(key) {
        format!("type is {kind}, so nothing would read this payload; remove it or change the type")
    } else {
        "unknown field; a Schedule has schedule, startingDeadlineSeconds, concurrencyPolicy, historyLimit, type and one payload such as dnsChaos".to_owned()
    };
    Problem::new(field, message)
}
