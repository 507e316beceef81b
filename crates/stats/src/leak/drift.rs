//! Does it drift, or does it wander? The mean step from block to block, held against the steps.

use super::middle;
use super::runs::Point;
use crate::student::beyond;

/// A drift.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Drift {
    /// Growth per second.
    pub(super) slope: f64,
    /// Probability of such a drift upwards, if the series were a random walk without one.
    pub(super) p: f64,
    /// The second half grows by much less than the first.
    pub(super) slows: bool,
}

/// Blocks of a window.
const BLOCKS: [usize; 2] = [16, 8];
const FEWEST_STEPS: usize = 6;
/// The means of a walk's blocks follow each other (Working, 1960): a step and the next have a
/// correlation of 1/4, so the sum of many varies by 3/2 more than independent ones. The root of it.
const WORKING: f64 = 1.224_744_871;
/// So steep is as steep: noise is on both halves.
const AS_STEEP: f64 = 0.7;
/// So many standard errors apart, the halves differ.
const APART: f64 = 1.5;

/// The drift of pieces of a series. `None` if they are too short for the steps that it takes.
///
/// Few large blocks average more noise out, many small ones know better how much they differ: both
/// are tried, and the surer one counts.
pub(super) fn drift(pieces: &[Vec<Point>]) -> Option<Drift> {
    let found = BLOCKS.iter().filter_map(|blocks| in_blocks(pieces, *blocks));
    found.min_by(|a, b| a.p.total_cmp(&b.p))
}

fn in_blocks(pieces: &[Vec<Point>], blocks: usize) -> Option<Drift> {
    let points: usize = pieces.iter().map(Vec::len).sum();
    let longest = pieces.iter().map(Vec::len).max()?;
    // Many restarts leave short pieces: smaller blocks then, of at least two points.
    let size = points.div_ceil(blocks).min(longest / 4).max(2);
    let steps: Vec<f64> = pieces.iter().flat_map(|piece| steps(piece, size)).collect();
    if steps.len() < FEWEST_STEPS {
        return None;
    }
    let slope = mean(&steps);
    let spread = deviation(&steps, slope) * WORKING;
    let count = steps.len() as f64;
    let p = if spread > 0.0 {
        beyond(slope / (spread / count.sqrt()), count - 1.0)
    } else {
        // A line has no doubt, and a constant no drift.
        f64::from(u8::from(slope <= 0.0))
    };
    let (first, second) = steps.split_at(steps.len() / 2);
    let (before, after) = (mean(first), mean(second));
    let error = spread * (1.0 / first.len() as f64 + 1.0 / second.len() as f64).sqrt();
    let slows = after < AS_STEEP * before && before - after > APART * error;
    Some(Drift { slope, p, slows })
}

/// Growth per second from block to block.
fn steps(piece: &[Point], size: usize) -> Vec<f64> {
    let blocks = piece.len() / size;
    let edge = |block: usize| block * piece.len() / blocks;
    let middles: Vec<Point> =
        (0..blocks).filter_map(|block| middle(&piece[edge(block)..edge(block + 1)])).collect();
    let pairs = middles.windows(2).filter(|pair| pair[1].0 > pair[0].0);
    pairs.map(|pair| (pair[1].1 - pair[0].1) / (pair[1].0 - pair[0].0)).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn deviation(values: &[f64], mean: f64) -> f64 {
    let sum: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (sum / (values.len() as f64 - 1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: impl Fn(f64) -> f64) -> Drift {
        let piece = (0..160).map(|x| (f64::from(x), value(f64::from(x)))).collect();
        drift(&[piece]).unwrap()
    }

    #[test]
    fn a_line_drifts_and_a_constant_does_not() {
        let line = of(|x| 100.0 + x);
        assert!((line.slope - 1.0).abs() < 1e-9 && line.p < 1e-6 && !line.slows, "{line:?}");
        assert_eq!(of(|_| 100.0).p, 1.0);
        assert!(of(|x| 100.0 - x).p > 0.99);
    }

    #[test]
    fn what_levels_off_slows_and_one_step_is_no_drift() {
        for tau in [40.0, 80.0, 160.0] {
            let curve = of(|x| 100.0 - 50.0 * (-x / tau).exp());
            assert!(curve.slows || curve.p > 0.01, "{tau}: {curve:?}");
        }
        assert!(of(|x| if x < 70.0 { 100.0 } else { 130.0 }).p > 0.1);
    }
}
