//! `tale slo correlate`: events, ranked by how well they go together with the breaches of an
//! objective.

use anyhow::{Result, anyhow, ensure};
use serde_json::{Value, json};
use slo::openslo::model::{Objective, Slo};
use slo::queries::{error_ratio, labels_of};
use slo::{Period, plain};
use stats::{Breach, CORRELATION_NOT_CAUSE, CorrelateSettings, Suspicion, correlate};

use super::events::{self, Event};
use super::past::{Past, period};
use super::{load, observed, words};
use crate::cli::{ClockArg, Correlate, StatsFormat};
use crate::folders::Project;
use crate::terminal::Table;

/// Most steps of time that are looked at.
const MOST_STEPS: f64 = 5_000.0;

/// One objective, its breaches, and the suspects.
struct Ranked {
    id: String,
    /// Is there any sample?
    measured: bool,
    /// First and last moment of each breach.
    breaches: Vec<(f64, f64)>,
    suspects: Vec<Suspicion>,
}

/// Ranks the suspects of every objective.
pub(super) async fn run(project: &Project, args: Correlate) -> Result<(String, u8)> {
    let catalogue = load(&args.files, args.rewrite_ranges)?;
    let mut events = match &args.events {
        Some(file) => events::read(file)?,
        None => Vec::new(),
    };
    let clock = ClockArg::or_of(args.clock, &args.source.server);
    let last = period("--last", &args.last)?;
    let (shortest, shortest_step) = resolution(clock);
    let step = (last.as_secs_f64() / MOST_STEPS).ceil().max(shortest_step);
    // A rate over less than a step would not see what is between two of them.
    let range = shortest.max(Period::from_millis((step * 1000.0) as u64));
    let settings = CorrelateSettings {
        // A rate forgets a bad second only when its whole range is behind it.
        recovery_seconds: period("--recovery", &args.recovery)?.as_secs_f64() + range.as_secs_f64(),
        longest_lag_seconds: period("--lag", &args.lag)?.as_secs_f64(),
    };
    let past = Past::over(project, args.source, last).await?;
    events.extend(observed::all(project, &past, step).await);
    let mut ranked = Vec::new();
    for slo in &catalogue.slos {
        for objective in &slo.objectives {
            let question = Question { slo, objective, range, step, shortest_step, settings };
            ranked.push(question.rank(&past, &events).await?);
        }
    }
    ensure!(!ranked.is_empty(), "the files hold no objective");
    let text = match args.format {
        StatsFormat::Text => render(&ranked, &args.last, Table::to_string, ""),
        StatsFormat::Markdown => render(&ranked, &args.last, Table::to_markdown, "### "),
        StatsFormat::Json => as_json(&ranked),
    };
    let blind = ranked.iter().any(|ranked| !ranked.measured);
    Ok((text, if blind { 2 } else { 0 }))
}

/// How long a rate needs, and how finely time is looked at.
fn resolution(clock: ClockArg) -> (Period, f64) {
    match clock {
        ClockArg::Stage => (Period::seconds(3), 1.0),
        ClockArg::Real => (Period::minutes(2), 5.0),
    }
}

/// One objective, and how it is looked at.
struct Question<'a> {
    slo: &'a Slo,
    objective: &'a Objective,
    range: Period,
    step: f64,
    /// How close samples are looked at, between two steps, too.
    shortest_step: f64,
    settings: CorrelateSettings,
}

impl Question<'_> {
    async fn rank(&self, past: &Past, events: &[Event]) -> Result<Ranked> {
        let query =
            error_ratio(self.slo, self.objective, self.range).map_err(|why| anyhow!("{why}"))?;
        // States are seen at instants: between two steps the worst of them counts.
        let states = !self.objective.indicator.metric.has_events();
        let query = if states && self.step > self.shortest_step {
            format!("max_over_time(({query})[{}s:{}s])", self.step, self.shortest_step)
        } else {
            query
        };
        let ratios = past.steps(&query, self.step).await;
        let ratios = ratios.map_err(|why| anyhow!("{why}"))?;
        let allowed = self.objective.target.one_minus().to_f64();
        let breach = Breach {
            start: past.from,
            step: self.step,
            breached: ratios
                .iter()
                .map(|ratio| ratio.is_some_and(|ratio| ratio > allowed))
                .collect(),
            labels: labels_of(self.slo, self.objective),
        };
        let breaches = intervals(&breach);
        let suspects = events::suspects(events, past.from, past.to, self.step);
        Ok(Ranked {
            id: self.slo.objective_id(self.objective),
            measured: ratios.iter().any(Option::is_some),
            suspects: if breaches.is_empty() {
                Vec::new()
            } else {
                correlate(&breach, &suspects, &self.settings)
            },
            breaches,
        })
    }
}

/// Where the breach begins and ends.
fn intervals(breach: &Breach) -> Vec<(f64, f64)> {
    let mut found: Vec<(f64, f64)> = Vec::new();
    let mut before = false;
    for (index, now) in breach.breached.iter().enumerate() {
        let time = breach.start + breach.step * index as f64;
        match found.last_mut() {
            Some(last) if *now && before => last.1 = time + breach.step,
            _ if *now => found.push((time, time + breach.step)),
            _ => {}
        }
        before = *now;
    }
    found
}

fn render(ranked: &[Ranked], last: &str, table: fn(&Table) -> String, mark: &str) -> String {
    let parts: Vec<String> = ranked
        .iter()
        .map(|ranked| {
            let head = format!("{mark}{}\n\n", ranked.id);
            if !ranked.measured {
                return format!("{head}no data in the last {last}; see tale slo lint, or ask for a longer --last\n");
            }
            if ranked.breaches.is_empty() {
                return format!("{head}no breach in the last {last}: nothing to explain\n");
            }
            let seconds: f64 = ranked.breaches.iter().map(|(from, to)| to - from).sum();
            let (first, _) = ranked.breaches[0];
            let breaches = format!(
                "breaches: {}, {} of the last {last}, the first at {}\n",
                ranked.breaches.len(),
                words::duration(seconds),
                words::moment(first)
            );
            if ranked.suspects.is_empty() {
                return format!("{head}{breaches}no event is known; name some with --events FILE\n");
            }
            format!("{head}{breaches}\n{}\n{CORRELATION_NOT_CAUSE}\n", table(&suspects(&ranked.suspects)))
        })
        .collect();
    parts.join("\n")
}

fn suspects(found: &[Suspicion]) -> Table {
    let mut table = Table::new([
        ">#",
        "SUSPECT",
        ">SCORE",
        ">PRECISION",
        ">RECALL",
        ">CORRELATION",
        ">LAG",
        ">LABELS",
        ">P (HOLM)",
    ]);
    for (index, suspicion) in found.iter().enumerate() {
        let two = |value: f64| format!("{value:.2}");
        table.row([
            (index + 1).to_string(),
            plain(&suspicion.name),
            two(suspicion.score),
            two(suspicion.precision),
            two(suspicion.recall),
            two(suspicion.correlation),
            suspicion.lag_seconds.map_or_else(|| "-".to_owned(), |lag| format!("{lag:.0} s")),
            two(suspicion.label_match),
            words::p(suspicion.p),
        ]);
    }
    table
}

fn as_json(ranked: &[Ranked]) -> String {
    let objectives: Vec<Value> = ranked
        .iter()
        .map(|ranked| {
            let breaches: Vec<Value> = ranked
                .breaches
                .iter()
                .map(|(from, to)| json!({"start": words::moment(*from), "end": words::moment(*to)}))
                .collect();
            json!({"id": ranked.id, "measured": ranked.measured, "breaches": breaches, "suspects": ranked.suspects})
        })
        .collect();
    words::json(&json!({"objectives": objectives, "caution": CORRELATION_NOT_CAUSE}))
}
