//! The troughs of a saw: what a garbage collector leaves. If they rise, what it cannot free grows.

use super::drift::Drift;
use super::middle;
use super::runs::{Point, falls};
use crate::student::beyond;

/// The least squares line through the troughs. `None` below three.
pub(super) fn troughs(run: &[Point]) -> Option<Drift> {
    let falls = falls(run);
    let ends = falls.iter().copied().skip(1).chain([run.len()]);
    let troughs: Vec<Point> = falls
        .iter()
        .zip(ends)
        .filter_map(|(start, end)| {
            // The foot of the tooth, not one sample of it.
            let foot = ((end - start) / 8).max(1);
            middle(&run[*start..(start + foot).min(end)])
        })
        .collect();
    let count = troughs.len() as f64;
    if troughs.len() < 3 {
        return None;
    }
    let mean = |of: fn(&Point) -> f64| troughs.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = troughs.iter().map(|point| (point.0 - x).powi(2)).sum();
    let slope = troughs.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>() / spread;
    let left = |point: &Point| point.1 - y - slope * (point.0 - x);
    let rest: f64 = troughs.iter().map(|point| left(point).powi(2)).sum();
    let error = (rest / (count - 2.0) / spread).sqrt();
    let p = if error > 0.0 {
        beyond(slope / error, count - 2.0)
    } else {
        f64::from(u8::from(slope <= 0.0))
    };
    Some(Drift { slope, p, slows: false })
}
