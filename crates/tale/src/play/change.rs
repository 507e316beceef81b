//! What an act changes: a release is rolled out, experiments begin, experiments end.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use chaos::document::Document;
use chaos::snapshot::{Name, Object, Phase, RecordEventType, Severity, Snapshot};
use stage::{NamespacedName, Stage, StageError, StageKind, wait_for_chaos};

use super::LeftOut;
use super::documents::documents;
use super::record::Record;
use crate::story::{Act, SetEnv};
use crate::terminal::{Tone, Ui};

/// The longest that an experiment may take to be injected.
const EXPERIMENT: Duration = Duration::from_secs(10);
/// The longest that it may take to recover: a busy node in a cluster takes eight seconds.
const RECOVERY: Duration = Duration::from_secs(30);
/// The longest that a roll-out may take.
const ROLL_OUT: Duration = Duration::from_secs(60);

/// A change to a stage, with all that it takes.
pub(super) struct Change<'c> {
    /// The project's folder.
    pub(super) root: &'c Path,
    /// What is changed.
    pub(super) stage: &'c dyn Stage,
    /// Chaos that is not injected.
    pub(super) left_out: &'c LeftOut,
    /// Where it is shown.
    pub(super) ui: &'c Ui,
    /// Where it is kept for the report.
    pub(super) record: &'c mut Record,
}

impl Change<'_> {
    /// Does to the stage what the act says.
    pub(super) async fn make(&mut self, act: &Act) -> Result<()> {
        if let Some(run) = &act.run {
            self.set_env(&run.set).await?;
        }
        for document in self.documents(act.chaos.as_deref())? {
            self.inject(&document).await?;
        }
        for document in self.documents(act.calm.as_deref())? {
            self.recover(&document).await?;
        }
        Ok(())
    }

    /// The experiments of a file, except for those that are left out of this play.
    fn documents(&self, path: Option<&Path>) -> Result<Vec<Document>> {
        let mut all = documents(self.root, path)?;
        all.retain(|document| !self.left_out.has(&document.meta.name));
        Ok(all)
    }

    async fn inject(&mut self, document: &Document) -> Result<()> {
        let (kind, name) = (document.kind(), document.meta.name.as_str());
        let since = Instant::now();
        self.stage.inject(document).await?;
        // A Schedule injects when its time comes; everything else does now.
        if kind != chaos::kinds::SCHEDULE {
            let begun = |snapshot: &Snapshot| snapshot.find(kind, name).is_some_and(Object::begun);
            let snapshot = wait_for_chaos(self.stage, EXPERIMENT, begun).await;
            let snapshot = match snapshot {
                Ok(snapshot) => snapshot,
                Err(why) => return Err(self.not_injected(kind, name, &why).await),
            };
            let records = snapshot.find(kind, name).map_or(&[][..], Object::records);
            let hit = records.iter().filter(|record| record.phase == Phase::Injected).count();
            let note = format!("{hit} targets");
            self.ui.done(&format!("{kind} {name}"), since.elapsed(), &note, Tone::Fault);
        }
        self.record.injected(kind, name);
        Ok(())
    }

    async fn recover(&mut self, document: &Document) -> Result<()> {
        let (kind, name) = (document.kind(), &document.meta.name);
        let since = Instant::now();
        let full = Name { namespace: None, kind: Some(kind.to_owned()), name: name.clone() };
        self.stage.remove(&full, RECOVERY).await?;
        self.ui.done(&format!("{kind} {name} is gone"), since.elapsed(), "", Tone::Plain);
        self.record.recovered(name);
        Ok(())
    }

    async fn set_env(&self, set: &SetEnv) -> Result<()> {
        let since = Instant::now();
        let names = set.deployment.names();
        let deployments = names.iter().map(|name| NamespacedName::new(&set.namespace, *name));
        let deployments: Vec<NamespacedName> = deployments.collect();
        for deployment in &deployments {
            self.stage.set_env(deployment, &set.env).await?;
        }
        for deployment in &deployments {
            self.stage.wait_ready(deployment, ROLL_OUT).await.context("the roll-out")?;
        }
        let env: Vec<String> =
            set.env.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let what = format!("rolled out {}", env.join(" "));
        let which = match names.as_slice() {
            [only] => (*only).to_owned(),
            names => format!("{} Deployments", names.len()),
        };
        self.ui.done(&what, since.elapsed(), &which, Tone::Plain);
        Ok(())
    }
}

impl Change<'_> {
    /// Why not, in the experiment's own words where it has some.
    async fn not_injected(&self, kind: &str, name: &str, why: &StageError) -> anyhow::Error {
        let snapshot = self.stage.chaos().await.ok();
        let object = snapshot.as_ref().and_then(|snapshot| snapshot.find(kind, name));
        let said = snapshot.as_ref().zip(object).and_then(|(all, one)| said(all, one));
        match said {
            Some(said) if self.stage.place().kind == StageKind::Cluster => anyhow!(
                "{kind} {name} was not injected: {said}; `tale doctor --on cluster` says what the nodes lack, and `--on local` plays it on this machine"
            ),
            Some(said) => anyhow!("{kind} {name} was not injected: {said}"),
            None if self.stage.place().kind == StageKind::Cluster => anyhow!(
                "{kind} {name} was not injected within {} s, and nothing says why: nobody plays it, or not yet; `tale doctor --on cluster` looks at Chaos Mesh, and `--on local` plays it on this machine",
                EXPERIMENT.as_secs()
            ),
            None => anyhow!(
                "{kind} {name} was not injected: {why}; `tale chaos apply --dry-run` shows what it would hit"
            ),
        }
    }
}

/// What the records of an experiment, or else its events, say about a failure.
fn said(snapshot: &Snapshot, object: &Object) -> Option<String> {
    let missing = object.records().iter().filter(|record| record.phase != Phase::Injected);
    let mut failed = missing
        .flat_map(|record| record.events.iter().rev())
        .filter(|event| event.kind == RecordEventType::Failed);
    let said = failed.next().map(|event| event.message.clone());
    let warnings = snapshot.events_of(object).filter(|event| event.severity == Severity::Warning);
    let said = said.or_else(|| warnings.last().map(|event| event.message.clone()))?;
    // Some are the backtrace of a program.
    Some(said.split_whitespace().collect::<Vec<_>>().join(" "))
}
