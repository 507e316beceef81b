//! The engine's rules on a clock that the tests move: no task, no file, no waiting.

mod experiments;
mod invariants;
mod running_workflows;
mod schedules;
mod scripted_stage;
mod status_checks;
mod task;
mod workflows;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::action::Failure;
use super::key::Key;
use super::state::EngineState;
use super::steps;
use crate::document::{self, Document};
use crate::fields::duration::GoDuration;
use crate::snapshot::{Applied, Operation, Snapshot};
use crate::target::Pod;
use crate::workflow::probe::ProbeAnswer;

/// A made-up cluster and the moment it is at.
struct Stage {
    engine: EngineState,
    now: Timestamp,
    start: Timestamp,
    pods: Vec<Pod>,
    /// Every operation carried out: seconds since the start, what, and on which target.
    log: Vec<(i64, Operation, String)>,
    /// Operations on these targets fail with this message.
    failing: BTreeMap<String, Failure>,
    /// What is cut from every fault.
    cuts: Vec<String>,
    /// What the servers answer that StatusChecks ask.
    answer: Result<ProbeAnswer, String>,
    /// Seconds since the start at which they were asked.
    asked: Vec<i64>,
}

impl Stage {
    fn new(pods: &[&str]) -> Self {
        let start: Timestamp = "2026-01-05T10:00:00Z".parse().unwrap();
        let engine = EngineState::new(7, GoDuration::from_nanos(3_600_000_000_000));
        Self {
            engine,
            now: start,
            start,
            pods: pods.iter().map(|name| pod(name)).collect(),
            log: Vec::new(),
            failing: BTreeMap::new(),
            cuts: Vec::new(),
            answer: Ok(ProbeAnswer { status: 200, whole: true }),
            asked: Vec::new(),
        }
    }

    fn apply(&mut self, text: &str) -> Applied {
        let applied = self.engine.apply(&parse(text), self.now).unwrap();
        self.round();
        applied
    }

    /// Looks at everything and carries out what is due, until nothing is.
    fn round(&mut self) {
        loop {
            let pods = self.pods.clone();
            let actions = steps::reconcile(&mut self.engine, self.now, &|| pods.clone());
            let requests = std::mem::take(&mut self.engine.probes);
            if actions.is_empty() && requests.is_empty() {
                return;
            }
            for request in requests {
                self.asked.push(self.seconds());
                steps::record_answer(&mut self.engine, &request, &self.answer, self.now);
            }
            let outcomes = actions.into_iter().map(|action| {
                let id = action.target.to_string();
                self.log.push((
                    self.now.duration_since(self.start).as_secs(),
                    action.operation,
                    id.clone(),
                ));
                let done = Ok(self.cuts.clone());
                let outcome = self.failing.get(&id).cloned().map_or(done, Err);
                (action, outcome)
            });
            let outcomes = outcomes.collect();
            steps::record_outcomes(&mut self.engine, outcomes, self.now);
        }
    }

    /// Lets time pass, stopping wherever the engine wants to look.
    fn advance(&mut self, seconds: i64) {
        let until = self.now + SignedDuration::from_secs(seconds);
        while let Some(wake) = self.engine.next_wake().filter(|wake| *wake <= until) {
            assert!(wake > self.now, "the engine wants to wake at {wake}, which has passed");
            self.now = wake;
            self.round();
        }
        self.now = until;
        self.round();
    }

    /// Time passes while the engine is down.
    fn skip(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    fn seconds(&self) -> i64 {
        self.now.duration_since(self.start).as_secs()
    }

    fn snapshot(&self) -> Snapshot {
        self.engine.snapshot(self.now)
    }

    fn key(&self, kind: &'static str, name: &str) -> Key {
        Key { kind, namespace: "default".into(), name: name.into() }
    }

    /// `reason message` of all events of one object.
    fn events(&self, kind: &str, name: &str) -> Vec<String> {
        let snapshot = self.snapshot();
        let events =
            snapshot.events.iter().filter(|event| event.kind == kind && event.name == name);
        events.map(|event| format!("{} {}", event.reason, event.message)).collect()
    }

    fn operations(&self, wanted: Operation) -> Vec<i64> {
        self.log
            .iter()
            .filter(|(_, operation, _)| *operation == wanted)
            .map(|(second, ..)| *second)
            .collect()
    }
}

fn pod(name: &str) -> Pod {
    Pod {
        namespace: "default".into(),
        name: name.into(),
        labels: [("app".to_owned(), "leaker".to_owned())].into(),
        phase: "Running".into(),
        containers: vec!["main".into(), "side".into()],
        uid: format!("uid-{name}"),
        ..Pod::default()
    }
}

fn parse(text: &str) -> Document {
    document::parse("test.yaml", text).unwrap_or_else(|error| panic!("{error}")).remove(0)
}

/// A DNSChaos named `dark`; `extra` are further lines of its spec.
fn dns(extra: &str) -> String {
    format!(
        "apiVersion: chaos-mesh.org/v1alpha1\nkind: DNSChaos\nmetadata: {{name: dark}}\nspec:\n  action: error\n  mode: all\n  selector: {{}}\n{extra}"
    )
}

/// A PodChaos named `strike`; `extra` are further lines of its spec.
fn pod_chaos(action: &str, extra: &str) -> String {
    dns(extra)
        .replace("DNSChaos", "PodChaos")
        .replace("dark", "strike")
        .replace("action: error", &format!("action: {action}"))
}

/// A Schedule named `often` of DNSChaos; `extra` are further lines of its spec.
fn schedule(cron: &str, duration: &str, extra: &str) -> String {
    format!(
        "apiVersion: chaos-mesh.org/v1alpha1\nkind: Schedule\nmetadata: {{name: often}}\nspec:\n  schedule: '{cron}'\n  type: DNSChaos\n  dnsChaos: {{action: error, mode: all, selector: {{}}{duration}}}\n{extra}"
    )
}
