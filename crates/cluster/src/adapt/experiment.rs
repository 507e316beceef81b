//! The guard on top of Chaos Mesh, which has none: an experiment stays in the namespace of its
//! stage, and it ends by itself, whatever becomes of whoever applied it.

use serde_json::{Value, json};

use super::Notes;
use crate::object::{object_at, text};

/// What ends an experiment that does not say when it ends.
const LONGEST: &str = "10m";
/// Faults that are over as soon as they have happened.
const ONE_SHOT: [&str; 2] = ["pod-kill", "container-kill"];

/// Guards an experiment, a Schedule or a Workflow.
///
/// # Errors
/// The selector that reaches beyond the namespace.
pub(super) fn guard(
    document: &mut Value,
    namespace: &str,
    notes: &mut Notes,
) -> Result<(), String> {
    match text(document, "/kind") {
        "StatusCheck" => Ok(()),
        "Workflow" => {
            // A step of a Workflow ends by its deadline.
            let steps = document.pointer_mut("/spec/templates").and_then(Value::as_array_mut);
            for (index, step) in steps.into_iter().flatten().enumerate() {
                payloads(
                    step,
                    &format!("spec.templates[{index}]"),
                    namespace,
                    notes,
                    Ends::Already,
                )?;
            }
            Ok(())
        }
        "Schedule" => {
            let spec = document.get_mut("spec").unwrap_or(&mut Value::Null).take();
            let mut spec = spec;
            let guarded = payloads(&mut spec, "spec", namespace, notes, Ends::ByDuration);
            document["spec"] = spec;
            guarded
        }
        _ => match document.get_mut("spec") {
            Some(spec) => one(spec, "spec", namespace, notes, Ends::ByDuration),
            None => Ok(()),
        },
    }
}

/// What ends an experiment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// Its own duration, and nothing else.
    ByDuration,
    /// What made it.
    Already,
}

/// The experiments that something makes: `dnsChaos`, `podChaos` and so on.
fn payloads(
    parent: &mut Value,
    at: &str,
    namespace: &str,
    notes: &mut Notes,
    ends: Ends,
) -> Result<(), String> {
    for (key, value) in parent.as_object_mut().into_iter().flatten() {
        let field = format!("{at}.{key}");
        if key.ends_with("Chaos") && value.is_object() {
            one(value, &field, namespace, notes, ends)?;
        } else if key == "schedule" && value.is_object() {
            payloads(value, &field, namespace, notes, ends)?;
        } else if key == "workflow" && value.is_object() {
            let steps = value.get_mut("templates").and_then(Value::as_array_mut);
            for step in steps.into_iter().flatten() {
                payloads(step, &field, namespace, notes, Ends::Already)?;
            }
        }
    }
    Ok(())
}

fn one(
    spec: &mut Value,
    at: &str,
    namespace: &str,
    notes: &mut Notes,
    ends: Ends,
) -> Result<(), String> {
    stay(spec, at, namespace, notes)?;
    if let Some(target) = spec.get_mut("target").filter(|target| target.is_object()) {
        stay(target, &format!("{at}.target"), namespace, notes)?;
    }
    let endless = text(spec, "/duration").is_empty() && !ONE_SHOT.contains(&text(spec, "/action"));
    if endless && ends == Ends::ByDuration {
        let field = format!("{at}.duration");
        let why = "an experiment has to end by itself";
        notes.set(object_at(spec, ""), "duration", &field, json!(LONGEST), why);
    }
    Ok(())
}

/// The selector names the namespace of the stage, and no other.
fn stay(spec: &mut Value, at: &str, namespace: &str, notes: &mut Notes) -> Result<(), String> {
    let selector = object_at(spec, "/selector");
    let elsewhere = |name: &str| {
        format!(
            "{at}.selector: reaches into the namespace `{name}`, and this stage is in `{namespace}`"
        )
    };
    if let Some(pods) = selector.get("pods").and_then(Value::as_object) {
        if let Some(other) = pods.keys().find(|name| *name != namespace) {
            return Err(elsewhere(other));
        }
        return Ok(());
    }
    let names = selector.get("namespaces").and_then(Value::as_array);
    let other = names.into_iter().flatten().filter_map(Value::as_str).find(|n| *n != namespace);
    if let Some(other) = other {
        return Err(elsewhere(other));
    }
    let field = format!("{at}.selector.namespaces");
    let why = "an experiment stays in the namespace of its stage";
    notes.set(selector, "namespaces", &field, json!([namespace]), why);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guarded(document: Value) -> (Result<(), String>, Value, usize) {
        let mut document = document;
        let mut notes = Notes::about(&document);
        let result = guard(&mut document, "demo", &mut notes);
        (result, document, notes.list.len())
    }

    #[test]
    fn an_experiment_without_an_end_gets_one() {
        let (_, object, notes) =
            guarded(json!({"kind": "DNSChaos", "spec": {"action": "error", "selector": {}}}));
        assert_eq!((text(&object, "/spec/duration"), notes), ("10m", 2));
        assert_eq!(object["spec"]["selector"]["namespaces"], json!(["demo"]));
        let (_, object, _) = guarded(json!({"kind": "Schedule", "spec": {"schedule": "* * * * *",
            "type": "DNSChaos", "dnsChaos": {"selector": {}}}}));
        assert_eq!(text(&object, "/spec/dnsChaos/duration"), "10m");
        let kill = json!({"kind": "PodChaos", "spec": {"action": "pod-kill", "selector": {}}});
        assert_eq!(text(&guarded(kill).1, "/spec/duration"), "");
        let step = json!({"name": "a", "deadline": "5s", "stressChaos": {"selector": {}}});
        let (_, object, _) = guarded(json!({"kind": "Workflow", "spec": {"templates": [step]}}));
        let stress = &object["spec"]["templates"][0]["stressChaos"];
        assert_eq!(stress, &json!({"selector": {"namespaces": ["demo"]}}));
    }

    #[test]
    fn an_experiment_that_reaches_elsewhere_is_refused() {
        for spec in [
            json!({"selector": {"namespaces": ["demo", "kube-system"]}}),
            json!({"selector": {"pods": {"kube-system": ["coredns"]}}}),
            json!({"selector": {}, "target": {"selector": {"namespaces": ["kube-system"]}}}),
        ] {
            let why = guarded(json!({"kind": "NetworkChaos", "spec": spec})).0.unwrap_err();
            assert!(why.contains("kube-system") && why.contains("`demo`"), "{why}");
        }
    }
}
