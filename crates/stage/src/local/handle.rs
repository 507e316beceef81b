//! What a tale and its chaos do to a running stage, as methods of its handle.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chaos::fault::{HttpFault, NetworkFault, StressFault};

use super::world::Command;
use super::{DnsRule, LocalStage, key};
use crate::StageError;

impl LocalStage {
    /// `kubectl set env deployment/..`: sets variables in all its containers, which rolls it out
    /// anew.
    ///
    /// # Errors
    /// [`StageError::NotFound`].
    pub async fn set_env(
        &self,
        namespace: &str,
        deployment: &str,
        env: BTreeMap<String, String>,
    ) -> Result<(), StageError> {
        self.ask(|reply| Command::SetEnv(key(namespace, deployment), env, reply)).await
    }

    /// What `kubectl set image` is to a cluster: another program for the first container, rolled
    /// out.
    ///
    /// # Errors
    /// [`StageError::NotFound`], or a program that is not there.
    pub async fn set_command(
        &self,
        namespace: &str,
        deployment: &str,
        command: Vec<String>,
    ) -> Result<(), StageError> {
        self.ask(|reply| Command::SetProgram(key(namespace, deployment), command, reply)).await
    }

    /// `kubectl scale deployment/..`.
    ///
    /// # Errors
    /// [`StageError::NotFound`].
    pub async fn scale(
        &self,
        namespace: &str,
        deployment: &str,
        replicas: u32,
    ) -> Result<(), StageError> {
        self.ask(|reply| Command::Scale(key(namespace, deployment), replicas, reply)).await
    }

    /// Ends a pod (SIGTERM, after `grace` SIGKILL; zero kills at once); its owner makes another one
    /// with another name.
    ///
    /// # Errors
    /// [`StageError::NotFound`].
    pub async fn kill_pod(
        &self,
        namespace: &str,
        pod: &str,
        grace: Duration,
    ) -> Result<(), StageError> {
        self.ask(|reply| Command::KillPod(key(namespace, pod), grace, reply)).await
    }

    /// Kills one container (the first when none is named); the same pod starts it again and counts
    /// the restart.
    ///
    /// # Errors
    /// [`StageError::NotFound`].
    pub async fn kill_container(
        &self,
        namespace: &str,
        pod: &str,
        container: Option<&str>,
    ) -> Result<(), StageError> {
        let container = container.map(str::to_owned);
        self.ask(|reply| Command::KillContainer(key(namespace, pod), container, reply)).await
    }

    /// Holds a pod down (nothing runs, its ports are closed) or lets it come up again: same pod,
    /// same address.
    ///
    /// # Errors
    /// [`StageError::NotFound`].
    pub async fn fail_pod(&self, namespace: &str, pod: &str, down: bool) -> Result<(), StageError> {
        self.ask(|reply| Command::FailPod(key(namespace, pod), down, reply)).await
    }

    /// Breaks the pod's name lookups according to `rule`, or mends them. A second rule replaces the
    /// first.
    ///
    /// # Errors
    /// [`StageError::NotFound`], or when `resolv.conf` cannot be written.
    pub async fn dns_fault(
        &self,
        namespace: &str,
        pod: &str,
        rule: Option<DnsRule>,
    ) -> Result<(), StageError> {
        self.ask(|reply| Command::DnsFault(key(namespace, pod), rule, reply)).await
    }

    /// Has workers compete for the CPU time and the memory limit of a container (the first when
    /// none is named) until that moment, or takes them away. `id` names the experiment; several on
    /// one container add up. What a laptop cannot spare is cut, with a `StressClamped` event.
    /// Returns what that was, a phrase each.
    ///
    /// # Errors
    /// [`StageError::NotFound`], an OOM score that needs privileges, or when a worker cannot be
    /// started.
    pub async fn stress_fault(
        &self,
        namespace: &str,
        pod: &str,
        id: &str,
        container: Option<&str>,
        fault: Option<(StressFault, Instant)>,
    ) -> Result<Vec<String>, StageError> {
        let (id, container) = (id.to_owned(), container.map(str::to_owned));
        self.ask(|reply| Command::StressFault(key(namespace, pod), id, container, fault, reply))
            .await
    }

    /// Breaks the HTTP messages of new connections to the pod through a Service until that moment,
    /// or mends them at once. `id` names the experiment; several on one pod apply in the order of
    /// their ids.
    ///
    /// # Errors
    /// [`StageError::NotFound`], or a part that HTTP does not allow.
    pub async fn http_fault(
        &self,
        namespace: &str,
        pod: &str,
        id: &str,
        fault: Option<(HttpFault, Instant)>,
    ) -> Result<(), StageError> {
        let fault = fault.map(|(fault, until)| (Box::new(fault), until));
        let id = id.to_owned();
        self.ask(|reply| Command::HttpFault(key(namespace, pod), id, fault, reply)).await
    }

    /// Shapes what the pod sends on connections through a Service, also on those that are open,
    /// until that moment, or lets it pass again. `id` names the experiment; what several on one pod
    /// do adds up.
    ///
    /// # Errors
    /// [`StageError::NotFound`], or an external peer that is no address and that cluster DNS does
    /// not know.
    pub async fn network_fault(
        &self,
        namespace: &str,
        pod: &str,
        id: &str,
        fault: Option<(NetworkFault, Instant)>,
    ) -> Result<(), StageError> {
        let id = id.to_owned();
        self.ask(|reply| Command::NetworkFault(key(namespace, pod), id, fault, reply)).await
    }
}
