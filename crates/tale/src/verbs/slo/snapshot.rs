//! The chaos of a running stage: when each experiment was in force. The experiments of a Schedule
//! are one suspect.

use std::collections::{BTreeMap, BTreeSet};

use chaos::snapshot::{self, Snapshot};
use jiff::Timestamp;

use super::events::Event;

/// Every experiment that was in force, from its first target to its last.
pub(super) fn events(snapshot: &Snapshot) -> Vec<Event> {
    let uids: BTreeSet<&str> = snapshot.events.iter().map(|event| event.uid.as_str()).collect();
    uids.into_iter()
        .filter_map(|uid| {
            let recorded = snapshot.events.iter().filter(|event| event.uid == uid);
            let recorded: Vec<&snapshot::Event> = recorded.collect();
            let first = recorded.first()?;
            let (start, end) = in_force(&recorded, snapshot.now)?;
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
        .collect()
}

/// From the first target injected to the last one recovered; until now if some are not.
fn in_force(recorded: &[&snapshot::Event], now: Timestamp) -> Option<(Timestamp, Timestamp)> {
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
