//! Tells the story of a play: act by act, what happens and what was promised.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use chaos::document::Document;
use chaos::snapshot::{Name, Phase};
use slo::Period;
use stage::{NamespacedName, wait_for_chaos};

use crate::control::Server;
use crate::play::{Options, documents};
use crate::promises::{Known, Sources, wait_for};
use crate::record::Record;
use crate::report::Outcome;
use crate::story::{Act, SetEnv, Tale};
use crate::ui::Ui;
use crate::world::World;
use crate::{gate, prometheus, stage_dirs};

/// The nominal window that the gate judges in a tale: five minutes, five seconds on the stage
/// clock.
const GATE_WINDOW: &str = "5m";

/// A play in progress.
pub(crate) struct Acting<'p> {
    /// The project's folder.
    pub(crate) root: &'p Path,
    /// The story.
    pub(crate) tale: &'p Tale,
    /// How it is to be played.
    pub(crate) options: &'p Options,
    /// Where it is shown.
    pub(crate) ui: &'p Ui,
    /// What happened so far.
    pub(crate) record: Record,
}

impl Acting<'_> {
    /// The stage is up: the first line of the story.
    async fn stage_is_up(&mut self, world: &World) -> Result<()> {
        let status = world.stage.status().await?;
        let prometheus = world.stage.place().prometheus.as_deref().unwrap_or("none");
        self.ui.done(
            "the stage is up",
            self.record.start.elapsed(),
            &format!("{} pods, Prometheus {prometheus}", status.pods.len()),
        );
        self.record.notes.extend(
            world.not_applied.iter().map(|what| format!("not applied on this stage: {what}")),
        );
        Ok(())
    }

    /// Lets `tale status` and `tale chaos` in another terminal look at the play. The story does
    /// without.
    pub(crate) fn open_control(&self, world: &Arc<World>) -> Option<Server> {
        let dir = stage_dirs::play(self.root, &self.tale.name);
        let control = Server::open(&dir, &format!("play {}", self.tale.name))
            .inspect_err(|why| self.ui.line(&format!("  tale status cannot see this: {why:#}")))
            .ok()?;
        control.ready(world.clone());
        Some(control)
    }

    /// Tells the story, act by act, until a promise is not kept.
    pub(crate) async fn tell(&mut self, world: &Arc<World>, known: Known) -> Result<()> {
        self.stage_is_up(world).await?;
        let sources = self.sources(world, known)?;
        self.check_queries(&sources).await?;
        for act in &self.tale.acts {
            self.ui.act(&act.act);
            self.record.begin(act);
            self.happen(act, world).await.with_context(|| format!("act `{}`", act.act))?;
            if let Some(hold) = &act.hold {
                self.ui.hold(hold.0).await;
            }
            let kept = self.keep_promises(act, &sources).await;
            self.record.end_act();
            if !kept {
                break;
            }
        }
        Ok(())
    }

    fn sources(&self, world: &Arc<World>, known: Known) -> Result<Sources> {
        let window = Period::parse(GATE_WINDOW).expect("a constant");
        let judged = !self.tale.slos.is_empty();
        let plan = judged.then(|| gate::plan(&world.catalogue, window, world.clock)).transpose()?;
        Ok(Sources {
            world: world.clone(),
            prometheus: world.prometheus(),
            known,
            plan,
            started: self.record.start,
            baseline: None.into(),
        })
    }

    /// A query with a mistake in it is found now, not in the middle of the story.
    async fn check_queries(&self, sources: &Sources) -> Result<()> {
        for (field, query) in self.tale.queries() {
            if let Err(prometheus::QueryFailed::Refused(why)) =
                sources.prometheus.query(query, None).await
            {
                let file = format!("tales/{}/tale.yaml", self.tale.name);
                return Err(anyhow!(
                    "{file}: {field}: Prometheus refuses `{query}`: {why}; correct the query"
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
        for document in self.documents(act.chaos.as_deref())? {
            self.inject(document, world).await?;
        }
        for document in self.documents(act.calm.as_deref())? {
            self.recover(&document, world).await?;
        }
        Ok(())
    }

    /// The experiments of a file, except for those that are left out of this play.
    fn documents(&self, path: Option<&Path>) -> Result<Vec<Document>> {
        let mut all = path.map_or(Ok(Vec::new()), |path| documents(self.root, path))?;
        all.retain(|document| !self.options.left_out.has(&document.meta.name));
        Ok(all)
    }

    async fn inject(&mut self, document: Document, world: &World) -> Result<()> {
        let (kind, name) = (document.kind().to_owned(), document.meta.name.clone());
        let since = Instant::now();
        world.stage.inject(&document).await?;
        // A Schedule injects when its time comes; everything else does now.
        if kind != chaos::kinds::SCHEDULE {
            let injected = |snapshot: &chaos::snapshot::Snapshot| {
                snapshot.find(&kind, &name).is_some_and(chaos::snapshot::Object::begun)
            };
            let snapshot = wait_for_chaos(&*world.stage, Duration::from_secs(10), injected).await.map_err(|why| {
                anyhow!("{kind} {name} was not injected: {why}; `tale chaos apply --dry-run` shows what it would hit")
            })?;
            let records = snapshot.find(&kind, &name).map_or(&[][..], |object| object.records());
            let hit = records.iter().filter(|record| record.phase == Phase::Injected).count();
            self.ui.done(&format!("{kind} {name}"), since.elapsed(), &format!("{hit} targets"));
        }
        self.record.injected(&kind, &name);
        Ok(())
    }

    async fn recover(&mut self, document: &Document, world: &World) -> Result<()> {
        let (kind, name) = (document.kind(), &document.meta.name);
        let since = Instant::now();
        let full = Name { namespace: None, kind: Some(kind.to_owned()), name: name.clone() };
        world.stage.remove(&full, Duration::from_secs(10)).await?;
        self.ui.done(&format!("{kind} {name} is gone"), since.elapsed(), "");
        self.record.recovered(name);
        Ok(())
    }

    async fn set_env(&self, set: &SetEnv, world: &World) -> Result<()> {
        let since = Instant::now();
        let names = set.deployment.names();
        let deployments = names.iter().map(|name| NamespacedName::new(&set.namespace, *name));
        let deployments: Vec<NamespacedName> = deployments.collect();
        for deployment in &deployments {
            world.stage.set_env(deployment, &set.env).await?;
        }
        for deployment in &deployments {
            world.stage.wait_ready(deployment, Duration::from_secs(60)).await?;
        }
        let env: Vec<String> =
            set.env.iter().map(|(key, value)| format!("{key}={value}")).collect();
        self.ui.done(&format!("rolled out {}", env.join(" ")), since.elapsed(), &names.join(", "));
        Ok(())
    }

    /// Checks the act's promises in order. `false` as soon as one is not kept: the rest is not
    /// reached.
    async fn keep_promises(&mut self, act: &Act, sources: &Sources) -> bool {
        let since = Instant::now();
        for promise in &act.promises {
            let (text, within) = (promise.text(), promise.within());
            let live = self.ui.promise(&text, within, since);
            let ending = wait_for(promise, sources, since, |seen| live.seen(seen)).await;
            live.end(&ending);
            self.record.promise(act, promise, since.elapsed(), &ending);
            if ending.outcome != Outcome::Kept {
                return false;
            }
        }
        true
    }
}
