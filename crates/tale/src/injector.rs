//! Carries chaos out on the local stage: the seam between `chaos`, which knows when and whom, and
//! `stage`, which can.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use chaos::fault::{DnsAction, Fault, LONGEST_FAULT};
use chaos::injector::Injector;
use chaos::target::{Pod, Target};
use chaos::workflow::probe::{HttpProbe, ProbeAnswer};
use stage::StageError;
use stage::local::{self, DnsRule, LocalStage};

use crate::probe;

/// The local stage as the engine sees it.
pub struct StageInjector(pub Arc<LocalStage>);

impl Injector for StageInjector {
    fn pods(&self) -> Vec<Pod> {
        let snapshot = self.0.status();
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
        if !self.is_there(target) {
            return Err(format!("pod {target} is gone"));
        }
        let (namespace, pod) = (&target.namespace, &target.pod);
        let done = match fault {
            Fault::Dns(dns) => {
                let patterns = dns.patterns.clone();
                let rule = DnsRule {
                    action: match dns.action {
                        DnsAction::Error => local::DnsAction::Error,
                        DnsAction::Random => local::DnsAction::Random,
                    },
                    matches: Arc::new(move |name| {
                        std::str::from_utf8(name).is_ok_and(|name| patterns.matches(name))
                    }),
                    until: instant(expires),
                };
                self.0.dns_fault(namespace, pod, Some(rule)).await
            }
            Fault::PodKill { grace_seconds } => {
                self.0.kill_pod(namespace, pod, Duration::from_secs(*grace_seconds)).await
            }
            Fault::ContainerKill => {
                self.0.kill_container(namespace, pod, target.container.as_deref()).await
            }
            Fault::PodFailure => self.0.fail_pod(namespace, pod, true).await,
            Fault::Stress(stress) => {
                let stress = Some((stress.clone(), instant(expires)));
                let container = target.container.as_deref();
                let done = self.0.stress_fault(namespace, pod, id, container, stress);
                return done.await.map_err(|why| why.to_string());
            }
            Fault::Http(http) => {
                let http = Some((http.clone(), instant(expires)));
                self.0.http_fault(namespace, pod, id, http).await
            }
            Fault::Network(network) => {
                let network = Some((network.clone(), instant(expires)));
                self.0.network_fault(namespace, pod, id, network).await
            }
        };
        done.map_err(|why| why.to_string())?;
        Ok(Vec::new())
    }

    async fn recover(&self, id: &str, fault: &Fault, target: &Target) -> Result<(), String> {
        if !self.is_there(target) {
            return Ok(()); // what is gone has recovered
        }
        let (namespace, pod) = (&target.namespace, &target.pod);
        let done = match fault {
            Fault::Dns(_) => self.0.dns_fault(namespace, pod, None).await,
            Fault::PodFailure => self.0.fail_pod(namespace, pod, false).await,
            Fault::PodKill { .. } | Fault::ContainerKill => Ok(()),
            Fault::Stress(_) => {
                let container = target.container.as_deref();
                self.0.stress_fault(namespace, pod, id, container, None).await.map(drop)
            }
            Fault::Http(_) => self.0.http_fault(namespace, pod, id, None).await,
            Fault::Network(_) => self.0.network_fault(namespace, pod, id, None).await,
        };
        match done {
            Ok(()) | Err(StageError::NotFound { .. } | StageError::Down) => Ok(()),
            Err(why) => Err(why.to_string()),
        }
    }

    async fn probe(&self, request: &HttpProbe) -> Result<ProbeAnswer, String> {
        probe::ask(probe::services(self.0.clone()), request).await
    }
}

impl StageInjector {
    /// Whether the very pod that was selected still exists: its successor of the same name is
    /// somebody else.
    fn is_there(&self, target: &Target) -> bool {
        let snapshot = self.0.status();
        snapshot.pod(&target.namespace, &target.pod).is_some_and(|pod| pod.uid == target.uid)
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
