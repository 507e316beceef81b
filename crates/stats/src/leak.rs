//! Does this process leak? One gauge over time (resident memory, descriptors, threads) in, an
//! answer with numbers out.
//!
//! What grows may be a leak, a warm-up, a garbage collector's saw, or noise with a long memory,
//! which wanders and comes back. So growth is held against the wandering of the series itself: the
//! window is cut into blocks, and the mean step from block to block has to be larger than steps
//! that cancel each other would make it. A random walk passes that test no more often than chance
//! allows. What falls and rises again is judged by its troughs; where a fall may have been a
//! restart that nobody told, the answer is that it cannot be told.

mod drift;
mod runs;
mod troughs;

use serde::Serialize;

use super::trend::{median, trend};
use drift::{Drift, drift};
use runs::{Point, cut, runs};
use troughs::troughs;

/// What counts as a leak.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeakSettings {
    /// Ignored after every start: caches fill, allocators reserve.
    pub warm_up_seconds: f64,
    /// How far ahead growth is projected.
    pub horizon_seconds: f64,
    /// Growth over the horizon that matters, as a share of the level (0.05 is 5 %).
    pub least_growth: f64,
    /// The limit of the gauge, if there is one: for the time that is left.
    pub limit: Option<f64>,
}

impl Default for LeakSettings {
    fn default() -> Self {
        Self { warm_up_seconds: 30.0, horizon_seconds: 3600.0, least_growth: 0.05, limit: None }
    }
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeakVerdict {
    /// It grows, significantly and relevantly, and has not stopped.
    Leak,
    /// Nothing that the evidence supports.
    NoLeak,
    /// It grows, or looks as if, and the samples do not say whether that is a leak.
    CannotTell,
    /// Fewer than 16 points after the warm-up.
    TooShort,
}

/// The answer and its evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeakReport {
    /// Leak or not.
    pub verdict: LeakVerdict,
    /// Points that were judged, after thinning out.
    pub points: usize,
    /// Runs between restarts, those that were told and one that was not.
    pub runs: usize,
    /// Falls that no restart explains: a garbage collector, or restarts that nobody told.
    pub falls: usize,
    /// Probability of such growth if the series only wandered.
    pub p: Option<f64>,
    /// Growth per second (Theil-Sen).
    pub slope: Option<f64>,
    /// 95 % confidence interval of the growth per second.
    pub interval: Option<(f64, f64)>,
    /// Projected growth over the horizon as a share of the level.
    pub projected_growth: Option<f64>,
    /// Seconds until the limit at this pace; only for leaks with a limit.
    pub seconds_to_limit: Option<f64>,
    /// Why, for people.
    pub reason: &'static str,
}

/// More points say nothing more about a slope and cost their square.
const MOST_POINTS: usize = 120;
const FEWEST_POINTS: usize = 16;
/// About three of a thousand series that only wander are accused, since two sizes of blocks are
/// tried.
const SIGNIFICANT: f64 = 0.0015;
/// Above this, growth is what wandering looks like.
const DOUBTFUL: f64 = 0.05;

/// Judges `(seconds, value)` samples of one series. `restarts` are the start times of the process
/// (`process_start_time_seconds`), with the one before the first sample; empty if nobody tells
/// them.
pub fn leak(samples: &[(f64, f64)], restarts: &[f64], settings: &LeakSettings) -> LeakReport {
    let told = restarts.iter().any(|start| start.is_finite());
    let mut runs = runs(samples, restarts, settings.warm_up_seconds);
    let mut falls = runs.iter().map(|run| runs::falls(run).len()).sum::<usize>();
    if falls == 1 && !told {
        // A saw has two teeth in the window, or its period is longer than what was watched.
        runs = runs.iter().flat_map(|run| cut(run, settings.warm_up_seconds)).collect();
        falls = 0;
    }
    let longest = runs.iter().max_by_key(|run| run.len()).cloned().unwrap_or_default();
    let points: usize = runs.iter().map(Vec::len).sum();
    let mut report = LeakReport {
        verdict: LeakVerdict::TooShort,
        points,
        runs: runs.len(),
        falls,
        p: None,
        slope: None,
        interval: None,
        projected_growth: None,
        seconds_to_limit: None,
        reason: "too few samples after the warm-up",
    };
    if points < FEWEST_POINTS {
        return report;
    }
    let (found, level) = if falls >= 3 {
        // Of one process: each of several has a level of its own.
        (troughs(&longest), level(&longest))
    } else {
        let pieces: Vec<Vec<Point>> = runs.iter().flat_map(|run| cut(run, 0.0)).collect();
        (drift(&pieces), level(&pieces.concat()))
    };
    let Some(found) = found.filter(|_| level > 0.0) else {
        return report;
    };
    let growth = found.slope * settings.horizon_seconds / level;
    report.p = Some(found.p);
    report.slope = Some(found.slope);
    report.projected_growth = Some(growth).filter(|growth| growth.is_finite());
    if falls == 0
        && let Some(trend) = trend(&thin(&longest))
    {
        report.slope = Some(trend.slope);
        report.interval = Some((trend.low, trend.high));
    }
    (report.verdict, report.reason) = verdict(&found, growth, falls, told, settings);
    if report.verdict == LeakVerdict::Leak {
        let last = thin(&longest).last().map_or(level, |(_, value)| *value);
        let slope = report.slope.unwrap_or(found.slope);
        report.seconds_to_limit = settings.limit.map(|limit| ((limit - last) / slope).max(0.0));
    }
    report
}

fn verdict(
    found: &Drift,
    growth: f64,
    falls: usize,
    told: bool,
    settings: &LeakSettings,
) -> (LeakVerdict, &'static str) {
    use LeakVerdict::{CannotTell, Leak, NoLeak};
    let matters = growth > settings.least_growth;
    let sure = found.p < SIGNIFICANT && matters;
    match (falls, told) {
        (0, _) if sure && found.slows => (NoLeak, "it grows less and less: a warm-up"),
        (0, _) if sure => (Leak, "it grows and has not stopped"),
        (0, _) if matters && found.p < DOUBTFUL && !found.slows => {
            (CannotTell, "it grows no more than it wanders; ask for a longer time")
        }
        (0, _) => (NoLeak, "it does not grow"),
        (1 | 2, _) if matters && found.p < DOUBTFUL => (
            CannotTell,
            "it rises and falls: a garbage collector, or restarts; ask for a longer time",
        ),
        (1 | 2, _) => (NoLeak, "it does not grow"),
        (_, _) if sure => (Leak, "it rises and falls, and its troughs rise"),
        (_, _) if matters && found.p < DOUBTFUL => {
            (CannotTell, "it rises and falls, and its troughs may rise; ask for a longer time")
        }
        (_, true) => {
            (NoLeak, "it rises and falls, and its troughs do not rise: a garbage collector")
        }
        (_, false) => (
            CannotTell,
            "it rises and falls: a garbage collector, or restarts that nobody told; export process_start_time_seconds",
        ),
    }
}

/// At most 120 points: the median of each bucket, which keeps the level and drops spikes.
fn thin(run: &[Point]) -> Vec<Point> {
    let size = run.len().div_ceil(MOST_POINTS).max(1);
    run.chunks(size).filter_map(middle).collect()
}

/// Mean time and median value of a bucket.
fn middle(bucket: &[Point]) -> Option<Point> {
    let mut values: Vec<f64> = bucket.iter().map(|(_, y)| *y).collect();
    values.sort_by(f64::total_cmp);
    let time = bucket.iter().map(|(x, _)| x).sum::<f64>() / bucket.len() as f64;
    Some((time, median(&values)?))
}

fn level(points: &[Point]) -> f64 {
    let mut values: Vec<f64> = points.iter().map(|(_, y)| y.abs()).collect();
    values.sort_by(f64::total_cmp);
    median(&values).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod classes;
#[cfg(test)]
mod tests;
