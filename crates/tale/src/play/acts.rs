//! The acts of a play, one after the other: what happens, and what was promised.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use slo::Period;
use stage::Stage;

use super::Options;
use super::change::Change;
use super::profile;
use super::record::Record;
use crate::control::Server;
use crate::machine::Ticks;
use crate::prometheus::QueryFailed;
use crate::promises::{Known, Promise, Sources, wait_for};
use crate::report::Outcome;
use crate::setup::{self, Setup};
use crate::story::{Act, Tale};
use crate::terminal::{Tone, Ui};
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
        let texts: Vec<String> = self.tale.promises().map(Promise::text).collect();
        self.ui.make_room(texts.iter().map(String::as_str));
        self.stage_is_up(&**stage).await?;
        let mut sources = self.sources(stage, setup, known)?;
        sources.lost_before = sources.lost().await;
        self.check_queries(&sources).await?;
        for act in &self.tale.acts {
            if self.options.pace.step {
                self.ui.line("");
                self.ui.wait_for_key(&format!("press a key for: {}", act.act)).await?;
            }
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

    async fn stage_is_up(&mut self, on: &dyn Stage) -> Result<()> {
        let status = on.status().await?;
        let prometheus = on.place().prometheus.as_deref().unwrap_or("none");
        self.ui.done(
            "the stage is up",
            self.record.start.elapsed(),
            &format!("{} pods, Prometheus {prometheus}", status.pods.len()),
            Tone::Plain,
        );
        for event in status.events.iter().filter(|event| event.reason == stage::PORTS_MOVED) {
            self.ui.line(&format!("    {}", event.message));
        }
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
            lost_before: [0.0; 2],
            state_dir: setup.state_dir.clone(),
            ticks: Ticks::start(),
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
        let Options { left_out, set, .. } = self.options;
        let mut change = Change {
            root: self.root,
            stage,
            left_out,
            sources,
            set,
            ui: self.ui,
            record: self.record,
        };
        change.make(act).await?;
        if let Some(hold) = &act.hold {
            tokio::select! {
                () = self.ui.hold(hold.0) => {}
                () = keep_looking(stage) => {}
            }
        }
        let outcome = self.keep_promises(act, sources).await;
        if let Some(deployment) = &act.profile {
            let at_s = self.record.seconds();
            let profile = profile::take(deployment, &sources.prometheus, at_s).await;
            match profile {
                Ok(profile) => self.record.profiles.push(profile),
                Err(why) => self.record.notes.push(format!("no profile of {deployment}: {why:#}")),
            }
        }
        Ok(outcome)
    }

    /// Checks the act's promises in order. As soon as one is not kept, the rest is not reached.
    async fn keep_promises(&mut self, act: &Act, sources: &Sources) -> Outcome {
        let since = Instant::now();
        for promise in &act.promises {
            let (text, within) = (promise.text(), promise.within());
            let live = self.ui.promise(&text, within, since);
            let waits = wait_for(promise, sources, since, |seen| live.seen(seen));
            let ending = match promise.meanwhile() {
                Some(why) => telling(waits, || live.meanwhile(why)).await,
                None => waits.await,
            };
            let tone = if ending.alarm { Tone::Alarm } else { Tone::Plain };
            live.end(ending.outcome, &ending.observed, tone);
            self.record.promise(act, promise, since.elapsed(), &ending);
            if ending.outcome != Outcome::Kept {
                return ending.outcome;
            }
        }
        Outcome::Kept
    }
}

/// So long a room waits without being told what for.
const DEAD_AIR: Duration = Duration::from_secs(3);

/// Waits, and says why when it takes longer.
async fn telling<T>(wait: impl Future<Output = T>, why: impl FnOnce()) -> T {
    tokio::pin!(wait);
    tokio::select! {
        done = &mut wait => return done,
        () = tokio::time::sleep(DEAD_AIR) => why(),
    }
    wait.await
}

/// What happens while the room watches is seen, too: a pod that is taken away, say.
async fn keep_looking(stage: &dyn Stage) {
    loop {
        // One that does not answer now is asked again by the next promise.
        let _ = stage.status().await;
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
