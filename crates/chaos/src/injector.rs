//! The seam to a stage: the engine decides when and whom, a stage owns the pods and acts on them.

use std::future::Future;
use std::time::SystemTime;

use crate::fault::Fault;
use crate::target::{Pod, Target};
use crate::workflow::probe::{HttpProbe, ProbeAnswer};

/// Carries faults out. Implemented by a stage.
///
/// The engine awaits at most one operation per target at a time, and drops the future of one that
/// takes too long.
pub trait Injector: Send + Sync + 'static {
    /// The pods that exist now.
    fn pods(&self) -> Vec<Pod>;

    /// Injects `fault` into `target`. It must lapse by itself at `expires`, at most
    /// 24 hours from now. A failed apply leaves nothing behind. `id` names the fault:
    /// applying one of the same id to the same target again replaces it. Faults that add up
    /// ([`Fault::adds_up`]) coexist on a target under different ids.
    ///
    /// Returns what the stage had to cut, a phrase each ("2 CPU workers instead of 64"): shown in
    /// `Clamped` events.
    ///
    /// # Errors
    /// The reason, which is shown in a `Failed` event; the engine tries again.
    fn apply(
        &self,
        id: &str,
        fault: &Fault,
        target: &Target,
        expires: Option<SystemTime>,
    ) -> impl Future<Output = Result<Vec<String>, String>> + Send;

    /// Removes the `fault` of this `id` from `target`. It succeeds, too, when the fault is not
    /// there or the pod is gone.
    ///
    /// # Errors
    /// The reason, which is shown in a `Failed` event; the engine tries again.
    fn recover(
        &self,
        id: &str,
        fault: &Fault,
        target: &Target,
    ) -> impl Future<Output = Result<(), String>> + Send;

    /// Sends one HTTP request and waits for the answer, at most as long as the request says. Names
    /// of Services are resolved as pods resolve them; redirects are followed, ten requests at most,
    /// as Go's client does.
    ///
    /// # Errors
    /// Why there was no answer: refused, timed out, not resolved. A StatusCheck counts it as a
    /// failure.
    fn probe(
        &self,
        request: &HttpProbe,
    ) -> impl Future<Output = Result<ProbeAnswer, String>> + Send {
        let url = request.url.clone();
        async move { Err(format!("{url}: this stage cannot send requests")) }
    }
}
