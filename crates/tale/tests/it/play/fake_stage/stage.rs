//! A stage without pods: it remembers what is done to it, and a Prometheus of its own shows what a
//! real one would.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chaos::document::Document;
use chaos::snapshot::{Applied, Name};
use serde_json::json;
use stage::{
    BackendStatus, Door, NamespacedName, Notification, Place, Snapshot, SourceFile, Stage,
    StageError, StageKind,
};
use testkit::wait::SOON;
use tokio::sync::Notify;

use super::prometheus::prometheus;
use crate::fake_prometheus::FakePrometheus;

/// What goes wrong in a play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Breaks {
    Nothing,
    /// The stage does not start.
    Start,
    /// A manifest is refused.
    Apply,
    /// A Deployment never becomes ready.
    Ready,
    /// The experiment is refused.
    Inject,
    /// The experiment is taken, and never injected.
    Injected,
    /// The experiment does not recover.
    Remove,
    /// The fixed release is never ready.
    RollOut,
    /// The bug is not there.
    NoGrowth,
    /// The alert does not fire.
    NoAlert,
    /// Alertmanager sends something else.
    NoMail,
    /// The fixed release is as bad.
    NoRepair,
    /// Prometheus dies in the second act.
    Died,
    /// No pod is scraped from the second act on.
    NoData,
    /// Prometheus hangs up on everybody from the second act on.
    NoAnswer,
    /// Nobody can say what Alertmanager has sent.
    NoInbox,
    /// Prometheus goes on answering from the second act on, and takes no sample any more.
    Frozen,
    /// Prometheus goes on taking samples from the second act on, and evaluates no rule any more.
    Asleep,
    /// What Prometheus would tell Alertmanager gets lost on its way.
    Lost,
    /// The bug is not there, and the machine has no time to look.
    Starved,
    /// Somebody presses Ctrl-C in the second act.
    Stopped,
}

/// What has become of the pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) breaks: Breaks,
    /// DNS is dark.
    pub(crate) dark: bool,
    /// DNS was dark, so memory has leaked.
    pub(crate) leaked: bool,
    /// The fixed release runs.
    pub(crate) repaired: bool,
}

pub(crate) struct FakeStage {
    place: Place,
    state: Arc<Mutex<State>>,
    calls: Mutex<Vec<String>>,
    documents: Mutex<Vec<Document>>,
    injected: Notify,
    _prometheus: FakePrometheus,
}

impl FakeStage {
    pub(crate) async fn start(breaks: Breaks) -> Arc<Self> {
        let state = State { breaks, dark: false, leaked: false, repaired: false };
        let state = Arc::new(Mutex::new(state));
        let prometheus = prometheus(state.clone()).await;
        Arc::new(Self {
            place: Place {
                kind: StageKind::Cluster,
                clock: slo::Clock::Stage,
                prometheus: Some(prometheus.url.clone()),
                alertmanager: None,
                dns: None,
            },
            state,
            calls: Mutex::default(),
            documents: Mutex::default(),
            injected: Notify::new(),
            _prometheus: prometheus,
        })
    }

    /// What was done to the stage, in order.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    pub(crate) async fn wait_injected(&self) {
        tokio::time::timeout(SOON, self.injected.notified()).await.unwrap();
    }

    fn called(&self, what: impl Into<String>) -> State {
        self.calls.lock().unwrap().push(what.into());
        *self.state.lock().unwrap()
    }

    fn change(&self, change: impl Fn(&mut State)) {
        change(&mut self.state.lock().unwrap());
    }
}

fn late(what: &str) -> StageError {
    StageError::TimedOut { what: what.into(), within: Duration::ZERO, seen: "nothing".into() }
}

#[async_trait]
impl Stage for FakeStage {
    fn place(&self) -> &Place {
        &self.place
    }

    async fn apply(
        &self,
        files: &[SourceFile],
        _: &BTreeMap<String, String>,
    ) -> Result<Vec<String>, StageError> {
        assert!(files.iter().any(|file| file.text.contains("kind: PrometheusRule")), "the rules");
        match self.called("apply").breaks {
            Breaks::Apply => {
                Err(StageError::NotFound { kind: "Deployment", name: "Deployment/x".into() })
            }
            _ => Ok(vec!["nothing of it".to_owned()]),
        }
    }

    async fn set_env(
        &self,
        deployment: &NamespacedName,
        env: &BTreeMap<String, String>,
    ) -> Result<(), StageError> {
        let env: Vec<String> = env.iter().map(|(key, value)| format!("{key}={value}")).collect();
        self.called(format!("set_env {deployment} {}", env.join(" ")));
        self.change(|state| state.repaired = state.breaks != Breaks::NoRepair);
        Ok(())
    }

    async fn wait_ready(&self, deployment: &NamespacedName, _: Duration) -> Result<(), StageError> {
        let state = self.called(format!("wait_ready {deployment}"));
        match state.breaks {
            Breaks::Ready => Err(late("never ready")),
            Breaks::RollOut if state.leaked => Err(late("never ready")),
            _ => Ok(()),
        }
    }

    async fn inject(&self, document: &Document) -> Result<Applied, StageError> {
        let state = self.called(format!("inject {}", document.meta.name));
        if state.breaks == Breaks::Inject {
            return Err(late("the API server"));
        }
        self.documents.lock().unwrap().push(document.clone());
        self.change(|state| (state.dark, state.leaked) = (true, true));
        self.injected.notify_one();
        Ok(Applied::Created)
    }

    async fn remove(&self, name: &Name, _: Duration) -> Result<(), StageError> {
        let state = self.called(format!("remove {}", name.name));
        if state.breaks == Breaks::Remove {
            return Err(late("recovered"));
        }
        self.change(|state| state.dark = false);
        self.documents.lock().unwrap().clear();
        Ok(())
    }

    async fn pause(&self, name: &Name, pause: bool) -> Result<(), StageError> {
        panic!("a play does not pause {} ({pause})", name.name)
    }

    async fn chaos(&self) -> Result<chaos::snapshot::Snapshot, StageError> {
        let phase = match self.state.lock().unwrap().breaks {
            Breaks::Injected => "Not Injected",
            _ => "Injected",
        };
        let objects = self.documents.lock().unwrap();
        let objects: Vec<_> = objects.iter().map(|document| object(document, phase)).collect();
        let snapshot = json!({"now": "2026-01-01T00:00:00Z", "objects": objects, "events": []});
        Ok(serde_json::from_value(snapshot).unwrap())
    }

    async fn admin(&self, _: &NamespacedName) -> Result<Vec<Door>, StageError> {
        Ok(Vec::new())
    }

    async fn mail(&self) -> Result<Vec<Notification>, StageError> {
        let state = *self.state.lock().unwrap();
        let status = if state.repaired { "resolved" } else { "firing" };
        let alert = match state.breaks {
            Breaks::NoInbox => return Err(StageError::Down),
            Breaks::NoMail | Breaks::Lost => "Other",
            _ => "DnsLeakerMemoryGrowth",
        };
        Ok(vec![Notification {
            at: 0.0,
            channel: "email".into(),
            receiver: "default/dns-leaker/mail".into(),
            status: status.into(),
            alerts: vec![json!({"labels": {"alertname": alert}, "status": status})],
        }])
    }

    async fn status(&self) -> Result<Arc<Snapshot>, StageError> {
        let state = *self.state.lock().unwrap();
        let died = (state.breaks == Breaks::Died && state.leaked).then(|| "killed".to_owned());
        let backend = BackendStatus { name: "prometheus".into(), url: String::new(), died };
        Ok(Arc::new(Snapshot { backends: vec![backend], ..Snapshot::default() }))
    }

    async fn down(&self) -> Result<(), StageError> {
        self.called("down");
        Ok(())
    }
}

/// An experiment as the Kubernetes API would show it.
fn object(document: &Document, phase: &str) -> serde_json::Value {
    let injected = phase == "Injected";
    json!({
        "kind": document.kind(),
        "metadata": {"name": document.meta.name, "namespace": document.meta.namespace},
        "uid": "1",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "finalizers": [],
        "spec": {},
        "mechanism": "none",
        "status": {
            "conditions": [{"type": "AllInjected", "status": if injected { "True" } else { "False" }}],
            "experiment": {
                "desiredPhase": "Run",
                "containerRecords": [{
                    "id": "default/a",
                    "selectorKey": ".",
                    "phase": phase,
                    "injectedCount": u32::from(injected),
                    "recoveredCount": 0,
                    "events": [],
                }],
            },
        },
    })
}
