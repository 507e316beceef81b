//! `tale slo leak`: which pods grow, how fast, and how long they have left.

mod limit;
mod render;

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use slo::Period;
use stats::{LeakReport, LeakSettings, LeakVerdict, leak};

use super::past::{Past, numbers, period};
use crate::cli::{Leak, StatsFormat};
use crate::folders::Project;
use crate::prometheus::{QueryFailed, Series};
use limit::{Limits, same};

/// When a process started: every client library exports the first, cAdvisor the second. The best
/// one that is there counts.
const STARTED: [&str; 2] = ["process_start_time_seconds", "container_start_time_seconds"];
/// When a pod started, of kube-state-metrics: a container in it may have been restarted since, so
/// one start tells nothing.
const POD_STARTED: &str = "kube_pod_start_time";
/// Starts closer than this are one: some exporters compute the number anew at each scrape.
const SAME_START: f64 = 1.0;
/// Labels by which two series are known to be of the same process; `job` and `instance` may be
/// those of an exporter, if there is a pod.
const PROCESS: [&str; 5] = ["namespace", "pod", "container", "instance", "job"];
const IN_A_POD: [&str; 3] = ["namespace", "pod", "container"];
/// Labels that change when cAdvisor sees a container again after its restart.
const OF_ONE_LIFE: [&str; 5] = ["id", "name", "image", "uid", "container_id"];
/// What is looked ahead, in windows.
const HORIZON: u64 = 2;
/// The part of the window that is a warm-up, and the shortest one.
const WARM_UP: u64 = 20;
const SHORTEST_WARM_UP: Period = Period::seconds(30);

/// One series and its judgement.
struct Judged {
    name: String,
    labels: BTreeMap<String, String>,
    report: LeakReport,
}

/// Judges every series of the query.
pub(super) async fn run(project: &Project, args: Leak) -> Result<(String, u8)> {
    let last = period("--last", &args.last)?;
    let or = |argument, text: Option<&String>, usual: Period| match text {
        Some(text) => period(argument, text),
        None => Ok(usual),
    };
    // In proportion: what a stage does in minutes, production does in days.
    let warm_up = Period::from_millis(last.as_millis() / WARM_UP).max(SHORTEST_WARM_UP);
    let warm_up = or("--warm-up", args.warm_up.as_ref(), warm_up)?;
    let horizon = Period::from_millis(last.as_millis() * HORIZON);
    let horizon = or("--horizon", args.horizon.as_ref(), horizon)?;
    let mut settings = LeakSettings {
        warm_up_seconds: warm_up.as_secs_f64(),
        horizon_seconds: horizon.as_secs_f64(),
        ..LeakSettings::default()
    };
    let past = Past::over(project, args.source, last).await?;
    let limits = match args.limit.as_deref() {
        Some(text) => Limits::read(text, &past).await?,
        None => Limits::none(),
    };
    let series = courses(&past, &args.query).await?;
    let starts = Starts::read(&past).await;
    let mut judged: Vec<Judged> = lives(series)
        .into_iter()
        .map(|lived| {
            settings.limit = limits.find(&lived.labels);
            let restarts = [starts.of(&lived.labels), lived.restarts].concat();
            Judged {
                name: name(&lived.labels),
                report: leak(&lived.samples, &restarts, &settings),
                labels: lived.labels,
            }
        })
        .collect();
    make_names_unique(&mut judged);
    let rank = |verdict: LeakVerdict| match verdict {
        LeakVerdict::Leak => 0,
        LeakVerdict::CannotTell => 1,
        LeakVerdict::NoLeak | LeakVerdict::TooShort => 2,
    };
    let order = |judged: &Judged| (rank(judged.report.verdict), judged.name.clone());
    judged.sort_by_key(order);
    let output = render::Output {
        query: &args.query,
        last: &args.last,
        horizon: &horizon.to_string(),
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

/// 1 if any leaks, 2 if one cannot be told or none could be judged, 0 if none leaks.
fn code(judged: &[Judged]) -> u8 {
    let any = |wanted: LeakVerdict| judged.iter().any(|judged| judged.report.verdict == wanted);
    if any(LeakVerdict::Leak) {
        1
    } else if any(LeakVerdict::CannotTell) {
        2
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

/// A process, through all its restarts.
struct Lived {
    labels: BTreeMap<String, String>,
    samples: Vec<(f64, f64)>,
    /// Where a series ends and the next one begins.
    restarts: Vec<f64>,
}

/// Series that differ only in what a restart changes, and follow each other, are of one process.
fn lives(series: Vec<Series>) -> Vec<Lived> {
    let mut grouped: BTreeMap<BTreeMap<String, String>, Vec<Series>> = BTreeMap::new();
    for series in series {
        let mut labels = series.metric.clone();
        labels.retain(|key, _| !OF_ONE_LIFE.contains(&key.as_str()));
        grouped.entry(labels).or_default().push(series);
    }
    let mut lives = Vec::new();
    for (labels, mut group) in grouped {
        let start = |series: &Series| series.values.first().map_or(f64::NAN, |(time, _)| *time);
        let end = |series: &Series| series.values.last().map_or(f64::NAN, |(time, _)| *time);
        group.sort_by(|a, b| start(a).total_cmp(&start(b)));
        let follow = group.windows(2).all(|pair| end(&pair[0]) < start(&pair[1]));
        if group.len() > 1 && follow {
            let restarts = group.iter().map(start).collect();
            let samples = group.iter().flat_map(numbers).collect();
            lives.push(Lived { labels, samples, restarts });
            continue;
        }
        lives.extend(group.into_iter().map(|series| Lived {
            samples: numbers(&series).collect(),
            labels: series.metric,
            restarts: Vec::new(),
        }));
    }
    lives
}

/// Starts of processes and of pods, as far as Prometheus knows them.
struct Starts {
    processes: Vec<Vec<Series>>,
    pods: Vec<Series>,
}

impl Starts {
    async fn read(past: &Past) -> Self {
        let mut processes = Vec::new();
        for metric in STARTED {
            processes.push(past.samples(metric).await.unwrap_or_default());
        }
        Self { processes, pods: past.samples(POD_STARTED).await.unwrap_or_default() }
    }

    /// The starts of the process that a series is about; none if nobody tells them.
    fn of(&self, labels: &BTreeMap<String, String>) -> Vec<f64> {
        let told = self.processes.iter().map(|starts| restarts(labels, starts));
        let best = told.into_iter().find(|starts| !starts.is_empty());
        best.unwrap_or_else(|| {
            let pods = restarts(labels, &self.pods);
            if pods.len() > 1 { pods } else { Vec::new() }
        })
    }
}

fn restarts(labels: &BTreeMap<String, String>, starts: &[Series]) -> Vec<f64> {
    let mine = starts.iter().filter(|start| {
        let in_a_pod = labels.contains_key("pod") && start.metric.contains_key("pod");
        same(labels, &start.metric, if in_a_pod { &IN_A_POD } else { &PROCESS })
    });
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
