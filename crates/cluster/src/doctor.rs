//! What is in the way in a cluster: each finding with an id, what was seen, and one command.
//!
//! Nothing is changed, unless [`fix`] is asked for. Who may look at one namespace only is told what
//! could not be looked at.

mod chaos_mesh;
mod monitoring;
mod rights;

use serde_json::Value;

use crate::api::{Api, ApiError};
use crate::connect::Connection;
use crate::error::ClusterError;
use crate::kinds::POD;
use crate::monitoring::{lies_there, node};
use crate::object::{name, selector, text};
use crate::{sweep, watch};

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `C03`: the same thing has the same id for ever.
    pub id: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Whether a tale can be played with it as it is, as far as could be seen.
    pub ok: bool,
    /// What was found.
    pub found: String,
    /// The command that puts it right.
    pub remedy: String,
}

impl Finding {
    fn well(id: &'static str, what: &'static str, found: impl Into<String>) -> Self {
        Self { id, what, ok: true, found: found.into(), remedy: String::new() }
    }

    fn wrong(
        id: &'static str,
        what: &'static str,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { id, what, ok: false, found: found.into(), remedy: remedy.into() }
    }

    /// Nobody could look.
    fn unseen(id: &'static str, what: &'static str, why: &ApiError) -> Self {
        Self::well(id, what, format!("could not look: {why}"))
    }
}

/// Looks at everything that a play in this namespace needs.
pub async fn examine(connection: &Connection, namespace: &str) -> Vec<Finding> {
    let api = &connection.api;
    let server = server(connection).await;
    let reachable = server.ok;
    let mut findings = vec![server];
    if !reachable {
        return findings;
    }
    findings.push(rights::examine(api, namespace).await);
    findings.extend(monitoring::examine(api, namespace).await);
    findings.push(images(api, namespace).await);
    findings.push(pods(api, namespace).await);
    findings.extend(chaos_mesh::examine(api, namespace).await);
    findings
}

/// Puts right what can be put right without touching what is not the stage's: its experiments that
/// do not begin or do not end are taken away. Returns what was done, a sentence each.
///
/// # Errors
/// The API server does not answer, or refuses.
pub async fn fix(connection: &Connection, namespace: &str) -> Result<Vec<String>, ClusterError> {
    sweep::stuck(&connection.api, namespace).await
}

async fn server(connection: &Connection) -> Finding {
    let (id, what) = ("C01", "API server");
    match connection.api.look("/version").await {
        Ok(version) => {
            let found = format!(
                "{} at {}, context {}",
                text(&version, "/gitVersion"),
                connection.server,
                connection.context
            );
            Finding::well(id, what, found)
        }
        Err(why) => {
            let remedy = format!("kubectl --context {} cluster-info", connection.context);
            Finding::wrong(id, what, why.to_string(), remedy)
        }
    }
}

/// Whether the image of our pods lies where they are to run.
async fn images(api: &Api, namespace: &str) -> Finding {
    let (id, what) = ("C06", "image of the programs");
    let pods = match ours(api, namespace).await {
        Ok(pods) => pods,
        Err(why) => return Finding::unseen(id, what, &why),
    };
    let image = pods.iter().find_map(|pod| {
        let image = text(pod, "/spec/containers/0/image");
        image.contains("tales:").then(|| image.to_owned())
    });
    let Some(image) = image else {
        return Finding::well(id, what, "no stage is up, so none is needed yet");
    };
    match lies_there(api, &image).await {
        Some(false) => {
            Finding::wrong(id, what, format!("{image} is on no node"), "./tale images load")
        }
        Some(true) => Finding::well(id, what, format!("{image} is on a node")),
        None => {
            Finding::well(id, what, format!("{image}; nobody may see whether it is on the nodes"))
        }
    }
}

/// Pods of the stage that do not come up.
async fn pods(api: &Api, namespace: &str) -> Finding {
    let (id, what) = ("C07", "pods of the stage");
    let pods = match ours(api, namespace).await {
        Ok(pods) => pods,
        Err(why) => return Finding::unseen(id, what, &why),
    };
    let trouble = pods.iter().find_map(|pod| Some((pod, watch::trouble(pod)?)));
    let Some((pod, trouble)) = trouble else {
        return Finding::well(id, what, format!("{} pods, none in trouble", pods.len()));
    };
    let log = watch::log(api, pod, &trouble.container).await;
    let log = if log.is_empty() { log } else { format!("; its log ends with:\n{log}\n") };
    let found = format!("{}: {}: {}{log}", name(pod), trouble.reason, trouble.message);
    Finding::wrong(id, what, found, format!("kubectl -n {namespace} describe pod {}", name(pod)))
}

async fn ours(api: &Api, namespace: &str) -> Result<Vec<Value>, ApiError> {
    api.list(&format!("{}{}", POD.list(namespace), selector(namespace))).await
}

/// The command that installs Chaos Mesh on the kind of node that is there.
async fn helm_line(api: &Api) -> String {
    let (runtime, kubelet) = node(api).await.unwrap_or_default();
    let socket = if kubelet.contains("k3s") {
        "/run/k3s/containerd/containerd.sock"
    } else {
        "/run/containerd/containerd.sock"
    };
    let settings = if runtime.starts_with("docker") {
        "chaosDaemon.runtime=docker,chaosDaemon.socketPath=/var/run/docker.sock".to_owned()
    } else {
        format!("chaosDaemon.runtime=containerd,chaosDaemon.socketPath={socket}")
    };
    format!(
        "helm upgrade --install chaos-mesh chaos-mesh --repo https://charts.chaos-mesh.org --version 2.8.3 -n chaos-mesh --create-namespace --set {settings},dashboard.create=false,controllerManager.replicaCount=1"
    )
}
