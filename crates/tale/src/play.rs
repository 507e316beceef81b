//! Plays a tale: sets the stage, acts, checks every promise, takes everything down, writes the report.

use crate::control::Server;
use crate::evidence;
use crate::promise::{Ending, Kept, Scene};
use crate::report::{self, Outcome, Promise, Report, Verdict};
use crate::story::{Act, SetEnv, Tale};
use crate::ui::Ui;
use crate::world::{self, Setup, World};
use crate::{gate, prometheus, stage_dirs};
use anyhow::{Context, Result, anyhow, ensure};
use chaos::document::{self, Document};
use chaos::engine::{Name, Phase};
use slo::Span;
use stage::local::Clock;
use stage::manifest::{EnvVar, Manifests};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How a tale is to be played.
pub struct Options {
    /// Which one.
    pub tale: String,
    /// How fast time passes.
    pub clock: Clock,
    /// Where the report goes.
    pub out: PathBuf,
    /// Seed of random choices.
    pub seed: u64,
    /// Variables of all Deployments, from the start.
    pub set: BTreeMap<String, String>,
    /// Leave the chaos out: the tale has to fail then.
    pub without_chaos: bool,
    /// Keep logs and data.
    pub keep: bool,
}

/// A finished play.
pub struct Played {
    /// What happened.
    pub report: Report,
    /// Where it was written to.
    pub page: PathBuf,
}

/// The nominal window that the gate judges in a tale: five minutes, five seconds on the stage clock.
const GATE_WINDOW: &str = "5m";

/// Plays a tale to its end, or until `stop` resolves.
///
/// # Errors
/// What kept the tale from being played at all. A broken promise is no error but a verdict.
pub async fn play(
    root: &Path,
    options: &Options,
    ui: &Ui,
    stop: impl Future<Output = ()>,
) -> Result<Played> {
    let tale = Tale::load(root, &options.tale)?;
    let setup = prepare(root, &tale, options)?;
    let mut play = Play::new(root, &tale, options, ui);
    ui.title(&tale.title, &tale.teller, options.clock);

    tokio::pin!(stop);
    let started = tokio::select! {
        started = World::start(setup) => Some(started?),
        () = &mut stop => None,
    };
    if let Some(world) = started {
        let world = Arc::new(world);
        play.stage_is_up(&world);
        let _control = play.open_control(&world);
        let told = tokio::select! {
            told = play.tell(&world) => told,
            () = &mut stop => {
                play.notes.push("stopped before its end".to_owned());
                Ok(())
            }
        };
        let shown = evidence::collect(&play.tale.charts, &world, play.epoch, &play.acts).await;
        world.down().await;
        told?;
        play.shown = shown;
    } else {
        play.notes
            .push("stopped before the stage was up".to_owned());
    }
    if !options.keep {
        let _ = std::fs::remove_dir_all(stage_dirs::play(root, &options.tale));
    }
    play.finish()
}

/// Reads everything that the tale names, so that a mistake shows before anything is started.
fn prepare(root: &Path, tale: &Tale, options: &Options) -> Result<Setup> {
    let paths: Vec<PathBuf> = tale.manifests.iter().map(|path| root.join(path)).collect();
    let mut manifests = Manifests::load(&paths)?;
    for deployment in &mut manifests.deployments {
        for container in &mut deployment.object.spec.template.spec.containers {
            container
                .env
                .retain(|variable| !options.set.contains_key(&variable.name));
            container
                .env
                .extend(options.set.iter().map(|(name, value)| EnvVar {
                    name: name.clone(),
                    value: Some(value.clone()),
                    value_from: None,
                }));
        }
    }
    for act in &tale.acts {
        for path in act.chaos.iter().chain(&act.calm) {
            documents(root, path)?;
        }
        for name in act.run.iter().flat_map(|run| run.set.deployment.names()) {
            let known = manifests
                .deployments
                .iter()
                .any(|one| one.object.metadata.name == name);
            ensure!(
                known,
                "tales/{}/tale.yaml: act `{}`: there is no Deployment `{name}` in its manifests",
                tale.name,
                act.act
            );
        }
    }
    Ok(Setup {
        manifests,
        catalogue: world::load_slos(root, &tale.slos)?,
        clock: options.clock,
        state_dir: stage_dirs::play(root, &tale.name),
        seed: options.seed,
        upstream_dns: None,
    })
}

/// The Chaos Mesh documents in a file.
///
/// # Errors
/// What is wrong with one of them, with its place and remedy.
pub fn documents(root: &Path, path: &Path) -> Result<Vec<Document>> {
    let text = std::fs::read_to_string(root.join(path))
        .with_context(|| format!("cannot read {}", path.display()))?;
    Ok(document::parse(&path.display().to_string(), &text)?)
}

/// A play in progress.
struct Play<'p> {
    root: &'p Path,
    tale: &'p Tale,
    options: &'p Options,
    ui: &'p Ui,
    start: Instant,
    epoch: f64,
    promises: Vec<Promise>,
    acts: Vec<report::Act>,
    faults: Vec<report::Fault>,
    gates: Vec<report::GateResult>,
    notes: Vec<String>,
    shown: evidence::Evidence,
}

impl<'p> Play<'p> {
    fn new(root: &'p Path, tale: &'p Tale, options: &'p Options, ui: &'p Ui) -> Self {
        Self {
            root,
            tale,
            options,
            ui,
            start: Instant::now(),
            epoch: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_secs_f64(),
            promises: Vec::new(),
            acts: Vec::new(),
            faults: Vec::new(),
            gates: Vec::new(),
            notes: Vec::new(),
            shown: evidence::Evidence::default(),
        }
    }

    fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    fn stage_is_up(&mut self, world: &World) {
        let status = world.stage.status();
        let prometheus = world.stage.prometheus_url().unwrap_or("none");
        self.ui.done(
            "the stage is up",
            self.start.elapsed(),
            &format!("{} pods, Prometheus {prometheus}", status.pods.len()),
        );
        self.notes.extend(
            world
                .not_applied
                .iter()
                .map(|what| format!("not applied on this stage: {what}")),
        );
    }

    /// Lets `tale status` and `tale chaos` in another terminal look at the play. The story does without.
    fn open_control(&self, world: &Arc<World>) -> Option<Server> {
        let dir = stage_dirs::play(self.root, &self.tale.name);
        let control = Server::open(&dir, &format!("play {}", self.tale.name))
            .inspect_err(|why| {
                self.ui
                    .line(&format!("  tale status cannot see this: {why:#}"))
            })
            .ok()?;
        control.ready(world.clone());
        Some(control)
    }

    /// Tells the story, act by act, until a promise is not kept.
    async fn tell(&mut self, world: &World) -> Result<()> {
        let scene = self.scene(world)?;
        self.check_queries(&scene).await?;
        for act in &self.tale.acts {
            let from_s = self.seconds();
            self.ui.act(&act.act);
            self.acts.push(report::Act {
                name: act.act.clone(),
                from_s,
                to_s: from_s,
            });
            self.happen(act, world)
                .await
                .with_context(|| format!("act `{}`", act.act))?;
            if let Some(hold) = &act.hold {
                self.ui.hold(hold.0).await;
            }
            let kept = self.keep_promises(act, &scene).await;
            if let Some(last) = self.acts.last_mut() {
                last.to_s = self.start.elapsed().as_secs_f64();
            }
            if !kept {
                break;
            }
        }
        Ok(())
    }

    fn scene<'w>(&self, world: &'w World) -> Result<Scene<'w>> {
        let window: Span = Span::parse(GATE_WINDOW).expect("a constant");
        let judged = !self.tale.slos.is_empty();
        let plan = judged
            .then(|| gate::plan(&world.catalogue, window, world::slo_clock(world.clock)))
            .transpose()?;
        Ok(Scene {
            world,
            prometheus: world.prometheus(),
            plan,
            baseline: None.into(),
        })
    }

    /// A query with a mistake in it is found now, not in the middle of the story.
    async fn check_queries(&self, scene: &Scene<'_>) -> Result<()> {
        let promises = self.tale.acts.iter().flat_map(|act| {
            act.promises
                .iter()
                .filter_map(|promise| Some((act.act.as_str(), promise.metric.as_deref()?)))
        });
        let charts = self
            .tale
            .charts
            .iter()
            .map(|chart| (chart.title.as_str(), chart.query.as_str()));
        for (place, query) in promises.chain(charts) {
            if let Err(prometheus::QueryFailed::Refused(why)) =
                scene.prometheus.query(query, None).await
            {
                let file = format!("tales/{}/tale.yaml", self.tale.name);
                return Err(anyhow!(
                    "{file}: `{place}`: Prometheus refuses `{query}`: {why}; correct the query"
                ));
            }
        }
        Ok(())
    }

    /// What the act does to the world.
    async fn happen(&mut self, act: &Act, world: &World) -> Result<()> {
        if let Some(run) = &act.run {
            self.set_env(&run.set, world).await?;
        }
        if let Some(path) = act.chaos.as_ref().filter(|_| !self.options.without_chaos) {
            for document in documents(self.root, path)? {
                self.inject(document, world).await?;
            }
        }
        if let Some(path) = act.calm.as_ref().filter(|_| !self.options.without_chaos) {
            for document in documents(self.root, path)? {
                self.recover(&document, world).await?;
            }
        }
        Ok(())
    }

    async fn inject(&mut self, document: Document, world: &World) -> Result<()> {
        let (kind, name) = (document.kind().to_owned(), document.meta.name.clone());
        let since = Instant::now();
        world.chaos.apply(document).await?;
        // A Schedule injects when its time comes; everything else does now.
        if kind != chaos::schedule::KIND {
            let injected = |snapshot: &chaos::engine::Snapshot| {
                snapshot
                    .find(&kind, &name)
                    .is_some_and(|object| object.is("AllInjected"))
            };
            let snapshot = world.chaos.wait_until(Duration::from_secs(10), injected).await.map_err(|why| {
                anyhow!("{kind} {name} was not injected: {why}; `tale chaos apply --dry-run` shows what it would hit")
            })?;
            let records = snapshot
                .find(&kind, &name)
                .map_or(&[][..], |object| object.records());
            let hit = records
                .iter()
                .filter(|record| record.phase == Phase::Injected)
                .count();
            self.ui.done(
                &format!("{kind} {name}"),
                since.elapsed(),
                &format!("{hit} targets"),
            );
        }
        self.faults.push(report::Fault {
            name,
            kind,
            from_s: self.seconds(),
            to_s: None,
        });
        Ok(())
    }

    async fn recover(&mut self, document: &Document, world: &World) -> Result<()> {
        let (kind, name) = (document.kind(), &document.meta.name);
        let since = Instant::now();
        let full = Name {
            namespace: None,
            kind: Some(kind.to_owned()),
            name: name.clone(),
        };
        world.chaos.delete(&full).await?;
        world
            .chaos
            .wait_gone(&full, Duration::from_secs(10))
            .await?;
        self.ui
            .done(&format!("{kind} {name} is gone"), since.elapsed(), "");
        let now = self.seconds();
        for fault in self
            .faults
            .iter_mut()
            .filter(|fault| fault.name == *name && fault.to_s.is_none())
        {
            fault.to_s = Some(now);
        }
        Ok(())
    }

    async fn set_env(&self, set: &SetEnv, world: &World) -> Result<()> {
        let since = Instant::now();
        let names = set.deployment.names();
        for name in &names {
            world
                .stage
                .set_env(&set.namespace, name, set.env.clone())
                .await?;
        }
        for name in &names {
            world
                .stage
                .wait_ready(&set.namespace, name, Duration::from_secs(60))
                .await?;
        }
        let env: Vec<String> = set
            .env
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        self.ui.done(
            &format!("rolled out {}", env.join(" ")),
            since.elapsed(),
            &names.join(", "),
        );
        Ok(())
    }

    /// Checks the act's promises in order. `false` as soon as one is not kept: the rest is not reached.
    async fn keep_promises(&mut self, act: &Act, scene: &Scene<'_>) -> bool {
        let since = Instant::now();
        for promise in &act.promises {
            let (text, within) = (promise.text(), promise.within());
            let live = self.ui.promise(&text, within, since);
            let ending = scene.wait_for(promise, since, |seen| live.seen(seen)).await;
            live.end(&ending);
            let took = since.elapsed();
            self.record(act, promise.kind(), text, Some(within), took, &ending);
            if ending.kept != Kept::Yes {
                return false;
            }
        }
        true
    }

    fn record(
        &mut self,
        act: &Act,
        kind: &str,
        text: String,
        within: Option<Duration>,
        took: Duration,
        ending: &Ending,
    ) {
        let outcome = match ending.kept {
            Kept::Yes => Outcome::Kept,
            Kept::No => Outcome::Broken,
            Kept::Undecided => Outcome::Undecided,
        };
        self.promises.push(Promise {
            act: act.act.clone(),
            kind: kind.to_owned(),
            text,
            within_s: within.map(|within| within.as_secs_f64()),
            took_s: took.as_secs_f64(),
            outcome,
            observed: ending.observed.clone(),
        });
        if let Some(verdict) = &ending.verdict {
            self.gates.push(report::GateResult {
                act: act.act.clone(),
                verdict: verdict.outcome.word().to_owned(),
                text: verdict.to_text(slo::gate::Style::Plain),
            });
        }
    }

    /// The promises that nobody got to, so that the report lists all of them.
    fn add_unreached(&mut self) {
        let all = self
            .tale
            .acts
            .iter()
            .flat_map(|act| act.promises.iter().map(move |promise| (act, promise)));
        for (act, promise) in all.skip(self.promises.len()) {
            self.promises.push(Promise {
                act: act.act.clone(),
                kind: promise.kind().to_owned(),
                text: promise.text(),
                within_s: Some(promise.within().as_secs_f64()),
                took_s: 0.0,
                outcome: Outcome::NotReached,
                observed: String::new(),
            });
        }
    }

    fn finish(mut self) -> Result<Played> {
        self.add_unreached();
        let seconds = self.seconds();
        let report = Report {
            tale: self.tale.name.clone(),
            title: self.tale.title.clone(),
            teller: self.tale.teller.clone(),
            stage: report::Stage::Local,
            clock: match self.options.clock {
                Clock::Stage => report::Clock::Stage,
                Clock::Real => report::Clock::Real,
            },
            verdict: Verdict::of(&self.promises),
            seconds,
            started: evidence::rfc3339(self.epoch),
            seed: Some(self.options.seed),
            promises: self.promises,
            acts: self.acts,
            faults: self.faults,
            alerts: self.shown.alerts,
            charts: self.shown.charts,
            gates: self.gates,
            notes: self.notes,
        };
        let written = report::write(&self.options.out, &report)?;
        Ok(Played {
            report,
            page: written.html,
        })
    }
}
