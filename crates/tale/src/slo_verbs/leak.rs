//! `tale slo leak`: which pods grow, how fast, and how long they have left.

mod limit;
mod render;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail};
use stats::{LeakReport, LeakSettings, LeakVerdict, leak};

use super::past::{Past, numbers, period};
use crate::cli::{Leak, StatsFormat};
use crate::prometheus::{QueryFailed, Series};
use limit::{Limits, same};

/// When a process started, as every client library tells it.
const STARTED: &str = "process_start_time_seconds";
/// Starts closer than this are one: some exporters compute the number anew at each scrape.
const SAME_START: f64 = 1.0;
/// What tells one process from another.
const PROCESS: [&str; 5] = ["namespace", "pod", "container", "instance", "job"];

/// One series and its judgement.
struct Judged {
    name: String,
    labels: BTreeMap<String, String>,
    report: LeakReport,
}

/// Judges every series of the query.
pub(super) async fn run(root: &Path, args: Leak, note: impl Fn(&str)) -> Result<(String, u8)> {
    let mut settings = LeakSettings {
        warm_up_seconds: period("--warm-up", &args.warm_up)?.as_secs_f64(),
        horizon_seconds: period("--horizon", &args.horizon)?.as_secs_f64(),
        ..LeakSettings::default()
    };
    let past = Past::of(root, args.source, &args.last, &note).await?;
    let limits = match args.limit.as_deref() {
        Some(text) => Limits::read(text, &past).await?,
        None => Limits::none(),
    };
    let series = courses(&past, &args.query).await?;
    let starts = past.samples(STARTED).await.unwrap_or_default();
    let mut judged: Vec<Judged> = series
        .into_iter()
        .map(|one| {
            settings.limit = limits.of(&one.metric);
            let samples: Vec<(f64, f64)> = numbers(&one).collect();
            Judged {
                name: name(&one.metric),
                report: leak(&samples, &restarts(&one.metric, &starts), &settings),
                labels: one.metric,
            }
        })
        .collect();
    name_apart(&mut judged);
    let order = |one: &Judged| (one.report.verdict != LeakVerdict::Leak, one.name.clone());
    judged.sort_by_key(order);
    let shown = render::Shown {
        query: &args.query,
        last: &args.last,
        horizon: &args.horizon,
        settings,
        judged: &judged,
    };
    let text = match args.format {
        StatsFormat::Text => shown.text(),
        StatsFormat::Json => shown.json(),
        StatsFormat::Markdown => shown.markdown(),
    };
    Ok((text, code(&judged)))
}

/// 1 if any leaks, 0 if none does, 2 if none could be judged.
fn code(judged: &[Judged]) -> u8 {
    let any = |wanted: LeakVerdict| judged.iter().any(|one| one.report.verdict == wanted);
    if any(LeakVerdict::Leak) {
        1
    } else if any(LeakVerdict::NoLeak) {
        0
    } else {
        2
    }
}

/// Samples as scraped if the query is a selector: points that a range query repeats are no
/// evidence.
async fn courses(past: &Past, query: &str) -> Result<Vec<Series>> {
    let step = ((past.to - past.from) / 100.0).max(1.0);
    let answer = match past.samples(query).await {
        Err(QueryFailed::Refused(_)) => past.course(query, step).await,
        answer => answer,
    };
    match answer {
        Ok(series) => Ok(series),
        Err(why) => bail!("{why}"),
    }
}

/// The starts of the process that a series is about.
fn restarts(labels: &BTreeMap<String, String>, starts: &[Series]) -> Vec<f64> {
    let mine = starts.iter().filter(|start| same(labels, &start.metric, &PROCESS));
    let mut times: Vec<f64> =
        mine.flat_map(numbers).map(|(_, start)| start).filter(|start| start.is_finite()).collect();
    times.sort_by(f64::total_cmp);
    times.dedup_by(|later, earlier| *later - *earlier < SAME_START);
    times
}

/// The pod, or whatever else people call it.
fn name(labels: &BTreeMap<String, String>) -> String {
    let known = ["pod", "instance", "job"].iter().find_map(|key| labels.get(*key));
    known.cloned().unwrap_or_else(|| all_labels(labels))
}

fn all_labels(labels: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = labels
        .iter()
        .filter(|(key, _)| *key != "__name__")
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    if pairs.is_empty() { "all".to_owned() } else { pairs.join(",") }
}

/// Where two series share a name, all their labels are told.
fn name_apart(judged: &mut [Judged]) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for one in judged.iter() {
        *seen.entry(one.name.clone()).or_default() += 1;
    }
    for one in judged {
        if seen[&one.name] > 1 {
            one.name = all_labels(&one.labels);
        }
    }
}
