//! What a tale needs of a stage, be it processes on a laptop or a cluster.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::local::LocalStage;
use crate::manifest::Manifests;
use crate::{Snapshot, StageError};

/// A future that any thread may run; boxed, so that `dyn Stage` works.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StageError>> + Send + 'a>>;

/// What a tale needs of a stage.
pub trait Stage: Send + Sync {
    /// Applies manifests; returns what does not apply on this stage.
    fn apply(&self, manifests: Manifests) -> BoxFuture<'_, Vec<String>>;
    /// Waits until a Deployment is rolled out and ready.
    fn wait_ready<'a>(
        &'a self,
        namespace: &'a str,
        deployment: &'a str,
        within: Duration,
    ) -> BoxFuture<'a, ()>;
    /// Sets variables of a Deployment, which rolls it out anew.
    fn set_env<'a>(
        &'a self,
        namespace: &'a str,
        deployment: &'a str,
        env: BTreeMap<String, String>,
    ) -> BoxFuture<'a, ()>;
    /// The stage as it is now.
    fn snapshot(&self) -> BoxFuture<'_, Arc<Snapshot>>;
    /// Where Prometheus answers, if this stage has one.
    fn prometheus_url(&self) -> Option<&str>;
    /// Where Alertmanager answers, if this stage has one.
    fn alertmanager_url(&self) -> Option<&str>;
    /// Ends what this stage started.
    fn down(&self) -> BoxFuture<'_, ()>;
}

impl Stage for LocalStage {
    fn apply(&self, manifests: Manifests) -> BoxFuture<'_, Vec<String>> {
        Box::pin(Self::apply(self, manifests))
    }

    fn wait_ready<'a>(
        &'a self,
        namespace: &'a str,
        deployment: &'a str,
        within: Duration,
    ) -> BoxFuture<'a, ()> {
        Box::pin(Self::wait_ready(self, namespace, deployment, within))
    }

    fn set_env<'a>(
        &'a self,
        namespace: &'a str,
        deployment: &'a str,
        env: BTreeMap<String, String>,
    ) -> BoxFuture<'a, ()> {
        Box::pin(Self::set_env(self, namespace, deployment, env))
    }

    fn snapshot(&self) -> BoxFuture<'_, Arc<Snapshot>> {
        Box::pin(async { Ok(self.status()) })
    }

    fn prometheus_url(&self) -> Option<&str> {
        Self::prometheus_url(self)
    }

    fn alertmanager_url(&self) -> Option<&str> {
        Self::alertmanager_url(self)
    }

    fn down(&self) -> BoxFuture<'_, ()> {
        Box::pin(Self::down(self))
    }
}
