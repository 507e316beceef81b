//! Whether the names that pods are to look up resolve at all. A story about DNS that fails begins
//! with DNS that works.

use std::time::{Duration, Instant};

use serde_json::Value;
use stage::ADMIN_PORT;

use super::ClusterStage;
use crate::error::ClusterError;
use crate::kinds::POD;
use crate::object::{items, name, selector, text};
use crate::pod::{PodPort, Question};
use crate::{names, watch};

/// Where pods are asked for what they are for.
const BUSINESS: u16 = 8000;
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
        if failed.is_none() && self.options.demo_names && self.asked_in_vain(applied).await {
            failed = Some("lookups failed until CoreDNS had taken it in".to_owned());
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

    /// The first name of the stories that a pod is to look up and cannot; none, too, when nobody
    /// can tell.
    async fn unresolved(&self, applied: &[Value]) -> Option<String> {
        for deployment in applied {
            let Some(hostname) = hostname(deployment) else { continue };
            let Some(pod) = self.pods_of(deployment).await.into_iter().next() else { continue };
            let from = PodPort { port: BUSINESS, ..self.admin_of(&pod) };
            let question = Question::get(format!("/resolve/{hostname}"));
            let Ok((status, body)) = from.ask(&self.api, question, LOOKUP).await else { continue };
            // The API server's own words are about the way there.
            let words = String::from_utf8_lossy(&body);
            if !status.is_success() && !words.contains("\"kind\":\"Status\"") {
                let (from, words) = (name(deployment), words.trim().lines().next().unwrap_or("?"));
                return Some(format!("{hostname} does not resolve in {from}: {words}"));
            }
        }
        None
    }

    /// Whether a pod has asked in vain: while CoreDNS took in what it was given, say.
    async fn asked_in_vain(&self, applied: &[Value]) -> bool {
        for deployment in applied.iter().filter(|one| hostname(one).is_some()) {
            for pod in self.pods_of(deployment).await {
                let question = Question::get("/metrics");
                let answer = self.admin_of(&pod).ask(&self.api, question, LOOKUP).await;
                let text = answer.map(|(_, body)| String::from_utf8_lossy(&body).into_owned());
                let text = text.unwrap_or_default();
                let lookups = text.lines().filter(|line| line.starts_with("dns_lookups_total{"));
                let failed = |line: &str| !line.contains("result=\"ok\"") && !line.ends_with(" 0");
                if lookups.into_iter().any(failed) {
                    return true;
                }
            }
        }
        false
    }

    fn admin_of(&self, pod: &Value) -> PodPort {
        let namespace = self.namespace().to_owned();
        PodPort { namespace, pod: name(pod).to_owned(), port: ADMIN_PORT }
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

/// The name of the stories that the pods of a Deployment look up over and over.
fn hostname(deployment: &Value) -> Option<&str> {
    let containers = items(deployment, "/spec/template/spec/containers").iter();
    let mut env = containers.flat_map(|container| items(container, "/env"));
    let found = env.find(|variable| variable["name"] == "DNS_HOSTNAME")?;
    let name = text(found, "/value").trim_end_matches('.');
    names::NAMES.contains(&name).then_some(name)
}
