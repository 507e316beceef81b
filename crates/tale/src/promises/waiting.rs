//! Waiting for a promise: how often is looked, and when it is kept, broken or undecided.

use std::time::{Duration, Instant};

use slo::gate::Verdict;
use tokio::time::sleep;

use super::look::Answer;
use super::{Promise, Sources};
use crate::report::Outcome;

/// How often is looked. Prometheus has new data every second on the stage clock.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The end of one promise.
#[derive(Debug, Clone)]
pub struct Ending {
    /// How it ended.
    pub outcome: Outcome,
    /// What was seen last.
    pub observed: String,
    /// What the gate said, if it was asked.
    pub verdict: Option<Verdict>,
    /// Whether what was promised is that somebody was woken.
    pub alarm: bool,
}

/// Waits until the promise holds, counted from `since`, and as long as it asks for. Hands what it
/// sees to `watch`.
///
/// Whoever judges first asks whether the eyes are open ([`Sources::blind`]): what was not looked at
/// is neither kept nor broken.
pub async fn wait_for(
    promise: &Promise,
    sources: &Sources,
    since: Instant,
    watch: impl Fn(&str),
) -> Ending {
    let lasting = promise.lasting();
    let within = promise.within() + lasting;
    let (mut holds_since, mut first, mut verdict) = (None, None, None);
    loop {
        // A stage that does not answer is asked again; one whose Prometheus died is lost.
        if let Ok(Some(died)) = sources.died().await {
            return Ending { outcome: Outcome::Undecided, observed: died, verdict, alarm: false };
        }
        let late = since.elapsed() > within;
        let look = promise.kind.look(sources).await;
        let observed = match &look.measured {
            Some(measured) => {
                first = first.or(measured.now);
                measured.told(first)
            }
            None => look.observed,
        };
        verdict = look.verdict.or(verdict);
        let outcome = match look.answer {
            Answer::Holds => {
                let from = *holds_since.get_or_insert_with(Instant::now);
                (from.elapsed() >= lasting).then_some(Outcome::Kept)
            }
            // What has to last may not be interrupted.
            Answer::NotYet if holds_since.is_some() => Some(Outcome::Broken),
            Answer::NotYet => late.then_some(Outcome::Broken),
            Answer::Unknown => late.then_some(Outcome::Undecided),
            Answer::Hopeless => Some(Outcome::Undecided),
        };
        let observed = match (outcome, holds_since) {
            (Some(Outcome::Broken), Some(_)) => {
                format!("it did not last {lasting:?}: {observed}")
            }
            _ => observed,
        };
        let blind = match outcome {
            Some(Outcome::Kept | Outcome::Broken) => sources.blind().await,
            _ => None,
        };
        let ending =
            |outcome, observed| Ending { outcome, observed, verdict: None, alarm: look.alarm };
        let ended = match (outcome, blind) {
            // It may be seen again in a moment.
            (Some(Outcome::Kept), Some(why)) if !late => {
                holds_since = None;
                watch(&why);
                None
            }
            (Some(Outcome::Kept | Outcome::Broken), Some(why)) => {
                Some(ending(Outcome::Undecided, format!("{why}; seen last: {observed}")))
            }
            (Some(Outcome::Broken), None) => match sources.starved(since).await {
                Some(why) => {
                    Some(ending(Outcome::Undecided, format!("{why}; seen last: {observed}")))
                }
                None => Some(ending(Outcome::Broken, observed)),
            },
            (Some(outcome), None) | (Some(outcome), Some(_)) => Some(ending(outcome, observed)),
            (None, _) => {
                watch(&observed);
                None
            }
        };
        match ended {
            Some(ending) => return Ending { verdict, ..ending },
            None => sleep(LOOK_EVERY).await,
        }
    }
}
