//! Carries chaos out on the local stage: the seam between `chaos`, which knows when and whom, and
//! `stage`, which can.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use chaos::fault::{Fault, LONGEST_FAULT};
use chaos::injector::Injector;
use chaos::target::{Pod, Target};
use chaos::workflow::probe::{HttpProbe, ProbeAnswer};
use stage::StageError;
use stage::local::LocalStage;

use crate::probe;

/// The local stage as the engine sees it.
pub struct StageInjector(pub Arc<LocalStage>);

impl Injector for StageInjector {
    fn pods(&self) -> Vec<Pod> {
        let snapshot = self.0.snapshot();
        let pods = snapshot.pods.iter().filter(|pod| !pod.terminating);
        pods.map(|pod| Pod {
            namespace: pod.namespace.clone(),
            name: pod.name.clone(),
            labels: labels(&pod.labels),
            annotations: labels(&pod.annotations),
            phase: format!("{:?}", pod.phase),
            ip: pod.ip.to_string(),
            node: "local".to_owned(),
            containers: pod.containers.iter().map(|container| container.name.clone()).collect(),
            uid: pod.uid.clone(),
        })
        .collect()
    }

    async fn apply(
        &self,
        id: &str,
        fault: &Fault,
        target: &Target,
        expires: Option<SystemTime>,
    ) -> Result<Vec<String>, String> {
        let done = self.0.fault(target, id, fault, Some(instant(expires))).await;
        done.map_err(|why| match why {
            StageError::NotFound { kind: "Pod", .. } => format!("pod {target} is gone"),
            why => why.to_string(),
        })
    }

    async fn recover(&self, id: &str, fault: &Fault, target: &Target) -> Result<(), String> {
        match self.0.fault(target, id, fault, None).await {
            // What is gone has recovered.
            Ok(_) | Err(StageError::NotFound { .. } | StageError::Down) => Ok(()),
            Err(why) => Err(why.to_string()),
        }
    }

    async fn probe(&self, request: &HttpProbe) -> Result<ProbeAnswer, String> {
        probe::ask(probe::services(self.0.clone()), request).await
    }
}

fn labels(labels: &stage::manifest::Labels) -> BTreeMap<String, String> {
    labels.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The engine counts in wall-clock time, which journals survive in; the data plane in time that
/// nobody can set back.
fn instant(expires: Option<SystemTime>) -> Instant {
    let longest = Duration::from_secs(3600);
    let left =
        expires.map_or(longest, |at| at.duration_since(SystemTime::now()).unwrap_or_default());
    Instant::now() + left.min(LONGEST_FAULT)
}
