//! Tests of `snapshot.rs`.

use chaos::snapshot::{Event as ChaosEvent, Owner, Severity, Snapshot};
use serde_json::json;

use super::*;

/// The engine's own types, so that this fails when their shape changes.
fn chaos_event(kind: &str, name: &str, reason: &str, message: &str, second: u32) -> ChaosEvent {
    let time: Timestamp = format!("2026-01-31T12:00:{second:02}Z").parse().unwrap();
    let schedule = name.split_once('-').map(|(schedule, _)| schedule.to_owned());
    ChaosEvent {
        kind: kind.to_owned(),
        namespace: "default".to_owned(),
        name: name.to_owned(),
        uid: format!("uid-{name}"),
        owner: schedule.map(|name| Owner { kind: "Schedule".to_owned(), name }),
        severity: Severity::Normal,
        reason: reason.to_owned(),
        source: "records".to_owned(),
        message: message.to_owned(),
        count: 1,
        first_timestamp: time,
        last_timestamp: time,
    }
}

#[test]
fn the_experiments_of_a_schedule_are_its_occurrences_and_one_that_runs_lasts_until_now() {
    let snapshot = Snapshot {
        now: "2026-01-31T12:00:59Z".parse().unwrap(),
        objects: Vec::new(),
        events: vec![
            chaos_event("Schedule", "storm", "Spawned", "Create new object: storm-a", 1),
            chaos_event("DNSChaos", "storm-a", "Applied", "Successfully apply chaos for a/x", 2),
            chaos_event(
                "DNSChaos",
                "storm-a",
                "Recovered",
                "Successfully recover chaos for a/x",
                12,
            ),
            chaos_event("Schedule", "storm", "Spawned", "Create new object: storm-b", 31),
            chaos_event("DNSChaos", "storm-b", "Applied", "Successfully apply chaos for a/x", 32),
        ],
    };
    let mut found = events(&snapshot);
    found.sort_by(|a, b| a.start.total_cmp(&b.start));
    let names: Vec<_> =
        found.iter().map(|event| (event.kind.as_str(), event.name.as_str())).collect();
    assert_eq!(names, [("DNSChaos", "storm"), ("DNSChaos", "storm")]);
    let lengths: Vec<f64> = found.iter().map(|event| event.end - event.start).collect();
    assert_eq!(lengths, [10.0, 27.0]);
}

#[test]
fn the_selector_says_whom_an_experiment_means() {
    let spec = json!({"selector": {"namespaces": ["default"], "labelSelectors": {"app": "shop", "tier": "web"}}});
    let labels = aimed_at(&spec);
    assert_eq!(labels["service"], "shop");
    assert_eq!(labels["tier"], "web");
}
