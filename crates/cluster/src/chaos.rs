//! Experiments: applied, watched, and taken away again, also where Chaos Mesh cannot.
//!
//! An experiment that could not be injected cannot be deleted by itself: where the kernel lacks
//! what it needs, Chaos Mesh keeps its finalizer for good. Nothing was injected, so nothing is lost
//! when the stage takes the finalizer off its own objects, and says so.

use std::time::{Duration, Instant};

use chaos::engine::EngineError;
use chaos::snapshot::{Applied, Event, Name, Object, Severity, Snapshot};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::api::{Api, ApiError, Apply};
use crate::error::ClusterError;
use crate::kinds::{CHAOS, EXPERIMENTS, Kind, POD, find};
use crate::object::{is_ours, items, number, text};
use crate::status;

/// How often is looked whether an experiment is gone.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long Chaos Mesh may take to let go of what it has not injected.
const NOT_INJECTED: Duration = Duration::from_secs(5);

/// Applies an experiment that was adapted already.
///
/// # Errors
/// Chaos Mesh is not there, the object is somebody else's, or another of this name is there.
pub async fn inject(
    api: &Api,
    namespace: &str,
    object: &Value,
) -> Result<Applied, stage::StageError> {
    let kind = kind_of(object)?;
    let (title, path) =
        (crate::object::title(object), kind.path(namespace, crate::object::name(object)));
    let before = api.find(&path).await?;
    if let Some(before) = &before {
        if !is_ours(before, namespace) {
            return Err(ClusterError::Foreign { object: title }.into());
        }
        if before.pointer("/metadata/deletionTimestamp").is_some() {
            return Err(EngineError::BeingDeleted(title).into());
        }
        // A Schedule or a Workflow may change, as on the local stage.
        let fixed = kind.plural.ends_with("chaos");
        if fixed && !says_the_same(&object["spec"], &before["spec"]) {
            return Err(EngineError::Immutable(title).into());
        }
    }
    let how = if before.is_some() { Apply::Ours } else { Apply::Gently };
    let after = api.apply(&path, object, how).await.map_err(not_installed)?;
    Ok(match before {
        None => Applied::Created,
        Some(before)
            if before["metadata"]["resourceVersion"] == after["metadata"]["resourceVersion"] =>
        {
            Applied::Unchanged
        }
        Some(_) => Applied::Configured,
    })
}

/// How long is waited for pods that come or go, before an experiment.
pub const SETTLED: Duration = Duration::from_secs(8);

/// Whether no pod that an experiment would select is on its way in or out: one that goes takes its
/// fault with it, and one that comes later has none. Who may not look takes it to be so.
pub async fn victims_are_settled(api: &Api, namespace: &str, object: &Value) -> bool {
    let labels = object.pointer("/spec/selector/labelSelectors").and_then(Value::as_object);
    let Some(labels) = labels.filter(|labels| !labels.is_empty()) else { return true };
    let pairs = labels.iter().map(|(key, value)| {
        format!("{}%3D{}", key.replace('/', "%2F"), value.as_str().unwrap_or_default())
    });
    let path =
        format!("{}?labelSelector={}", POD.list(namespace), pairs.collect::<Vec<_>>().join("%2C"));
    let settled = |pod: &Value| {
        pod.pointer("/metadata/deletionTimestamp").is_none()
            && text(pod, "/status/phase") == "Running"
    };
    api.list(&path).await.map_or(true, |pods| pods.iter().all(settled))
}

/// Whether all that one says is in the other, which may say more: defaults of the server.
fn says_the_same(wanted: &Value, there: &Value) -> bool {
    match (wanted, there) {
        (Value::Object(wanted), Value::Object(there)) => wanted
            .iter()
            .all(|(key, value)| there.get(key).is_some_and(|there| says_the_same(value, there))),
        _ => wanted == there,
    }
}

fn kind_of(object: &Value) -> Result<&'static Kind, ClusterError> {
    find(text(object, "/apiVersion"), text(object, "/kind")).ok_or_else(|| ClusterError::Missing {
        what: format!("{} is not a kind of experiment", text(object, "/kind")),
        remedy: "use one of Chaos Mesh's".to_owned(),
    })
}

fn not_installed(why: ApiError) -> ClusterError {
    if why.code() != Some(404) {
        return why.into();
    }
    ClusterError::Missing {
        what: "Chaos Mesh is not installed in this cluster".to_owned(),
        remedy: "`tale doctor --on cluster` prints the command that installs it".to_owned(),
    }
}

/// All experiments in the namespace of a stage that are the stage's, or that its own have made.
///
/// # Errors
/// The API server does not answer.
pub async fn snapshot(api: &Api, namespace: &str) -> Result<Snapshot, ApiError> {
    let raw = all(api, namespace).await?;
    let mut objects: Vec<Object> = Vec::new();
    for (_, object) in &raw {
        if let Ok(object) = serde_json::from_value::<Object>(object.clone()) {
            objects.push(object);
        }
    }
    objects.sort_by(|a, b| {
        let key = |one: &Object| (one.kind.clone(), one.metadata.name.clone());
        key(a).cmp(&key(b))
    });
    // Who may not read events sees the objects all the same.
    let events = status::events(api, namespace).await.unwrap_or_default();
    let mut events: Vec<Event> = events.iter().filter_map(event).collect();
    events.sort_by_key(|event| event.last_timestamp);
    Ok(Snapshot { now: Timestamp::now(), objects, events })
}

/// The experiments as they are, with their kinds.
async fn all(api: &Api, namespace: &str) -> Result<Vec<(&'static Kind, Value)>, ApiError> {
    let mut found = Vec::new();
    let mut asked = tokio::task::JoinSet::new();
    for kind in EXPERIMENTS {
        let (api, path) = (api.clone(), kind.list(namespace));
        asked.spawn(async move { (kind, api.list(&path).await) });
    }
    while let Some(answer) = asked.join_next().await {
        let Ok((kind, list)) = answer else { continue };
        for mut object in list? {
            // A list says the kind once, for all of its items.
            object["kind"] = json!(kind.kind);
            object["apiVersion"] = json!(kind.api_version());
            found.push((kind, object));
        }
    }
    Ok(found)
}

fn event(object: &Value) -> Option<Event> {
    let of = |field: &str| text(object, &format!("/involvedObject/{field}"));
    if !of("apiVersion").starts_with(CHAOS) {
        return None;
    }
    let time = |field: &str| text(object, field).parse::<Timestamp>().ok();
    let last = time("/lastTimestamp").or(time("/eventTime"))?;
    let warning = text(object, "/type") == "Warning";
    Some(Event {
        kind: of("kind").to_owned(),
        namespace: of("namespace").to_owned(),
        name: of("name").to_owned(),
        uid: of("uid").to_owned(),
        owner: None,
        severity: if warning { Severity::Warning } else { Severity::Normal },
        reason: text(object, "/reason").to_owned(),
        source: text(object, "/source/component").to_owned(),
        message: text(object, "/message").to_owned(),
        count: number(object, "/count").max(1),
        first_timestamp: time("/firstTimestamp").unwrap_or(last),
        last_timestamp: last,
    })
}

/// Deletes the one experiment that a name means, and waits until it is gone. Returns a sentence if
/// it had to be helped.
///
/// # Errors
/// No object has this name, or several; it is somebody else's; it is not gone after `within`.
pub async fn remove(
    api: &Api,
    namespace: &str,
    name: &Name,
    within: Duration,
) -> Result<Option<String>, stage::StageError> {
    let all = all(api, namespace).await?;
    let mut meant = all
        .iter()
        .filter(|(kind, object)| name.means(kind.kind, namespace, crate::object::name(object)));
    let (kind, object) = match (meant.next(), meant.next()) {
        (Some(one), None) => one,
        (None, _) => return Err(EngineError::NotFound(name.to_string()).into()),
        (Some(one), Some(other)) => {
            let candidates =
                [one, other].map(|(_, object)| crate::object::title(object)).join(", ");
            return Err(EngineError::Ambiguous { name: name.to_string(), candidates }.into());
        }
    };
    if !is_ours(object, namespace) {
        return Err(ClusterError::Foreign { object: crate::object::title(object) }.into());
    }
    let path = kind.path(namespace, crate::object::name(object));
    api.delete(&path).await?;
    let helped = gone(api, &path, within).await?;
    Ok(helped)
}

/// Waits until an experiment is gone. What was never injected is let go of after some seconds, what
/// was injected when time is up: its finalizer is taken off, and the sentence says why.
///
/// # Errors
/// The API server refuses.
pub async fn gone(api: &Api, path: &str, within: Duration) -> Result<Option<String>, ClusterError> {
    let since = Instant::now();
    loop {
        let object = match api.find(path).await {
            Ok(None) => return Ok(None),
            Ok(Some(object)) => object,
            Err(why) if why.may_pass() && since.elapsed() < within => {
                tokio::time::sleep(LOOK_EVERY).await;
                continue;
            }
            Err(why) => return Err(why.into()),
        };
        let untouched = !items(&object, "/status/experiment/containerRecords")
            .iter()
            .any(|record| text(record, "/phase").starts_with("Injected"));
        let patience = if untouched { NOT_INJECTED.min(within) } else { within };
        if since.elapsed() >= patience {
            api.merge(path, &json!({"metadata": {"finalizers": null}}))
                .await
                .or_else(|why| if why.code() == Some(404) { Ok(Value::Null) } else { Err(why) })?;
            return Ok(Some(let_go(&object, untouched)));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Whether an experiment is being deleted for longer than it takes, or fails to begin.
pub fn is_stuck(object: &Value) -> bool {
    let mut conditions = items(object, "/status/conditions").iter();
    let injected =
        conditions.any(|one| text(one, "/type") == "AllInjected" && text(one, "/status") == "True");
    object.pointer("/metadata/deletionTimestamp").is_some()
        || !injected && failures(object).is_some()
}

fn let_go(object: &Value, untouched: bool) -> String {
    let title = crate::object::title(object);
    let said = failures(object).unwrap_or_else(|| "it does not say why".to_owned());
    if untouched {
        format!(
            "{title} was stuck in its deletion, although nothing was injected ({said}); its finalizer was taken off"
        )
    } else {
        let pods: Vec<&str> = items(object, "/status/experiment/containerRecords")
            .iter()
            .filter(|record| text(record, "/phase").starts_with("Injected"))
            .map(|record| text(record, "/id"))
            .collect();
        format!(
            "{title} did not recover in time ({said}); its finalizer was taken off. A new pod is free of the fault: delete {}",
            pods.join(", ")
        )
    }
}

/// The last message of the first record that failed.
fn failures(object: &Value) -> Option<String> {
    let records = items(object, "/status/experiment/containerRecords").iter();
    let mut events = records.flat_map(|record| items(record, "/events").iter().rev());
    let failed = events.find(|event| text(event, "/type") == "Failed")?;
    Some(text(failed, "/message").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_of_the_server_are_no_change() {
        let there = json!({"action": "error", "mode": "all", "duration": "5m"});
        assert!(says_the_same(&json!({"action": "error"}), &there));
        assert!(!says_the_same(&json!({"action": "random"}), &there));
        assert!(!says_the_same(&json!({"patterns": ["a"]}), &there));
    }
}
