//! Runs of a process: where it was restarted, where its memory fell, and what is left of its
//! samples.

use super::median;

/// Seconds and value.
pub(super) type Point = (f64, f64);

/// A fall is at least this share of the level, and so many standard deviations of what the series
/// does anyway.
const LEAST_FALL: f64 = 0.05;
const JUMPS: f64 = 5.5;
/// Samples on each side of a fall.
const SAMPLES: usize = 3;

/// Samples between restarts, each run without its warm-up, in order of time.
pub(super) fn runs(samples: &[Point], restarts: &[f64], warm_up: f64) -> Vec<Vec<Point>> {
    let mut samples: Vec<_> =
        samples.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
    samples.sort_by(|a, b| a.0.total_cmp(&b.0));
    samples.dedup_by(|b, a| a.0 == b.0);
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

/// The first sample behind each fall: where the median of three samples is far below that of the
/// three before. One sample that was wrong is no fall.
pub(super) fn falls(run: &[Point]) -> Vec<usize> {
    if run.len() < 2 * SAMPLES {
        return Vec::new();
    }
    let drops: Vec<f64> = (SAMPLES..=run.len() - SAMPLES)
        .map(|at| of_three(&run[at - SAMPLES..at]) - of_three(&run[at..at + SAMPLES]))
        .collect();
    let middle_of = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        median(&values).unwrap_or(0.0)
    };
    // What it does between two falls: it rises.
    let rise = middle_of(drops.clone());
    let apart = drops.iter().map(|drop| (drop - rise).abs());
    let usual = middle_of(apart.collect()) * 1.4826; // of a median, the standard deviation
    let mut falls: Vec<usize> = Vec::new();
    for (index, drop) in drops.iter().enumerate() {
        let at = index + SAMPLES;
        let high = of_three(&run[at - SAMPLES..at]).abs();
        let near = index.saturating_sub(SAMPLES)..drops.len().min(index + SAMPLES + 1);
        let deepest = drops[near.clone()].iter().all(|other| other <= drop);
        let first = falls.last().is_none_or(|last| at - last > SAMPLES);
        let far = *drop > LEAST_FALL * high && drop - rise > JUMPS * usual;
        if far && deepest && first {
            falls.push(at);
        }
    }
    falls
}

fn of_three(points: &[Point]) -> f64 {
    let mut values: [f64; SAMPLES] = std::array::from_fn(|index| points[index].1);
    values.sort_by(f64::total_cmp);
    values[SAMPLES / 2]
}

/// The pieces of a run between its falls, each but the first without `warm_up` seconds.
pub(super) fn cut(run: &[Point], warm_up: f64) -> Vec<Vec<Point>> {
    let falls = falls(run);
    let starts = [0].into_iter().chain(falls.iter().copied());
    let ends = falls.iter().copied().chain([run.len()]);
    let pieces = starts.zip(ends).map(|(start, end)| {
        let from = if start == 0 { f64::NEG_INFINITY } else { run[start].0 + warm_up };
        run[start..end].iter().copied().filter(|(x, _)| *x >= from).collect::<Vec<_>>()
    });
    pieces.filter(|piece| !piece.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[f64]) -> Vec<Point> {
        values.iter().enumerate().map(|(x, y)| (x as f64, *y)).collect()
    }

    #[test]
    fn a_saw_falls_once_per_tooth_whatever_the_fall_takes() {
        let saw: Vec<f64> = (0..60).map(|x| 100.0 + f64::from(x % 20)).collect();
        assert_eq!(falls(&points(&saw)), [20, 40]);
        let slow = |x: u32| match x {
            0..=19 => 100.0 + f64::from(x),
            20..=22 => 119.0 - 10.0 * f64::from(x - 19),
            _ => 66.0 + f64::from(x),
        };
        let slow: Vec<f64> = (0..40).map(slow).collect();
        assert_eq!(falls(&points(&slow)).len(), 1);
        assert_eq!(cut(&points(&saw), 1.5).iter().map(Vec::len).collect::<Vec<_>>(), [20, 18, 18]);
    }

    #[test]
    fn noise_and_a_sample_that_was_wrong_are_no_falls() {
        let noise: Vec<f64> = (0..60).map(|x| 100.0 + f64::from(x * 7919 % 13)).collect();
        assert_eq!(falls(&points(&noise)), [0usize; 0]);
        let mut hole = vec![100.0; 20];
        hole[10] = 0.0;
        assert_eq!(falls(&points(&hole)), [0usize; 0]);
    }
}
