//! What a stage tells of its chaos: when each experiment was in force. The experiments of a
//! Schedule are one suspect.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use chaos::snapshot::{self, Snapshot};
use jiff::Timestamp;

use super::events::Event;

/// Every experiment that was in force, from its first target to its last.
///
/// # Errors
/// The stage is of another version.
pub(super) fn events(json: &str) -> Result<Vec<Event>> {
    let snapshot: Snapshot = serde_json::from_str(json)
        .context("the stage speaks another version of tale; run `tale down` and `tale up`")?;
    let uids: BTreeSet<&str> = snapshot.events.iter().map(|told| told.uid.as_str()).collect();
    Ok(uids
        .into_iter()
        .filter_map(|uid| {
            let told: Vec<&snapshot::Event> =
                snapshot.events.iter().filter(|told| told.uid == uid).collect();
            let first = told.first()?;
            let (start, end) = in_force(&told, snapshot.now)?;
            let object = snapshot.objects.iter().find(|object| object.uid == uid);
            let schedule =
                first.owner.as_ref().filter(|owner| owner.kind == chaos::kinds::SCHEDULE);
            Some(Event {
                name: schedule.map_or(&first.name, |owner| &owner.name).clone(),
                kind: first.kind.clone(),
                start: seconds(start),
                end: seconds(end),
                labels: object.map(|object| aimed_at(&object.spec)).unwrap_or_default(),
            })
        })
        .collect())
}

/// From the first target injected to the last one recovered; until now if some are not.
fn in_force(told: &[&snapshot::Event], now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let of = |reason: &'static str| told.iter().filter(move |told| told.reason == reason);
    let start = of("Applied").map(|told| told.first_timestamp).min()?;
    let applied = of("Applied").map(|told| told.last_timestamp).max()?;
    // A pod that is killed does not recover: `TimeUp` or the deletion ends it.
    let over = ["Recovered", "TimeUp", "Deleted"];
    let end = over
        .into_iter()
        .filter_map(|reason| of(reason).map(|told| told.last_timestamp).max())
        .max()
        .filter(|end| *end >= applied)
        .unwrap_or(now);
    Some((start, end))
}

/// Whom the selector means, in the words that an objective uses.
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
