//! The acts of a play, one after the other: what happens, and what was promised.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use slo::Period;
use stage::Stage;

use super::Options;
use super::change::Change;
use super::record::Record;
use crate::control::Server;
use crate::prometheus::QueryFailed;
use crate::promises::{Known, Sources, wait_for};
use crate::report::Outcome;
use crate::setup::{self, Setup};
use crate::story::{Act, Tale};
use crate::terminal::Ui;
use crate::{folders, gate};

/// The nominal window that the gate judges in a tale: five minutes, five seconds on the stage
/// clock.
const GATE_WINDOW: &str = "5m";

/// How often is looked while the room watches.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The acts of a play in progress.
pub(super) struct Acts<'p> {
    /// The project's folder.
    pub(super) root: &'p Path,
    /// The story.
    pub(super) tale: &'p Tale,
    /// How it is to be played.
    pub(super) options: &'p Options,
    /// Where it is shown.
    pub(super) ui: &'p Ui,
    /// What happened so far.
    pub(super) record: &'p mut Record,
}

impl Acts<'_> {
    /// Lets `tale status` and `tale chaos` in another terminal look at the play, which does without
    /// if it has to.
    pub(super) fn open_control(&self, stage: &Arc<dyn Stage>) -> Option<Server> {
        let dir = folders::play(self.root, &self.tale.name);
        let control = Server::open(&dir, &format!("play {}", self.tale.name))
            .inspect_err(|why| self.ui.line(&format!("  tale status cannot see this: {why:#}")))
            .ok()?;
        control.ready(stage.clone());
        Some(control)
    }

    /// Plays act by act, until a promise is not kept or an act cannot be played.
    ///
    /// # Errors
    /// What is wrong with the tale, as only a stage can tell.
    pub(super) async fn play(
        &mut self,
        stage: &Arc<dyn Stage>,
        setup: &Setup,
        known: Known,
    ) -> Result<()> {
        self.stage_is_up(&**stage).await?;
        let sources = self.sources(stage, setup, known)?;
        self.check_queries(&sources).await?;
        for act in &self.tale.acts {
            self.ui.act(&act.act);
            self.record.begin(act);
            let played = self.play_act(act, &**stage, &sources).await;
            self.record.end_act();
            match played {
                Ok(Outcome::Kept) => {}
                Ok(_) => break,
                // The promises of this act are not reached, so the play ends undecided.
                Err(why) => {
                    let why = format!("act `{}` could not be played: {why:#}", act.act);
                    self.ui.line(&format!("  {} {why}", self.ui.yellow("?")));
                    self.record.notes.push(why);
                    break;
                }
            }
        }
        Ok(())
    }

    async fn stage_is_up(&mut self, stage: &dyn Stage) -> Result<()> {
        let status = stage.status().await?;
        let prometheus = stage.place().prometheus.as_deref().unwrap_or("none");
        self.ui.done(
            "the stage is up",
            self.record.start.elapsed(),
            &format!("{} pods, Prometheus {prometheus}", status.pods.len()),
        );
        Ok(())
    }

    fn sources(&self, stage: &Arc<dyn Stage>, setup: &Setup, known: Known) -> Result<Sources> {
        let window = Period::parse(GATE_WINDOW).expect("a constant");
        let judged = !self.tale.slos.is_empty();
        let plan = judged.then(|| gate::plan(&setup.catalogue, window, setup.clock)).transpose()?;
        Ok(Sources {
            stage: stage.clone(),
            prometheus: setup::prometheus(&**stage),
            known,
            plan,
            started: self.record.start,
            baseline: None.into(),
        })
    }

    /// A query with a mistake in it is found now, not in the middle of the story.
    async fn check_queries(&self, sources: &Sources) -> Result<()> {
        for (field, query) in self.tale.queries() {
            if let Err(QueryFailed::Refused(why)) = sources.prometheus.query(query, None).await {
                let file = format!("tales/{}/tale.yaml", self.tale.name);
                return Err(anyhow!(
                    "{file}: {field}: Prometheus refuses `{query}`: {why}; correct the query"
                ));
            }
        }
        Ok(())
    }

    /// What the act changes, then how long it is watched, then its promises.
    async fn play_act(
        &mut self,
        act: &Act,
        stage: &dyn Stage,
        sources: &Sources,
    ) -> Result<Outcome> {
        let left_out = &self.options.left_out;
        let mut change =
            Change { root: self.root, stage, left_out, ui: self.ui, record: self.record };
        change.make(act).await?;
        if let Some(hold) = &act.hold {
            tokio::select! {
                () = self.ui.hold(hold.0) => {}
                () = keep_looking(stage) => {}
            }
        }
        Ok(self.keep_promises(act, sources).await)
    }

    /// Checks the act's promises in order. As soon as one is not kept, the rest is not reached.
    async fn keep_promises(&mut self, act: &Act, sources: &Sources) -> Outcome {
        let since = Instant::now();
        for promise in &act.promises {
            let (text, within) = (promise.text(), promise.within());
            let live = self.ui.promise(&text, within, since);
            let ending = wait_for(promise, sources, since, |seen| live.seen(seen)).await;
            live.end(ending.outcome, &ending.observed);
            self.record.promise(act, promise, since.elapsed(), &ending);
            if ending.outcome != Outcome::Kept {
                return ending.outcome;
            }
        }
        Outcome::Kept
    }
}

/// What happens while the room watches is seen, too: a pod that is taken away, say.
async fn keep_looking(stage: &dyn Stage) {
    loop {
        // One that does not answer now is asked again by the next promise.
        let _ = stage.status().await;
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
