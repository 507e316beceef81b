//! Whether the service wants traffic.
//!
//! Not ready before it listens, and not ready again once it was asked to stop, so that Kubernetes
//! takes it out of the Service before its port closes.

use std::sync::Arc;

use rocket::tokio::sync::watch;

/// Clones share one answer, which is "no" at first.
#[derive(Clone)]
pub(super) struct Readiness(Arc<watch::Sender<bool>>);

impl Default for Readiness {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Readiness {
    pub(super) fn is_ready(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the service is ready.
    pub(super) async fn wait(&self) {
        // An error means that the sender is gone, but `self` is one.
        let _ = self.0.subscribe().wait_for(|ready| *ready).await;
    }

    pub(super) fn set(&self, ready: bool) {
        self.0.send_replace(ready);
    }
}
