//! `tale slo leak`: which pods grow, how fast, and how long they have left.

mod limit;
mod render;

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use stats::{LeakReport, LeakSettings, LeakVerdict, leak};

use super::past::{Past, numbers, period};
use crate::cli::{Leak, StatsFormat};
use crate::folders::Project;
use crate::prometheus::{QueryFailed, Series};
use limit::{Limits, same};

/// When a process started; every client library exports it.
const STARTED: &str = "process_start_time_seconds";
/// Starts closer than this are one: some exporters compute the number anew at each scrape.
const SAME_START: f64 = 1.0;
/// Labels by which two series are known to be of the same process.
const PROCESS: [&str; 5] = ["namespace", "pod", "container", "instance", "job"];

/// One series and its judgement.
struct Judged {
    name: String,
    labels: BTreeMap<String, String>,
    report: LeakReport,
}

/// Judges every series of the query.
pub(super) async fn run(project: &Project, args: Leak) -> Result<(String, u8)> {
    let mut settings = LeakSettings {
        warm_up_seconds: period("--warm-up", &args.warm_up)?.as_secs_f64(),
        horizon_seconds: period("--horizon", &args.horizon)?.as_secs_f64(),
        ..LeakSettings::default()
    };
    let past = Past::last(project, args.source, &args.last).await?;
    let limits = match args.limit.as_deref() {
        Some(text) => Limits::read(text, &past).await?,
        None => Limits::none(),
    };
    let series = courses(&past, &args.query).await?;
    let starts = past.samples(STARTED).await.unwrap_or_default();
    let mut judged: Vec<Judged> = series
        .into_iter()
        .map(|series| {
            settings.limit = limits.find(&series.metric);
            let samples: Vec<(f64, f64)> = numbers(&series).collect();
            Judged {
                name: name(&series.metric),
                report: leak(&samples, &restarts(&series.metric, &starts), &settings),
                labels: series.metric,
            }
        })
        .collect();
    make_names_unique(&mut judged);
    let order = |judged: &Judged| (judged.report.verdict != LeakVerdict::Leak, judged.name.clone());
    judged.sort_by_key(order);
    let output = render::Output {
        query: &args.query,
        last: &args.last,
        horizon: &args.horizon,
        settings,
        judged: &judged,
    };
    let text = match args.format {
        StatsFormat::Text => output.text(),
        StatsFormat::Json => output.json(),
        StatsFormat::Markdown => output.markdown(),
    };
    Ok((text, code(&judged)))
}

/// 1 if any leaks, 0 if none does, 2 if none could be judged.
fn code(judged: &[Judged]) -> u8 {
    let any = |wanted: LeakVerdict| judged.iter().any(|judged| judged.report.verdict == wanted);
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

/// The pod, or the next best name.
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

/// Where two series share a name, all their labels are shown instead.
fn make_names_unique(judged: &mut [Judged]) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for series in judged.iter() {
        *seen.entry(series.name.clone()).or_default() += 1;
    }
    for series in judged {
        if seen[&series.name] > 1 {
            series.name = all_labels(&series.labels);
        }
    }
}
