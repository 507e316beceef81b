//! Windows of the past, and windows put together from random blocks of it. A window without events
//! does not count.

use rand::{Rng, SeedableRng, rngs::StdRng};
use slo::Period;

use super::{Events, RESAMPLES};

/// Good by total; `None` without traffic.
pub(super) fn ratio<'a>(slices: impl IntoIterator<Item = &'a Events>) -> Option<f64> {
    let (good, total) = slices
        .into_iter()
        .fold((0.0, 0.0), |(good, total), slice| (good + slice.good, total + slice.total));
    (total > 0.0).then(|| good / total)
}

/// The ratio of every window of the history, a twentieth of a window apart.
pub(super) fn backtest(slices: &[Events], window: usize) -> Vec<f64> {
    let stride = (window / 20).max(1);
    let windows = slices.windows(window).step_by(stride);
    windows.filter_map(ratio).collect()
}

/// 5th and 95th percentile of the ratio of windows put together from random blocks. Whole blocks,
/// because bad slices come in runs: drawing slices one by one would make the future look smoother
/// than the past.
pub(super) fn bootstrap(
    slices: &[Events],
    window: usize,
    slice: Period,
    seed: u64,
) -> Option<(f64, f64)> {
    let day = Period::days(1).ratio(slice).round() as usize;
    let block = day.min(window / 4).clamp(1, slices.len().max(1));
    let last = slices.len().checked_sub(block)?;
    let mut rng = StdRng::seed_from_u64(seed);
    let mut ratios: Vec<f64> = (0..RESAMPLES)
        .filter_map(|_| {
            let blocks = window.div_ceil(block);
            ratio((0..blocks).flat_map(|_| {
                let from = rng.random_range(0..=last);
                &slices[from..from + block]
            }))
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    let tail = ratios.len() / 20;
    Some((*ratios.get(tail)?, ratios[ratios.len() - 1 - tail]))
}
