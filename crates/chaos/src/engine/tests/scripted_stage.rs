//! A scripted stage, and a folder for the journal of its engine.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use super::super::clock::TokioClock;
use super::super::{Engine, Options};
use super::pod;
use crate::engine::journal;
use crate::fault::Fault;
use crate::injector::Injector;
use crate::target::{Pod, Target};
use crate::workflow::probe::{HttpProbe, ProbeAnswer};

/// What the stage does when it is asked to apply.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Temper {
    Obedient,
    Silent,
    Panicking,
}

/// A stage that keeps a list of what is injected.
pub(super) struct Scripted {
    pods: Vec<Pod>,
    temper: Temper,
    injected: Mutex<BTreeSet<String>>,
    /// Targets that were injected without being in the journal.
    pub(super) unjournalled: Mutex<Vec<String>>,
    now: AtomicUsize,
    pub(super) most: AtomicUsize,
    journal: PathBuf,
}

impl Scripted {
    pub(super) fn injected(&self) -> usize {
        self.injected.lock().unwrap().len()
    }
}

impl Injector for Scripted {
    fn pods(&self) -> Vec<Pod> {
        self.pods.clone()
    }

    async fn apply(
        &self,
        _: &str,
        _: &Fault,
        target: &Target,
        expires: Option<SystemTime>,
    ) -> Result<Vec<String>, String> {
        assert!(expires.is_some(), "a fault without an end");
        match self.temper {
            Temper::Obedient => {}
            Temper::Silent => std::future::pending().await,
            Temper::Panicking => panic!("scripted"),
        }
        let left = journal::replay(&self.journal).map_err(|error| error.to_string())?;
        if !left.iter().any(|left| left.target == *target) {
            self.unjournalled.lock().unwrap().push(target.to_string());
        }
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.now.fetch_sub(1, Ordering::SeqCst);
        self.injected.lock().unwrap().insert(target.to_string());
        Ok(Vec::new())
    }

    async fn recover(&self, _: &str, _: &Fault, target: &Target) -> Result<(), String> {
        self.injected.lock().unwrap().remove(&target.to_string());
        Ok(())
    }

    async fn probe(&self, request: &HttpProbe) -> Result<ProbeAnswer, String> {
        match self.temper {
            Temper::Obedient => Ok(ProbeAnswer { status: 200, whole: true }),
            Temper::Silent => std::future::pending().await,
            Temper::Panicking => panic!("scripted: {}", request.url),
        }
    }
}

/// A folder for the journal, which goes with the test.
pub(super) struct Scratch(pub(super) PathBuf);

impl Scratch {
    pub(super) fn new(test: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("chaos-engine-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(super) fn stage(&self, pods: usize, temper: Temper) -> Arc<Scripted> {
        Arc::new(Scripted {
            pods: (0..pods).map(|number| pod(&format!("p{number}"))).collect(),
            temper,
            injected: Mutex::default(),
            unjournalled: Mutex::default(),
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            journal: self.journal(),
        })
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.0.join("journal")
    }

    pub(super) async fn engine(&self, stage: &Arc<Scripted>) -> Engine {
        let clock = TokioClock::starting_at("2026-01-05T10:00:00Z".parse().unwrap());
        let options = Options { seed: 7, ..Options::default() };
        Engine::start_at(stage.clone(), &self.journal(), options, clock).await.unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
