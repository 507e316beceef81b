//! The chaos of a running stage: when each experiment was in force. The experiments of a Schedule
//! are one suspect.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::Deserialize;

use super::events::Event;

/// The part of the engine's snapshot that is of interest; the rest is for `tale chaos`.
#[derive(Deserialize)]
struct Snapshot {
    now: Timestamp,
    objects: Vec<Object>,
    events: Vec<EngineEvent>,
}

#[derive(Deserialize)]
struct Object {
    uid: String,
    spec: serde_json::Value,
}

/// What the engine recorded about an experiment, which may be gone.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EngineEvent {
    kind: String,
    namespace: String,
    name: String,
    uid: String,
    reason: String,
    message: String,
    first_timestamp: Timestamp,
    last_timestamp: Timestamp,
}

const SCHEDULE: &str = "Schedule";
const SPAWNED: &str = "Create new object: ";

/// Every experiment that was in force, from its first target to its last.
///
/// # Errors
/// The stage is of another version.
pub(super) fn events(json: &str) -> Result<Vec<Event>> {
    let snapshot: Snapshot = serde_json::from_str(json)
        .context("the stage speaks another version of tale; run `tale down` and `tale up`")?;
    let owners: BTreeMap<(&str, &str), &str> = snapshot
        .events
        .iter()
        .filter(|event| event.kind == SCHEDULE)
        .filter_map(|event| {
            let child = event.message.strip_prefix(SPAWNED)?;
            Some(((event.namespace.as_str(), child), event.name.as_str()))
        })
        .collect();
    let uids: BTreeSet<&str> = snapshot.events.iter().map(|event| event.uid.as_str()).collect();
    Ok(uids
        .into_iter()
        .filter_map(|uid| {
            let recorded = snapshot.events.iter().filter(|event| event.uid == uid);
            let recorded: Vec<&EngineEvent> = recorded.collect();
            let first = recorded.first()?;
            let (start, end) = in_force(&recorded, snapshot.now)?;
            let object = snapshot.objects.iter().find(|object| object.uid == uid);
            let owner = owners.get(&(first.namespace.as_str(), first.name.as_str()));
            Some(Event {
                name: owner.map_or_else(|| first.name.clone(), |owner| (*owner).to_owned()),
                kind: first.kind.clone(),
                start: seconds(start),
                end: seconds(end),
                labels: object.map(|object| aimed_at(&object.spec)).unwrap_or_default(),
            })
        })
        .collect())
}

/// From the first target injected to the last one recovered; until now if some are not.
fn in_force(recorded: &[&EngineEvent], now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let because =
        |reason: &'static str| recorded.iter().filter(move |event| event.reason == reason);
    let start = because("Applied").map(|event| event.first_timestamp).min()?;
    let applied = because("Applied").map(|event| event.last_timestamp).max()?;
    // A pod that is killed does not recover: `TimeUp` or the deletion ends it.
    let over = ["Recovered", "TimeUp", "Deleted"];
    let end = over
        .into_iter()
        .filter_map(|reason| because(reason).map(|event| event.last_timestamp).max())
        .max()
        .filter(|end| *end >= applied)
        .unwrap_or(now);
    Some((start, end))
}

/// The labels that the selector asks for, under the names that an objective uses.
fn aimed_at(spec: &serde_json::Value) -> BTreeMap<String, String> {
    let selector = &spec["selector"];
    let mut labels = BTreeMap::new();
    if let Some(selected) = selector["labelSelectors"].as_object() {
        for (key, value) in selected {
            let key = match key.as_str() {
                "app" | "app.kubernetes.io/name" => "service",
                other => other,
            };
            labels.extend(value.as_str().map(|value| (key.to_owned(), value.to_owned())));
        }
    }
    labels
}

fn seconds(time: Timestamp) -> f64 {
    time.as_millisecond() as f64 / 1000.0
}

#[cfg(test)]
mod tests;
