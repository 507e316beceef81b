//! Whether the names that pods are to look up resolve at all. A story about DNS that fails begins
//! with DNS that works.

use std::time::{Duration, Instant};

use hyper::Method;
use serde_json::Value;

use super::ClusterStage;
use crate::error::ClusterError;
use crate::kinds::POD;
use crate::object::{items, name, selector, text};
use crate::{names, watch};

/// How long one lookup may take.
const LOOKUP: Duration = Duration::from_secs(8);
/// How long pods may take to go, and new ones to come.
const GONE: Duration = Duration::from_secs(40);
/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long a name may fail before it is said, when nothing was done to make it resolve.
const PATIENCE: Duration = Duration::from_secs(10);

impl ClusterStage {
    /// Has the names of the stories answered from within the cluster, if that was asked for.
    pub(super) async fn bring_names(&self) -> Result<(), ClusterError> {
        if self.options.demo_names {
            let since = Instant::now();
            let adaptation = names::bring(&self.api, self.namespace()).await?;
            self.step("CoreDNS answers for the stories", since, &adaptation.now);
            self.note(vec![adaptation]);
        }
        Ok(())
    }

    /// Waits until every pod that looks up a name gets an answer. Pods that had to do without for a
    /// while are made anew: what they leaked meanwhile is no part of the story.
    ///
    /// # Errors
    /// A name does not resolve, and what to do about it.
    pub(super) async fn names_resolve(
        &self,
        applied: &[Value],
        within: Duration,
    ) -> Result<(), ClusterError> {
        let since = Instant::now();
        let within = if self.options.demo_names { within } else { PATIENCE };
        let mut failed = None;
        loop {
            let Some(why) = self.unresolved(applied).await else { break };
            if since.elapsed() >= within {
                let remedy = match self.options.demo_names {
                    true => {
                        "look at the logs of CoreDNS: kubectl -n kube-system logs -l k8s-app=kube-dns"
                    }
                    false => {
                        "without a network, --with demo-names has the cluster's CoreDNS answer"
                    }
                };
                return Err(ClusterError::Missing { what: why, remedy: remedy.to_owned() });
            }
            failed = Some(why);
            tokio::time::sleep(LOOK_EVERY).await;
        }
        if let Some(why) = failed {
            self.make_anew(applied).await?;
            self.step("names resolve, and the pods are new", since, &format!("before that, {why}"));
        }
        Ok(())
    }

    async fn make_anew(&self, applied: &[Value]) -> Result<(), ClusterError> {
        let since = Instant::now();
        let asking = || applied.iter().filter(|one| hostname(one).is_some());
        let mut old = Vec::new();
        for deployment in asking() {
            for pod in self.pods_of(deployment).await {
                let path = POD.path(self.namespace(), name(&pod));
                self.api.delete(&path).await?;
                old.push(path);
            }
        }
        for path in old {
            while self.api.find(&path).await?.is_some() && since.elapsed() < GONE {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
        for deployment in asking() {
            watch::rolled_out(&self.api, self.namespace(), name(deployment), GONE).await?;
        }
        Ok(())
    }

    /// The first name that a pod is to look up and cannot; none, too, when nobody can tell.
    async fn unresolved(&self, applied: &[Value]) -> Option<String> {
        for deployment in applied {
            let Some(hostname) = hostname(deployment) else { continue };
            let hostname = hostname.trim_end_matches('.');
            let Some(pod) = self.pods_of(deployment).await.into_iter().next() else { continue };
            let path = POD.path(self.namespace(), &format!("http:{}:8000", name(&pod)));
            let path = format!("{path}/proxy/resolve/{hostname}");
            let asked = self.api.raw(Method::GET, &path, "text/plain", Vec::new(), LOOKUP).await;
            let Ok((status, body)) = asked else { continue };
            // The API server's own words are about the way there.
            let words = String::from_utf8_lossy(&body);
            if !status.is_success() && !words.contains("\"kind\":\"Status\"") {
                let from = name(deployment);
                return Some(format!(
                    "{hostname} does not resolve in {from}: {}",
                    words.trim().lines().next().unwrap_or_default()
                ));
            }
        }
        None
    }

    /// The pods of a Deployment that are not on their way out.
    async fn pods_of(&self, deployment: &Value) -> Vec<Value> {
        let path = format!("{}{}", POD.list(self.namespace()), selector(self.namespace()));
        let mut pods = self.api.list(&path).await.unwrap_or_default();
        let wanted = deployment.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
        pods.retain(|pod| {
            let labels = &pod["metadata"]["labels"];
            let stays = pod["metadata"]["deletionTimestamp"].is_null();
            stays && wanted.into_iter().flatten().all(|(key, value)| labels[key] == *value)
        });
        pods
    }
}

/// The name that the pods of a Deployment look up over and over.
fn hostname(deployment: &Value) -> Option<&str> {
    let containers = items(deployment, "/spec/template/spec/containers").iter();
    let mut env = containers.flat_map(|container| items(container, "/env"));
    let found = env.find(|variable| variable["name"] == "DNS_HOSTNAME")?;
    Some(text(found, "/value")).filter(|name| !name.is_empty())
}
