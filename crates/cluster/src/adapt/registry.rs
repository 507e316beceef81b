//! Images from a registry that is on the stage itself. On a laptop its name leads there for
//! everybody; a kubelet knows no Service by name, and asks at a port of its own node.
//!
//! So the registry gets its Service's port on the node as well (`hostPort`), and whose image comes
//! from it runs on that node, and names `127.0.0.1`: container runtimes speak plain HTTP to it
//! without being told.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Notes;
use crate::object::{items, name, object_at, text};

/// The program, in `command`.
const PROGRAM: &str = "registry";
/// A pipeline's, that fills it.
const PUSH: [&str; 3] = ["load", "images", "push"];
/// Its beginning, also where it tests what it has pushed.
const IMAGES: [&str; 2] = ["load", "images"];
/// What makes its images such that they can be run.
const RUNNABLE: &str = "--with-programs";
/// The node itself, for who runs on it.
const HERE: &str = "127.0.0.1";

/// What a document has to do with a registry of the stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Nothing.
    None,
    /// It is one.
    Serves,
    /// It brings images to one.
    Fills,
    /// Its own images come from one.
    Pulls,
}

/// The Services among some documents, by name.
pub(crate) fn services<'d>(documents: impl Iterator<Item = &'d Value>) -> BTreeMap<String, Value> {
    let services = documents.filter(|document| text(document, "/kind") == "Service");
    services.map(|service| (name(service).to_owned(), service["spec"].clone())).collect()
}

pub(super) fn adapt(
    document: &mut Value,
    services: &BTreeMap<String, Value>,
    notes: &mut Notes,
) -> Part {
    let mut part = Part::None;
    if text(document, "/kind") == "Deployment" && serve(document, services, notes) {
        part = Part::Serves;
    }
    if text(document, "/kind") == "Job" && fill(document, notes) {
        part = Part::Fills;
    }
    match pull(document, services, notes) {
        true => Part::Pulls,
        false => part,
    }
}

/// A port of the node, which has one owner at a time.
fn serve(document: &mut Value, services: &BTreeMap<String, Value>, notes: &mut Notes) -> bool {
    let labels = document.pointer("/spec/template/metadata/labels").cloned().unwrap_or_default();
    let mut ports = services.values().filter(|service| selects(service, &labels));
    let Some(ports) = ports.next().map(|service| items(service, "/ports").to_vec()) else {
        return false;
    };
    let mut serves = false;
    each_container(document, |field, container| {
        if container.get("command").is_none_or(|command| command[0] != PROGRAM) {
            return;
        }
        let list = container.get_mut("ports").and_then(Value::as_array_mut);
        for (index, port) in list.into_iter().flatten().enumerate() {
            let named = port["name"].clone();
            let outside = ports.iter().find(|one| one["targetPort"] == named);
            // The pods' way in; the admin port is nobody's but Prometheus'.
            if let (Some(outside), Some(port), true) =
                (outside, port.as_object_mut(), named == "http")
            {
                let field = format!("{field}.ports[{index}].hostPort");
                let why = "the kubelet pulls from a port of its node";
                notes.set(port, "hostPort", &field, outside["port"].clone(), why);
                serves = true;
            }
        }
    });
    if serves {
        let why = "a port of a node has one owner";
        let spec = object_at(document, "/spec");
        notes.set(spec, "strategy", "spec.strategy", json!({"type": "Recreate"}), why);
    }
    serves
}

/// What a kubelet runs needs its program inside.
fn fill(document: &mut Value, notes: &mut Notes) -> bool {
    let mut fills = false;
    each_container(document, |field, container| {
        let Some(Value::Array(command)) = container.get("command") else { return };
        if !command.starts_with(&PUSH.map(Value::from)) {
            return;
        }
        let mut longer = command.clone();
        if !longer.iter().any(|word| word == RUNNABLE) {
            longer.push(json!(RUNNABLE));
        }
        let (field, why) = (format!("{field}.command"), "what a kubelet runs has to be in it");
        notes.set(container, "command", &field, json!(longer), why);
        fills = true;
    });
    fills
}

/// `registry:5000/shop/vienna:v1` is asked for at port 5000 of the node on which the registry is.
fn pull(document: &mut Value, services: &BTreeMap<String, Value>, notes: &mut Notes) -> bool {
    let mut from = None;
    each_container(document, |field, container| {
        let image = container.get("image").and_then(Value::as_str).unwrap_or_default();
        let Some((host, rest)) = image.split_once(':') else { return };
        // Behind the colon is a port only where a path follows.
        let Some(service) = services.get(host).filter(|_| rest.contains('/')) else { return };
        from = Some(service["selector"].clone());
        let here = json!(format!("{HERE}:{rest}"));
        let why = "no kubelet knows a Service by its name";
        notes.set(container, "image", &format!("{field}.image"), here, why);
        let (policy, why) =
            ("imagePullPolicy", "every stage has images of its own, of the same names");
        notes.set(container, policy, &format!("{field}.{policy}"), json!("Always"), why);
    });
    let Some(selector) = from else { return false };
    let near = json!([{"labelSelector": {"matchLabels": selector},
        "topologyKey": "kubernetes.io/hostname"}]);
    let affinity = object_at(document, "/spec/template/spec/affinity/podAffinity");
    let (key, field) = (
        "requiredDuringSchedulingIgnoredDuringExecution",
        "spec.template.spec.affinity.podAffinity",
    );
    notes.set(affinity, key, field, near, "its image is on the registry's node");
    true
}

/// Whether a Deployment, as it is in the cluster, is a registry of the stage.
pub(crate) fn serves(deployment: &Value) -> bool {
    let ports = "/spec/template/spec/containers/0/ports";
    items(deployment, ports).iter().any(|port| port.get("hostPort").is_some())
}

/// Whether a Job, as it is in the cluster, fills a registry or pulls from one.
pub(crate) fn moves_images(job: &Value) -> bool {
    items(job, "/spec/template/spec/containers/0/command").starts_with(&IMAGES.map(Value::from))
}

/// Whether the images of a pod come from a registry of the stage.
pub(crate) fn pulls(pod: &Value) -> bool {
    let mut containers = items(pod, "/spec/containers").iter();
    containers.any(|one| text(one, "/image").starts_with(HERE))
}

/// Whether a Service leads to pods with these labels.
fn selects(service: &Value, labels: &Value) -> bool {
    let selector = service["selector"].as_object().filter(|selector| !selector.is_empty());
    selector.is_some_and(|wanted| wanted.iter().all(|(key, value)| labels.get(key) == Some(value)))
}

fn each_container(document: &mut Value, mut visit: impl FnMut(&str, &mut Map<String, Value>)) {
    for list in ["initContainers", "containers"] {
        let found = document.pointer_mut(&format!("/spec/template/spec/{list}"));
        let containers = found.and_then(Value::as_array_mut).into_iter().flatten();
        for (index, container) in containers.enumerate() {
            if let Some(container) = container.as_object_mut() {
                visit(&format!("spec.template.spec.{list}[{index}]"), container);
            }
        }
    }
}
