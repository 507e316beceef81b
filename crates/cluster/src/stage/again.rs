//! What is not a part of a play: beginning anew after a rehearsal, and telling what would be
//! applied.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stage::{NamespacedName, SourceFile, StageError};

use super::ClusterStage;
use crate::adapt::{moves_images, pulls, serves, set_env};
use crate::api::Apply;
use crate::error::ClusterError;
use crate::kinds::{self, POD, find};
use crate::object::{is_ours, name, number, selector, text, title};
use crate::{sweep, watch};

/// How long everything may take to be there again.
const AGAIN: Duration = Duration::from_secs(60);
/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_millis(250);

impl ClusterStage {
    /// Ends experiments, and replaces all pods of the stage: leaks, budgets and what Prometheus
    /// remembers are gone.
    ///
    /// # Errors
    /// The API server refuses, or something does not come up again.
    pub async fn reset(&self) -> Result<(), ClusterError> {
        let since = Instant::now();
        let swept = sweep::experiments(&self.api, self.namespace()).await?;
        for sentence in &swept.sentences {
            self.step("an experiment had to be helped", since, sentence);
        }
        self.step("experiments are over", since, &format!("{} objects", swept.objects));
        let since = Instant::now();
        let old = self.pods().await?;
        // A new registry is empty: what is pulled from it comes when its pipeline has run again.
        let (pulling, others): (Vec<&Value>, Vec<&Value>) = old.iter().partition(|pod| pulls(pod));
        let mut jobs = self.live("batch/v1", "Job").await?;
        // Whoever is asked to end, and ends well, would be done: a Job is made anew.
        jobs.retain(|job| moves_images(job) || number(job, "/status/succeeded") == 0);
        let deployments = self.live("apps/v1", "Deployment").await?;
        let kind = find("batch/v1", "Job").expect("it is in the list");
        for job in &jobs {
            self.remove_job(kind, &kind.path(self.namespace(), name(job))).await?;
        }
        self.take_away(&others).await?;
        for job in &jobs {
            let path = kind.path(self.namespace(), name(job));
            self.api.apply(&path, &anew(job), Apply::Gently).await?;
        }
        for deployment in deployments.iter().filter(|deployment| serves(deployment)) {
            watch::rolled_out(&self.api, self.namespace(), name(deployment), AGAIN).await?;
        }
        for job in jobs.iter().filter(|job| moves_images(job)) {
            watch::done(&self.api, self.namespace(), name(job), AGAIN).await?;
        }
        self.take_away(&pulling).await?;
        for deployment in &deployments {
            watch::rolled_out(&self.api, self.namespace(), name(deployment), AGAIN).await?;
        }
        self.step("pods are new", since, &format!("{} pods", old.len()));
        // What Prometheus is to have is in the cluster, whoever applied it.
        let mut applied = Vec::new();
        for (version, kind) in [
            ("monitoring.coreos.com/v1", "ServiceMonitor"),
            ("monitoring.coreos.com/v1", "Probe"),
            ("monitoring.coreos.com/v1", "PrometheusRule"),
            ("monitoring.coreos.com/v1alpha1", "AlertmanagerConfig"),
        ] {
            applied.extend(self.live(version, kind).await?);
        }
        *self.applied() = applied;
        let settled = stage::Stage::settle(self, AGAIN).await;
        settled.map_err(|why| ClusterError::Late {
            what: "Prometheus has everything again".to_owned(),
            seconds: AGAIN.as_secs(),
            seen: why.to_string(),
        })
    }

    /// Every field that differs from the files, and what the server thinks of each document.
    ///
    /// # Errors
    /// A document that cannot be played here, or a server that does not answer.
    pub async fn rehearse(
        &self,
        files: &[SourceFile],
        env: &BTreeMap<String, String>,
    ) -> Result<String, ClusterError> {
        let documents = self.documents(files, env).await?;
        let mut text = String::new();
        for change in documents.iter().flat_map(|document| &document.changes) {
            let _ = writeln!(text, "{change}");
        }
        let _ = writeln!(text);
        for document in &documents {
            let path = document.kind.path(self.namespace(), name(&document.object));
            let there = self.api.find(&path).await?;
            let ours = there.as_ref().map(|there| is_ours(there, self.namespace()));
            let verdict = match (ours, self.api.apply(&path, &document.object, Apply::DryRun).await)
            {
                (Some(false), _) => {
                    "is there already and is not this stage's: `up` would stop here".to_owned()
                }
                (Some(true), Ok(_)) => "would be configured".to_owned(),
                (None, Ok(_)) => "would be created".to_owned(),
                // Nothing can be tried in a namespace that is not there yet.
                (None, Err(why)) if why.code() == Some(404) => {
                    "would be created, with its namespace".to_owned()
                }
                (_, Err(why)) => why.to_string(),
            };
            let _ = writeln!(text, "{}: {verdict}", title(&document.object));
        }
        Ok(text)
    }

    /// Until they are gone.
    async fn take_away(&self, pods: &[&Value]) -> Result<(), ClusterError> {
        let since = Instant::now();
        for pod in pods {
            self.api.delete(&POD.path(self.namespace(), name(pod))).await?;
        }
        let uids: Vec<&str> = pods.iter().map(|pod| text(pod, "/metadata/uid")).collect();
        while self.pods().await?.iter().any(|pod| uids.contains(&text(pod, "/metadata/uid"))) {
            if since.elapsed() >= AGAIN {
                let what = "the earlier pods are gone".to_owned();
                let seen = "some are still there".to_owned();
                return Err(ClusterError::Late { what, seconds: AGAIN.as_secs(), seen });
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Sets variables in a Deployment that another process has applied.
    pub(super) async fn set_env_there(
        &self,
        path: &str,
        deployment: &NamespacedName,
        env: &BTreeMap<String, String>,
    ) -> Result<Value, StageError> {
        let there = self.api.find(path).await?;
        let ours = there.filter(|there| is_ours(there, self.namespace()));
        let mut object = ours.ok_or_else(|| StageError::NotFound {
            kind: "Deployment",
            name: deployment.to_string(),
        })?;
        set_env(&mut object, env);
        let containers = &object["spec"]["template"]["spec"]["containers"];
        let change = json!({"spec": {"template": {"spec": {"containers": containers}}}});
        Ok(self.api.merge(path, &change).await?)
    }

    async fn pods(&self) -> Result<Vec<Value>, ClusterError> {
        let path = format!("{}{}", POD.list(self.namespace()), selector(self.namespace()));
        Ok(self.api.list(&path).await?)
    }

    /// The stage's objects of a kind, as they are.
    pub(super) async fn live(&self, version: &str, kind: &str) -> Result<Vec<Value>, ClusterError> {
        let kind: &kinds::Kind = find(version, kind).expect("it is in the list");
        let path = format!("{}{}", kind.list(self.namespace()), selector(self.namespace()));
        let mut list = self.api.list(&path).await?;
        for object in &mut list {
            object["kind"] = kind.kind.into();
        }
        Ok(list)
    }
}

/// A Job as it was before it was there: without what the API server has put into it.
fn anew(job: &Value) -> Value {
    let mut spec = job["spec"].clone();
    let ours = |label: &String| !label.contains("controller-uid") && !label.contains("job-name");
    if let Some(labels) =
        spec.pointer_mut("/template/metadata/labels").and_then(Value::as_object_mut)
    {
        labels.retain(|label, _| ours(label));
    }
    if let Some(spec) = spec.as_object_mut() {
        spec.remove("selector");
    }
    let meta = |field: &str| job["metadata"][field].clone();
    json!({"apiVersion": "batch/v1", "kind": "Job", "spec": spec, "metadata": {
        "name": meta("name"), "namespace": meta("namespace"),
        "labels": meta("labels"), "annotations": meta("annotations"),
    }})
}
