//! Who is there, and how their pods are.

use serde_json::Value;

use super::objects::{is_of, selector};
use super::{WORKSHOP, WorkshopName};
use crate::api::Api;
use crate::error::ClusterError;
use crate::kinds::POD;
use crate::object::{items, name, number, text};
use crate::watch;

/// An attendee, as the cluster has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The workshop's name.
    pub workshop: String,
    /// The attendee's name, which is that of the namespace.
    pub attendee: String,
    /// How the pod is, in words.
    pub state: String,
    /// Whether it can be got into.
    pub ready: bool,
    /// How often its container had to be started again.
    pub restarts: u32,
    /// Since when the pod is what it is; the namespace, while there is none (RFC 3339).
    pub since: String,
}

/// The attendees of a workshop, or of all.
///
/// # Errors
/// The API server refuses.
pub async fn list(api: &Api, workshop: Option<&WorkshopName>) -> Result<Vec<Row>, ClusterError> {
    let namespaces = api.list(&format!("/api/v1/namespaces{}", selector(workshop))).await?;
    let pods = api.list(&format!("{}{}", POD.list_all(), selector(workshop))).await?;
    let mut rows: Vec<Row> = namespaces
        .iter()
        // The selector is the server's word; this one is ours.
        .filter(|namespace| is_of(namespace, workshop))
        .map(|namespace| {
            let pod = pods.iter().find(|pod| text(pod, "/metadata/namespace") == name(namespace));
            row(namespace, pod)
        })
        .collect();
    rows.sort_by(|a, b| (a.attendee.len(), &a.attendee).cmp(&(b.attendee.len(), &b.attendee)));
    Ok(rows)
}

fn row(namespace: &Value, pod: Option<&Value>) -> Row {
    let leaving = text(namespace, "/status/phase") == "Terminating";
    let state = state(pod);
    let changed = pod.and_then(|pod| {
        let mut all = items(pod, "/status/conditions").iter();
        all.find(|one| text(one, "/type") == "Ready").map(|one| text(one, "/lastTransitionTime"))
    });
    let since = changed.unwrap_or_else(|| text(namespace, "/metadata/creationTimestamp"));
    Row {
        workshop: namespace["metadata"]["labels"][WORKSHOP].as_str().unwrap_or_default().to_owned(),
        attendee: name(namespace).to_owned(),
        ready: state.ready && !leaving,
        state: if leaving { "is being removed".to_owned() } else { state.words },
        restarts: pod.map_or(0, |pod| number(pod, "/status/containerStatuses/0/restartCount")),
        since: since.to_owned(),
    }
}

/// How a pod is.
pub(super) struct State {
    pub(super) ready: bool,
    /// Waiting does not help.
    pub(super) hopeless: bool,
    pub(super) words: String,
}

/// How a pod is; none is one that was not made yet.
pub(super) fn state(pod: Option<&Value>) -> State {
    let waits = |words: &str| State { ready: false, hopeless: false, words: words.to_owned() };
    let Some(pod) = pod else {
        return waits(
            "has no pod yet; `kubectl describe statefulset stage` in the namespace says why",
        );
    };
    if pod.pointer("/metadata/deletionTimestamp").is_some() {
        return waits("begins anew");
    }
    let container = "/status/containerStatuses/0";
    if pod.pointer(&format!("{container}/ready")).and_then(Value::as_bool) == Some(true) {
        let last = text(pod, &format!("{container}/lastState/terminated/reason"));
        let words = match last {
            "OOMKilled" => "ready; its memory ran out, and it was started again".to_owned(),
            _ => "ready".to_owned(),
        };
        return State { ready: true, hopeless: false, words };
    }
    match watch::trouble(pod) {
        Some(trouble) => {
            // Room may be made yet, and a node may be on its way.
            let hopeless = trouble.reason != "Unschedulable";
            let words = format!("{}: {}", trouble.reason, trouble.message);
            State { ready: false, hopeless, words: words.trim_end_matches([':', ' ']).to_owned() }
        }
        None => waits("is starting"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn how_a_pod_is_stands_in_words() {
        assert!(state(None).words.contains("no pod yet"));
        let pod = |status: Value| json!({"status": {"containerStatuses": [status]}});
        let ready = pod(json!({"ready": true, "restartCount": 1,
            "lastState": {"terminated": {"reason": "OOMKilled"}}}));
        let state_of = |pod: &Value| state(Some(pod));
        assert!(state_of(&ready).ready && state_of(&ready).words.contains("memory ran out"));
        let image = pod(json!({"ready": false, "restartCount": 0,
            "state": {"waiting": {"reason": "ErrImagePull", "message": "no such host"}}}));
        assert!(state_of(&image).hopeless);
        assert_eq!(state_of(&image).words, "ErrImagePull: no such host");
        let full = json!({"status": {"conditions": [{"type": "PodScheduled", "status": "False",
            "reason": "Unschedulable", "message": "Insufficient memory"}]}});
        assert!(!state_of(&full).hopeless && state_of(&full).words.contains("Insufficient"));
    }
}
