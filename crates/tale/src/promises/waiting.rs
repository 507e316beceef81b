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
}

/// Waits until the promise holds, counted from `since`, and as long as it asks for. Hands what it
/// sees to `watch`.
pub async fn wait_for(
    promise: &Promise,
    sources: &Sources,
    since: Instant,
    watch: impl Fn(&str),
) -> Ending {
    let lasting = promise.lasting();
    let within = promise.within() + lasting;
    let mut holds_since = None;
    let mut verdict = None;
    loop {
        // A stage that does not answer is asked again; one whose Prometheus died is lost.
        if let Ok(Some(died)) = sources.died().await {
            return Ending { outcome: Outcome::Undecided, observed: died, verdict };
        }
        let late = since.elapsed() > within;
        let look = promise.kind.look(sources).await;
        verdict = look.verdict.or(verdict);
        let ending = match look.answer {
            Answer::Holds => {
                let from = *holds_since.get_or_insert_with(Instant::now);
                (from.elapsed() >= lasting).then_some((Outcome::Kept, look.observed))
            }
            // What has to last may not be interrupted.
            Answer::NotYet if holds_since.is_some() => {
                let observed = format!("it did not last {lasting:?}: {}", look.observed);
                Some((Outcome::Broken, observed))
            }
            Answer::NotYet => {
                watch(&look.observed);
                late.then_some((Outcome::Broken, look.observed))
            }
            Answer::Unknown => {
                watch(&look.observed);
                late.then_some((Outcome::Undecided, look.observed))
            }
            Answer::Hopeless => Some((Outcome::Undecided, look.observed)),
        };
        match ending {
            // Without any data, "it did not happen" and "nobody looked" are the same: only the
            // second is known.
            Some((Outcome::Broken, observed)) if !sources.has_data().await => {
                let observed = format!("no pod was scraped successfully; {observed}");
                return Ending { outcome: Outcome::Undecided, observed, verdict };
            }
            Some((outcome, observed)) => return Ending { outcome, observed, verdict },
            None => sleep(LOOK_EVERY).await,
        }
    }
}
