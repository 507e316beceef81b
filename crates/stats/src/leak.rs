//! Does this process leak? One gauge over time (resident memory, descriptors, threads) in, an
//! answer with numbers out.

use serde::Serialize;

use super::trend::{Trend, median, trend};

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
    /// Fewer than 16 points after the warm-up of the longest run.
    TooShort,
}

/// The answer and its evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeakReport {
    /// Leak or not.
    pub verdict: LeakVerdict,
    /// Points that were judged, after thinning out.
    pub points: usize,
    /// Runs between restarts; the longest was judged.
    pub runs: usize,
    /// p-value of "there is no trend".
    pub p: Option<f64>,
    /// Growth per second (Theil-Sen).
    pub slope: Option<f64>,
    /// 95 % confidence interval of the growth per second.
    pub interval: Option<(f64, f64)>,
    /// Projected growth over the horizon as a share of the level.
    pub projected_growth: Option<f64>,
    /// Seconds until the limit at this pace; only for leaks with a limit.
    pub seconds_to_limit: Option<f64>,
}

/// More points say nothing more and cost their square.
const MOST_POINTS: usize = 240;
const FEWEST_POINTS: usize = 16;
const SIGNIFICANT: f64 = 0.01;

/// Judges `(seconds, value)` samples of one series. `restarts` are the start times of the process
/// (`process_start_time_seconds`): a drop alone does not mean a restart, because garbage
/// collectors and allocators give memory back, too.
pub fn leak(samples: &[(f64, f64)], restarts: &[f64], settings: &LeakSettings) -> LeakReport {
    let runs = runs(samples, restarts, settings.warm_up_seconds);
    let longest = runs.iter().max_by_key(|run| run.len()).map_or(&[][..], Vec::as_slice);
    let points = thin(longest);
    let mut report = LeakReport {
        verdict: LeakVerdict::TooShort,
        points: points.len(),
        runs: runs.len(),
        p: None,
        slope: None,
        interval: None,
        projected_growth: None,
        seconds_to_limit: None,
    };
    if points.len() < FEWEST_POINTS {
        return report;
    }
    let (Some(whole), Some(recent)) = (trend(&points), trend(&points[points.len() / 2..])) else {
        return report;
    };
    let level = level(&points);
    let growth = whole.slope * settings.horizon_seconds / level;
    report.p = Some(whole.p);
    report.slope = Some(whole.slope);
    report.interval = Some((whole.low, whole.high));
    report.projected_growth = Some(growth).filter(|growth| growth.is_finite());
    let grows = whole.p < SIGNIFICANT && whole.low > 0.0 && growth > settings.least_growth;
    report.verdict =
        if grows && goes_on(&whole, &recent) { LeakVerdict::Leak } else { LeakVerdict::NoLeak };
    if report.verdict == LeakVerdict::Leak {
        let last = points.last().map_or(level, |(_, value)| *value);
        report.seconds_to_limit =
            settings.limit.map(|limit| ((limit - last) / whole.slope).max(0.0));
    }
    report
}

/// A long warm-up grows, too, but less and less: a leak is as steep in the second half, near
/// enough.
fn goes_on(whole: &Trend, recent: &Trend) -> bool {
    recent.p < 0.05 && recent.slope > whole.slope / 2.0
}

/// Samples between restarts, each run without its warm-up, in order of time.
fn runs(samples: &[(f64, f64)], restarts: &[f64], warm_up: f64) -> Vec<Vec<(f64, f64)>> {
    let mut samples: Vec<_> =
        samples.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
    samples.sort_by(|a, b| a.0.total_cmp(&b.0));
    let Some((first, _)) = samples.first().copied() else {
        return Vec::new();
    };
    let mut starts: Vec<f64> = restarts.iter().copied().filter(|start| start.is_finite()).collect();
    // Where the start is unknown the first sample stands for it.
    if starts.iter().all(|start| *start > first) {
        starts.push(first);
    }
    starts.sort_by(f64::total_cmp);
    starts.dedup();
    let ends = starts.iter().copied().skip(1).chain([f64::INFINITY]);
    starts
        .iter()
        .zip(ends)
        .map(|(start, end)| {
            let warm = samples.iter().filter(|(x, _)| *x >= start + warm_up && *x < end);
            warm.copied().collect::<Vec<_>>()
        })
        .filter(|run| !run.is_empty())
        .collect()
}

/// At most 240 points: the median of each bucket, which keeps the level and drops spikes.
fn thin(run: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let size = run.len().div_ceil(MOST_POINTS).max(1);
    run.chunks(size)
        .filter_map(|bucket| {
            let mut values: Vec<f64> = bucket.iter().map(|(_, y)| *y).collect();
            values.sort_by(f64::total_cmp);
            let time = bucket.iter().map(|(x, _)| x).sum::<f64>() / bucket.len() as f64;
            Some((time, median(&values)?))
        })
        .collect()
}

fn level(points: &[(f64, f64)]) -> f64 {
    let mut values: Vec<f64> = points.iter().map(|(_, y)| y.abs()).collect();
    values.sort_by(f64::total_cmp);
    median(&values).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests;
