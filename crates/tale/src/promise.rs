//! Checking one promise: what it takes for each kind, and how long to wait for it.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use slo::gate::{Baseline, Outcome, Plan, Verdict};
use tokio::time::sleep;

use crate::prometheus::{Prometheus, QueryFailed, Series};
use crate::story::{AlertState, GateWord, PromiseFields, Spent};
use crate::world::World;
use crate::{budget, gate};

/// How often is looked. Prometheus has new data every second on the stage clock.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How a promise ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Kept {
    /// It came true in time.
    Yes,
    /// It did not.
    No,
    /// Nobody can say.
    Undecided,
}

/// The end of one promise.
#[derive(Debug, Clone)]
pub struct Ending {
    /// How it ended.
    pub kept: Kept,
    /// What was seen last.
    pub observed: String,
    /// What the gate said, if it was asked.
    pub verdict: Option<Verdict>,
}

/// What promises are checked against.
pub struct Scene<'w> {
    /// The stage and all on it.
    pub world: &'w World,
    /// Its Prometheus.
    pub prometheus: Prometheus,
    /// What the gate asks; `None` for a tale without objectives.
    pub plan: Option<Plan>,
    /// What relative criteria are compared with, once it is pinned.
    pub baseline: Mutex<Option<Baseline>>,
}

/// One look.
enum Look {
    Holds(String),
    NotYet(String),
    /// Asking again may help: a backend did not answer.
    NoAnswer(String),
    /// Asking again will not help.
    Hopeless(String),
}

impl Scene<'_> {
    /// Waits until the promise holds, counted from `since`, and as long as it asks for. Reports
    /// what it sees to `watch`.
    pub async fn wait_for(
        &self,
        promise: &PromiseFields,
        since: Instant,
        watch: impl Fn(&str),
    ) -> Ending {
        let lasting = promise.lasting.as_ref().map_or(Duration::ZERO, |span| span.0);
        let within = promise.within() + lasting;
        let mut holds_since = None;
        let mut verdict = None;
        loop {
            let late = since.elapsed() > within;
            let end = |kept, observed| Ending { kept, observed, verdict: None };
            let ending = match self.look(promise, &mut verdict).await {
                Look::Holds(observed) => {
                    let from = *holds_since.get_or_insert_with(Instant::now);
                    (from.elapsed() >= lasting).then(|| end(Kept::Yes, observed))
                }
                // What has to last may not be interrupted.
                Look::NotYet(observed) if holds_since.is_some() => {
                    Some(end(Kept::No, format!("it did not last {lasting:?}: {observed}")))
                }
                Look::NotYet(observed) => {
                    watch(&observed);
                    late.then(|| end(Kept::No, observed))
                }
                Look::NoAnswer(why) => {
                    watch(&why);
                    let died = self.world.died().await.ok().flatten();
                    (late || died.is_some()).then(|| end(Kept::Undecided, died.unwrap_or(why)))
                }
                Look::Hopeless(why) => Some(end(Kept::Undecided, why)),
            };
            match ending {
                // Without any data, "it did not happen" and "nobody looked" are the same: only the
                // second is known.
                Some(ending) if ending.kept == Kept::No && !self.has_data().await => {
                    let observed = format!("no pod was scraped successfully; {}", ending.observed);
                    return Ending { kept: Kept::Undecided, observed, verdict };
                }
                Some(ending) => return Ending { verdict, ..ending },
                None => sleep(LOOK_EVERY).await,
            }
        }
    }

    async fn look(&self, promise: &PromiseFields, verdict: &mut Option<Verdict>) -> Look {
        match self.world.died().await {
            Ok(None) => {}
            Ok(Some(died)) => return Look::Hopeless(died),
            Err(why) => return Look::NoAnswer(why.to_string()),
        }
        match promise {
            PromiseFields { metric: Some(query), .. } => self.metric(query).await,
            PromiseFields { alert: Some(name), state, .. } => self.alert(name, *state).await,
            PromiseFields { mail: Some(name), state, .. } => self.mail(name, *state).await,
            PromiseFields { gate: Some(word), .. } => self.gate(*word, promise, verdict).await,
            PromiseFields { budget: Some(name), spent: Some(wanted), .. } => {
                self.budget(name, *wanted).await
            }
            _ => self.quiet().await,
        }
    }

    async fn metric(&self, query: &str) -> Look {
        match self.prometheus.query(query, None).await {
            Ok(series) if series.is_empty() => Look::NotYet("it yields nothing".to_owned()),
            Ok(series) => Look::Holds(values(&series)),
            Err(why) => no_answer(&why),
        }
    }

    async fn alert(&self, name: &str, state: AlertState) -> Look {
        let query = alerts(name);
        match self.prometheus.query(&query, None).await {
            Ok(series) => {
                let of = |wanted: &str| {
                    let states = series.iter().filter_map(|one| one.metric.get("alertstate"));
                    states.filter(|state| *state == wanted).count()
                };
                let firing = of("firing");
                match state {
                    AlertState::Firing if firing > 0 => Look::Holds(format!("{firing} firing")),
                    AlertState::Firing if of("pending") > 0 => Look::NotYet("pending".to_owned()),
                    AlertState::Firing => Look::NotYet("not firing".to_owned()),
                    AlertState::Resolved if firing > 0 => {
                        Look::NotYet(format!("{firing} still firing"))
                    }
                    AlertState::Resolved if !self.has_data().await => {
                        Look::NoAnswer("no pod is scraped".to_owned())
                    }
                    AlertState::Resolved => Look::Holds("none firing".to_owned()),
                }
            }
            Err(why) => no_answer(&why),
        }
    }

    async fn quiet(&self) -> Look {
        match self.prometheus.query("ALERTS", None).await {
            Ok(_) if !self.has_data().await => Look::NoAnswer("no pod is scraped".to_owned()),
            Ok(series) if series.is_empty() => Look::Holds("none".to_owned()),
            Ok(series) => {
                let names: Vec<&str> = series
                    .iter()
                    .filter_map(|one| Some(one.metric.get("alertname")?.as_str()))
                    .collect();
                Look::NotYet(names.join(", "))
            }
            Err(why) => no_answer(&why),
        }
    }

    async fn mail(&self, alert: &str, state: AlertState) -> Look {
        let all = match self.world.stage.mail().await {
            Ok(all) => all,
            Err(why) => return Look::NoAnswer(why.to_string()),
        };
        match all.iter().rev().find(|mail| mail.reports(alert, state.word())) {
            Some(mail) => Look::Holds(format!("{} to {}", mail.channel, mail.receiver)),
            None => Look::NotYet(format!("{} messages, none about it", all.len())),
        }
    }

    async fn gate(
        &self,
        word: GateWord,
        promise: &PromiseFields,
        last: &mut Option<Verdict>,
    ) -> Look {
        let Some(plan) = &self.plan else {
            return Look::Hopeless("this tale has no slos for the gate to judge".to_owned());
        };
        if promise.pin && self.lock().is_none() {
            let first = gate::run(plan, &self.prometheus, None).await;
            let baseline = first.to_baseline();
            if baseline.values.is_empty() {
                return Look::NoAnswer("there is nothing to pin yet".to_owned());
            }
            *self.lock() = Some(baseline);
        }
        let baseline = self.lock().clone();
        let verdict = gate::run(plan, &self.prometheus, baseline.as_ref()).await;
        let worst = verdict.objectives.iter().max_by_key(|one| one.outcome);
        let said =
            worst.map_or_else(|| verdict.outcome.word().to_owned(), |one| one.reason.clone());
        let because = |slo: &String| {
            let mut failed = verdict.objectives.iter().filter(|one| one.outcome == Outcome::Fail);
            failed.any(|one| one.slo == *slo)
        };
        let look = match (word, verdict.outcome) {
            (GateWord::Pass, Outcome::Pass) => Look::Holds(said),
            (GateWord::Fail, Outcome::Fail) if promise.because.as_ref().is_none_or(because) => {
                Look::Holds(said)
            }
            (_, Outcome::Inconclusive) => Look::NoAnswer(said),
            _ => Look::NotYet(said),
        };
        *last = Some(verdict);
        look
    }

    async fn budget(&self, name: &str, wanted: Spent) -> Look {
        let Some(budget) = budget::find(&self.world.catalogue, name) else {
            return Look::Hopeless(format!("no objective is called {name}"));
        };
        match budget::spent_minutes(&budget, &self.prometheus).await {
            Ok(None) => Look::NoAnswer("nothing is recorded yet".to_owned()),
            Ok(Some(spent)) => {
                let observed = format!("{spent:.1} of {:.1} minutes", budget.minutes());
                if wanted.holds(spent) { Look::Holds(observed) } else { Look::NotYet(observed) }
            }
            Err(why) => no_answer(&why),
        }
    }

    /// Whether any target is scraped at all.
    async fn has_data(&self) -> bool {
        self.prometheus.query("up == 1", None).await.is_ok_and(|series| !series.is_empty())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Baseline>> {
        self.baseline.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The series of an alert, which may be narrowed down by labels: `Name{severity="page"}`.
fn alerts(name: &str) -> String {
    match name.split_once('{') {
        Some((name, labels)) => format!("ALERTS{{alertname=\"{name}\",{labels}"),
        None => format!("ALERTS{{alertname=\"{name}\"}}"),
    }
}

fn no_answer(why: &QueryFailed) -> Look {
    match why {
        QueryFailed::Refused(_) => Look::Hopeless(why.to_string()),
        QueryFailed::Unreachable(_) => Look::NoAnswer(why.to_string()),
    }
}

/// The values of an answer, for people.
fn values(series: &[Series]) -> String {
    let shown: Vec<String> = series.iter().take(4).map(|one| short(one.number())).collect();
    let more = if series.len() > 4 { ", .." } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// A number with three significant digits.
fn short(number: f64) -> String {
    if number == number.trunc() && number.abs() < 1e6 {
        return format!("{number}");
    }
    let digits = (2 - number.abs().log10().floor() as i32).clamp(0, 6) as usize;
    format!("{number:.digits$}")
}
