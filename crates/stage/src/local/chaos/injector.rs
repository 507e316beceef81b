//! The stage as the chaos engine sees it: pods to select from, and somebody who carries faults out.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use chaos::engine::{Engine, EngineError, Options};
use chaos::fault::{Fault, LONGEST_FAULT};
use chaos::injector::Injector;
use chaos::target::{Pod, Target};
use chaos::workflow::probe::{HttpProbe, ProbeAnswer};

use super::probe;
use crate::StageError;
use crate::local::command::FaultChange;
use crate::local::handle::WeakTaskHandle;

/// How long a fault lasts for which nobody says when it ends.
const WITHOUT_END: Duration = Duration::from_secs(3600);

/// Starts the engine for a stage. What an earlier one left in `journal` is undone first.
pub(crate) async fn start_engine(
    stage: WeakTaskHandle,
    journal: &Path,
    seed: u64,
) -> Result<Engine, EngineError> {
    let options = Options { seed, ..Options::default() };
    Engine::start(Arc::new(StageInjector(stage)), journal, options).await
}

/// Does not keep the stage alive: the engine goes with the stage, not the stage with the engine.
struct StageInjector(WeakTaskHandle);

impl Injector for StageInjector {
    fn pods(&self) -> Vec<Pod> {
        self.0.view().snapshot().selectable()
    }

    async fn apply(
        &self,
        id: &str,
        fault: &Fault,
        target: &Target,
        expires: Option<SystemTime>,
    ) -> Result<Vec<String>, String> {
        let done = self.set(id, fault, target, Some(instant(expires))).await;
        done.map_err(|why| match why {
            StageError::NotFound { kind: "Pod", .. } => format!("pod {target} is gone"),
            why => why.to_string(),
        })
    }

    async fn recover(&self, id: &str, fault: &Fault, target: &Target) -> Result<(), String> {
        match self.set(id, fault, target, None).await {
            // What is gone has recovered.
            Ok(_) | Err(StageError::NotFound { .. } | StageError::Down) => Ok(()),
            Err(why) => Err(why.to_string()),
        }
    }

    async fn probe(&self, request: &HttpProbe) -> Result<ProbeAnswer, String> {
        let view = self.0.view();
        let request = HttpProbe { url: view.ports().move_in_url(&request.url), ..request.clone() };
        probe::ask(probe::services(view.clone()), &request).await
    }
}

impl StageInjector {
    async fn set(
        &self,
        id: &str,
        fault: &Fault,
        target: &Target,
        until: Option<Instant>,
    ) -> Result<Vec<String>, StageError> {
        let (target, id, fault) = (target.clone(), id.to_owned(), fault.clone());
        self.0.fault(FaultChange { target, id, fault, until }).await
    }
}

/// The engine counts in wall-clock time, which journals survive in; the data plane in time that
/// nobody can set back.
fn instant(expires: Option<SystemTime>) -> Instant {
    let left =
        expires.map_or(WITHOUT_END, |at| at.duration_since(SystemTime::now()).unwrap_or_default());
    Instant::now() + left.min(LONGEST_FAULT)
}
