//! What an act changes: manifests are applied, a release is rolled out, a script runs, experiments
//! begin, experiments end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use chaos::document::Document;
use chaos::snapshot::{Name, Object, Phase, RecordEventType, Severity, Snapshot};
use stage::{NamespacedName, SourceFile, Stage, StageError, StageKind, wait_for_chaos};

use super::documents::documents;
use super::record::Record;
use super::{LeftOut, script};
use crate::gate;
use crate::promises::Sources;
use crate::rollout::Release;
use crate::story::{Act, Rollout, Script, SetEnv};
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
    /// What the gate asks.
    pub(super) sources: &'c Sources,
    /// Variables of all Deployments, and of scripts.
    pub(super) set: &'c BTreeMap<String, String>,
    /// Where it is shown.
    pub(super) ui: &'c Ui,
    /// Where it is kept for the report.
    pub(super) record: &'c mut Record,
}

impl Change<'_> {
    /// Does to the stage what the act says.
    pub(super) async fn make(&mut self, act: &Act) -> Result<()> {
        if !act.begins.as_ref().is_some_and(|name| self.left_out.has(name)) {
            self.apply(&act.apply).await?;
            if let Some(begins) = &act.begins {
                self.record.injected("load", begins);
            }
        }
        if let Some(rollout) = act.run.as_ref().and_then(|run| run.rollout.as_ref()) {
            self.roll_out(rollout).await?;
        }
        if let Some(set) = act.run.as_ref().and_then(|run| run.set.as_ref()) {
            self.set_env(set).await?;
        }
        if let Some(script) = act.run.as_ref().and_then(|run| run.script.as_ref()) {
            self.run_script(script).await?;
        }
        for document in self.documents(act.chaos.as_deref())? {
            self.inject(&document).await?;
        }
        for document in self.documents(act.calm.as_deref())? {
            self.recover(&document).await?;
        }
        Ok(())
    }

    /// `kubectl apply -f`, until what looks at the pods has taken it in.
    async fn apply(&self, paths: &[PathBuf]) -> Result<()> {
        if paths.is_empty() {
            return Ok(());
        }
        let since = Instant::now();
        let files: Vec<PathBuf> = paths.iter().map(|path| self.root.join(path)).collect();
        self.stage.apply(&SourceFile::load(&files)?, self.set).await?;
        self.stage.settle(ROLL_OUT).await?;
        let names: Vec<_> = paths.iter().filter_map(|path| path.file_stem()?.to_str()).collect();
        let what = format!("applied {}", names.join(", "));
        self.ui.done(&what, since.elapsed(), "", Tone::Plain);
        Ok(())
    }

    /// A roll-out that asks the gate first. A refusal is no failure of the act: promises say what
    /// has to come of it.
    async fn roll_out(&self, rollout: &Rollout) -> Result<()> {
        let since = Instant::now();
        let files: Vec<PathBuf> = rollout.release.iter().map(|path| self.root.join(path)).collect();
        let release = Release::read(&files)?;
        let plan = self.sources.plan.as_ref();
        let plan = plan.context("a gate has nothing to judge: the tale has no slos")?;
        let baseline = self.sources.baseline();
        let verdict = gate::run(plan, &self.sources.prometheus, baseline.as_ref()).await;
        let names = rollout.release.iter().filter_map(|path| path.file_stem()?.to_str());
        let names: Vec<_> = names.collect();
        let names = names.join(", ");
        match gate::admits(&verdict) {
            None => bail!(
                "the gate cannot judge whether {names} may be rolled out: {}",
                verdict.outcome.word()
            ),
            Some(false) => {
                let why = format!("because of {}", gate::failed(&verdict).join(", "));
                self.ui.done(
                    &format!("the gate refuses {names}"),
                    since.elapsed(),
                    &why,
                    Tone::Alarm,
                );
            }
            Some(true) => {
                self.stage.apply(release.files(), self.set).await?;
                for deployment in release.deployments() {
                    self.stage.wait_ready(deployment, ROLL_OUT).await.context("the roll-out")?;
                }
                self.ui.done(&format!("rolled out {names}"), since.elapsed(), "", Tone::Plain);
            }
        }
        Ok(())
    }

    /// Runs a script, unless what it begins is left out.
    async fn run_script(&mut self, script: &Script) -> Result<()> {
        if script.begins.as_ref().is_some_and(|name| self.left_out.has(name)) {
            return Ok(());
        }
        let since = Instant::now();
        let said = script::run(self.root, script, self.stage, self.set).await?;
        let name = script.file.file_name().unwrap_or_default().to_string_lossy();
        let tone = if script.begins.is_some() { Tone::Fault } else { Tone::Plain };
        let last = said.lines().last().unwrap_or_default();
        self.ui.done(&format!("script {name}"), since.elapsed(), last, tone);
        if let Some(begins) = &script.begins {
            self.record.injected("script", begins);
        }
        if let Some(ends) = &script.ends {
            self.record.recovered(ends);
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
