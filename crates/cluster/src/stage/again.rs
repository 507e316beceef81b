//! What is not a part of a play: beginning anew after a rehearsal, and telling what would be
//! applied.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

use serde_json::Value;
use stage::SourceFile;

use super::ClusterStage;
use crate::api::Apply;
use crate::error::ClusterError;
use crate::kinds::{self, POD, find};
use crate::object::{is_ours, name, selector, text, title};
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
        for pod in &old {
            self.api.delete(&POD.path(self.namespace(), name(pod))).await?;
        }
        let uids: Vec<&str> = old.iter().map(|pod| text(pod, "/metadata/uid")).collect();
        while self.pods().await?.iter().any(|pod| uids.contains(&text(pod, "/metadata/uid"))) {
            if since.elapsed() >= AGAIN {
                let what = "the earlier pods are gone".to_owned();
                let seen = "some are still there".to_owned();
                return Err(ClusterError::Late { what, seconds: AGAIN.as_secs(), seen });
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let deployments = self.live("apps/v1", "Deployment").await?;
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
