//! The stage clock: a minute is a second, so scrapes, probes and rules come every second.

use serde_json::{Map, Value, json};
use slo::Clock;

use super::Notes;
use crate::object::text;

const EVERY_SECOND: &str = "1s";
const WHY: &str = "stage clock";

pub(super) fn adapt(document: &mut Value, clock: Clock, notes: &mut Notes) {
    if clock == Clock::Real {
        return;
    }
    match text(document, "/kind") {
        "ServiceMonitor" => each(document, "/spec/endpoints", |index, endpoint| {
            interval(endpoint, &format!("spec.endpoints[{index}]"), notes);
        }),
        "Probe" => {
            if let Some(spec) = document.get_mut("spec").and_then(Value::as_object_mut) {
                interval(spec, "spec", notes);
            }
        }
        "PrometheusRule" => each(document, "/spec/groups", |index, group| {
            let field = format!("spec.groups[{index}].interval");
            notes.set(group, "interval", &field, json!(EVERY_SECOND), WHY);
        }),
        _ => {}
    }
}

/// Who knocks: the stage brings a prober of its own.
pub(super) fn adapt_prober(document: &mut Value, prober: &str, notes: &mut Notes) {
    if text(document, "/kind") != "Probe" {
        return;
    }
    if let Some(map) = document.pointer_mut("/spec/prober").and_then(Value::as_object_mut) {
        notes.set(map, "url", "spec.prober.url", json!(prober), "the stage's own prober");
    }
}

/// The operator refuses a time-out that is longer than the interval; without one it takes that.
fn interval(map: &mut Map<String, Value>, parent: &str, notes: &mut Notes) {
    notes.set(map, "interval", &format!("{parent}.interval"), json!(EVERY_SECOND), WHY);
    if let Some(was) = map.remove("scrapeTimeout") {
        let was = was.as_str().unwrap_or_default().to_owned();
        notes.note(&format!("{parent}.scrapeTimeout"), was, String::new(), WHY);
    }
}

fn each(
    document: &mut Value,
    pointer: &str,
    mut change: impl FnMut(usize, &mut Map<String, Value>),
) {
    let list = document.pointer_mut(pointer).and_then(Value::as_array_mut).into_iter().flatten();
    for (index, item) in list.enumerate() {
        if let Some(item) = item.as_object_mut() {
            change(index, item);
        }
    }
}
