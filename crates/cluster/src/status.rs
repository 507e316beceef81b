//! A stage in a cluster at one moment, in the words that the local stage has for it.

use std::net::IpAddr;

use serde_json::Value;
use stage::manifest::Labels;
use stage::{
    ContainerStatus, DeploymentStatus, Event, EventKind, Exit, JobStatus, Phase, PodStatus,
    ServiceStatus, Snapshot,
};

use crate::api::{Api, ApiError};
use crate::kinds::{Kind, POD, find};
use crate::object::{items, name, number, selector, text};
use crate::watch::replicas;

static EVENT: Kind = Kind { kind: "Event", group: "", version: "v1", plural: "events" };
static SLICE: Kind = Kind {
    kind: "EndpointSlice",
    group: "discovery.k8s.io",
    version: "v1",
    plural: "endpointslices",
};

/// Events that are shown, at most.
const EVENTS: usize = 200;

/// The condition of a pod that is taken away by somebody who needs its place.
const DISRUPTED: &str = "DisruptionTarget";

/// A stage at one moment, and which of its pods was taken away by none of its acts.
pub(crate) struct Seen {
    /// Pods, Deployments, Jobs and Services; all but backends.
    pub(crate) snapshot: Snapshot,
    /// A sentence about a pod that was evicted.
    pub(crate) evicted: Option<String>,
}

/// Looks at the stage of a namespace.
///
/// # Errors
/// See [`ApiError`].
pub(crate) async fn look(api: &Api, namespace: &str) -> Result<Seen, ApiError> {
    let list = |kind: &Kind| format!("{}{}", kind.list(namespace), selector(namespace));
    let kind = |version, kind| find(version, kind).expect("it is in the list");
    let (pods, deployments, jobs, services) = (
        list(&POD),
        list(kind("apps/v1", "Deployment")),
        list(kind("batch/v1", "Job")),
        list(kind("v1", "Service")),
    );
    let (slices, events) = (SLICE.list(namespace), EVENT.list(namespace));
    let (pods, deployments, jobs, services, slices, events) = tokio::join!(
        api.list(&pods),
        api.list(&deployments),
        api.list(&jobs),
        api.list(&services),
        api.list(&slices),
        api.list(&events),
    );
    // Who may not read slices or events sees the rest.
    let (slices, events) = (slices.unwrap_or_default(), events.unwrap_or_default());
    let pods = pods?;
    let mut snapshot = Snapshot {
        pods: pods.iter().map(pod).collect(),
        deployments: deployments?.iter().map(deployment).collect(),
        jobs: jobs?.iter().map(job).collect(),
        services: services?.iter().map(|one| service(one, &slices)).collect(),
        ..Snapshot::default()
    };
    let mut events: Vec<Event> = events.iter().filter_map(event).collect();
    events.sort_by(|a, b| a.at.total_cmp(&b.at));
    snapshot.events = events.split_off(events.len().saturating_sub(EVENTS));
    Ok(Seen { snapshot, evicted: pods.iter().find_map(evicted) })
}

/// What became of a pod that was evicted: by the node, by the scheduler, or by somebody who drains.
fn evicted(pod: &Value) -> Option<String> {
    let told = |reason: &str, message: &str| {
        format!("{} was evicted ({reason}: {message}), which no act of the tale did", name(pod))
    };
    if text(pod, "/status/reason") == "Evicted" {
        return Some(told("Evicted", text(pod, "/status/message")));
    }
    let mut conditions = items(pod, "/status/conditions").iter();
    let disrupted =
        conditions.find(|one| text(one, "/type") == DISRUPTED && text(one, "/status") == "True")?;
    Some(told(text(disrupted, "/reason"), text(disrupted, "/message")))
}

fn pod(pod: &Value) -> PodStatus {
    let conditions = items(pod, "/status/conditions").iter();
    let ready = conditions.filter(|one| text(one, "/type") == "Ready");
    PodStatus {
        name: name(pod).to_owned(),
        namespace: text(pod, "/metadata/namespace").to_owned(),
        uid: text(pod, "/metadata/uid").to_owned(),
        labels: labels(pod, "/metadata/labels"),
        annotations: labels(pod, "/metadata/annotations"),
        owner: owner(pod),
        ip: text(pod, "/status/podIP").parse().ok(),
        node: text(pod, "/spec/nodeName").to_owned(),
        phase: phase(text(pod, "/status/phase")),
        ready: ready.clone().any(|one| text(one, "/status") == "True"),
        terminating: pod.pointer("/metadata/deletionTimestamp").is_some(),
        held_down: false,
        dns_fault: false,
        faults: Vec::new(),
        containers: items(pod, "/status/containerStatuses")
            .iter()
            .map(|status| container(status, ports(pod, text(status, "/name"))))
            .collect(),
    }
}

/// `Deployment/NAME` for the pods of its ReplicaSets, whose names end with the template's hash.
fn owner(pod: &Value) -> String {
    let owner = items(pod, "/metadata/ownerReferences").first();
    let Some(owner) = owner else { return String::new() };
    let (kind, name) = (text(owner, "/kind"), text(owner, "/name"));
    match (kind, name.rsplit_once('-')) {
        ("ReplicaSet", Some((deployment, _))) => format!("Deployment/{deployment}"),
        _ => format!("{kind}/{name}"),
    }
}

fn phase(text: &str) -> Phase {
    match text {
        "Pending" => Phase::Pending,
        "Running" => Phase::Running,
        "Succeeded" => Phase::Succeeded,
        "Failed" => Phase::Failed,
        _ => Phase::Unknown,
    }
}

fn container(status: &Value, ports: Vec<u16>) -> ContainerStatus {
    let waiting = text(status, "/state/waiting/reason");
    let ended = text(status, "/state/terminated/reason");
    let last = status.pointer("/lastState/terminated").or(status.pointer("/state/terminated"));
    ContainerStatus {
        name: text(status, "/name").to_owned(),
        ports,
        pid: None,
        waiting: [waiting, ended].into_iter().find(|one| !one.is_empty()).map(str::to_owned),
        ready: status.get("ready").and_then(Value::as_bool).unwrap_or_default(),
        restart_count: number(status, "/restartCount"),
        last_exit: last.map(|last| Exit {
            reason: text(last, "/reason").to_owned(),
            code: last
                .get("exitCode")
                .and_then(Value::as_i64)
                .unwrap_or_default()
                .try_into()
                .unwrap_or(-1),
        }),
        rss_bytes: None,
        log: None,
    }
}

/// The ports that a container declares.
fn ports(pod: &Value, name: &str) -> Vec<u16> {
    let containers = items(pod, "/spec/containers").iter();
    let ports =
        containers.filter(|one| text(one, "/name") == name).flat_map(|one| items(one, "/ports"));
    ports.filter_map(|port| number(port, "/containerPort").try_into().ok()).collect()
}

fn deployment(object: &Value) -> DeploymentStatus {
    let status = |field: &str| number(object, &format!("/status/{field}"));
    // A status that was written for an earlier generation says nothing about this one.
    let observed = status("observedGeneration") >= number(object, "/metadata/generation");
    let updated = if observed { status("updatedReplicas") } else { 0 };
    DeploymentStatus {
        name: name(object).to_owned(),
        namespace: text(object, "/metadata/namespace").to_owned(),
        replicas: replicas(object),
        updated,
        ready: status("readyReplicas"),
        updated_ready: updated.min(status("availableReplicas")),
        total: status("replicas"),
    }
}

fn job(object: &Value) -> JobStatus {
    let outcome = items(object, "/status/conditions").iter().find_map(|condition| {
        let holds = text(condition, "/status") == "True";
        match text(condition, "/type") {
            "Complete" if holds => Some(true),
            "Failed" if holds => Some(false),
            _ => None,
        }
    });
    JobStatus {
        name: name(object).to_owned(),
        namespace: text(object, "/metadata/namespace").to_owned(),
        active: number(object, "/status/active"),
        succeeded: number(object, "/status/succeeded"),
        failed: number(object, "/status/failed"),
        outcome,
    }
}

fn service(object: &Value, slices: &[Value]) -> ServiceStatus {
    let of_this = |slice: &&Value| {
        let label = "/metadata/labels/kubernetes.io~1service-name";
        text(slice, label) == name(object)
    };
    let endpoints = slices.iter().filter(of_this).flat_map(|slice| items(slice, "/endpoints"));
    let ready = endpoints
        .filter(|one| one.pointer("/conditions/ready").and_then(Value::as_bool) != Some(false))
        .flat_map(|one| items(one, "/addresses"));
    let ports = items(object, "/spec/ports").iter();
    ServiceStatus {
        name: name(object).to_owned(),
        namespace: text(object, "/metadata/namespace").to_owned(),
        ip: text(object, "/spec/clusterIP").parse().ok(),
        ports: ports.filter_map(|port| number(port, "/port").try_into().ok()).collect(),
        ready: ready.filter_map(address).collect(),
    }
}

fn address(value: &Value) -> Option<IpAddr> {
    value.as_str()?.parse().ok()
}

fn event(object: &Value) -> Option<Event> {
    let at = ["/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"]
        .into_iter()
        .find_map(|place| text(object, place).parse::<jiff::Timestamp>().ok())?;
    let involved = |field: &str| text(object, &format!("/involvedObject/{field}"));
    let warning = text(object, "/type") == "Warning";
    Some(Event {
        at: at.as_millisecond() as f64 / 1000.0,
        kind: if warning { EventKind::Warning } else { EventKind::Normal },
        reason: text(object, "/reason").to_owned(),
        object: format!("{}/{}", involved("kind"), involved("name")),
        message: text(object, "/message").to_owned(),
    })
}

fn labels(object: &Value, pointer: &str) -> Labels {
    let map = object.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
    map.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// The objects of events, for those who look at experiments.
pub(crate) async fn events(api: &Api, namespace: &str) -> Result<Vec<Value>, ApiError> {
    api.list(&EVENT.list(namespace)).await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_eviction_is_told_from_a_rollout() {
        let plain = json!({"metadata": {"name": "a", "deletionTimestamp": "2026-01-01T00:00:00Z"}});
        assert_eq!(evicted(&plain), None);
        let mut drained = plain;
        drained["status"]["conditions"] = json!([{"type": "DisruptionTarget", "status": "True",
            "reason": "EvictionByEvictionAPI", "message": "drained"}]);
        assert!(evicted(&drained).unwrap().contains("EvictionByEvictionAPI: drained"));
    }

    #[test]
    fn a_pod_belongs_to_the_deployment_of_its_replica_set() {
        let owners = json!([{"kind": "ReplicaSet", "name": "dns-leaker-o11y-5c9f7b6d8f"}]);
        let object = json!({"metadata": {"name": "x", "ownerReferences": owners}});
        assert_eq!(owner(&object), "Deployment/dns-leaker-o11y");
        let owners = json!([{"kind": "StatefulSet", "name": "prometheus-tales"}]);
        let object = json!({"metadata": {"name": "x", "ownerReferences": owners}});
        assert_eq!(owner(&object), "StatefulSet/prometheus-tales");
    }

    #[test]
    fn right_after_it_was_applied_nothing_is_rolled_out() {
        let mut object = json!({"metadata": {"name": "a", "generation": 2}, "spec": {"replicas": 1},
            "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}});
        assert!(!deployment(&object).complete());
        object["status"]["observedGeneration"] = json!(2);
        assert!(deployment(&object).complete());
    }
}
