//! Fewer points, same picture: gaps stay gaps, and the extremes stay where they are.

use super::axis::drawable;

/// The most points drawn per line.
pub(super) const MOST: usize = 600;

/// What is kept of each bucket at most: first, lowest, highest, last and one gap.
const PER_BUCKET: usize = 5;

/// At most [`MOST`] of `points`, in order; where the line breaks, the value is NaN.
///
/// Cuts the time into equal buckets and keeps from each the first, lowest, highest and last value,
/// so that no spike disappears, and one gap if there is any.
pub(super) fn thin(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let points = with_gaps(points);
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return points;
    };
    if points.len() <= MOST {
        return points;
    }
    let (start, span) = (first.0, (last.0 - first.0).max(f64::MIN_POSITIVE));
    let buckets = MOST / PER_BUCKET;
    let bucket = |time: f64| (((time - start) / span * buckets as f64) as usize).min(buckets - 1);
    points.chunk_by(|one, next| bucket(one.0) == bucket(next.0)).flat_map(essence).collect()
}

/// The few points that make a bucket look like itself.
fn essence(bucket: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let values = || (0..bucket.len()).filter(|index| !bucket[*index].1.is_nan());
    let by_value = |one: &usize, other: &usize| bucket[*one].1.total_cmp(&bucket[*other].1);
    let gap = (0..bucket.len()).find(|index| bucket[*index].1.is_nan());
    let kept = [
        values().next(),
        values().min_by(by_value),
        values().max_by(by_value),
        values().next_back(),
        gap,
    ];
    let mut kept: Vec<usize> = kept.into_iter().flatten().collect();
    kept.sort_unstable();
    kept.dedup();
    kept.into_iter().map(|index| bucket[index]).collect()
}

/// The points in order of time with a NaN wherever samples are missing or cannot be drawn.
///
/// A sample is missing where the distance is over 2.5 times the usual (median) one: one lost scrape
/// is a gap.
fn with_gaps(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let value = |value: f64| if drawable(value) { value } else { f64::NAN };
    let points = points.iter().filter(|(time, _)| drawable(*time));
    let mut points: Vec<_> = points.map(|point| (point.0, value(point.1))).collect();
    points.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut distances: Vec<f64> = points.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    distances.sort_by(f64::total_cmp);
    let usual = distances.get(distances.len() / 2).copied();
    let longest = usual.filter(|usual| *usual > 0.0).map_or(f64::MAX, |usual| usual * 2.5);
    let mut out: Vec<(f64, f64)> = Vec::with_capacity(points.len());
    for point in points {
        if let Some(before) = out.last()
            && point.0 - before.0 > longest
        {
            out.push(((before.0 + point.0) / 2.0, f64::NAN));
        }
        out.push(point);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn few_points_stay_as_they_are() {
        let points = [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)];
        assert_eq!(thin(&points), points);
    }

    #[test]
    fn a_missing_sample_breaks_the_line() {
        let gaps = thin(&[(0.0, 1.0), (1.0, 1.0), (2.0, 1.0), (5.0, 1.0), (6.0, 1.0)]);
        let breaks: Vec<f64> =
            gaps.iter().filter(|point| point.1.is_nan()).map(|point| point.0).collect();
        assert_eq!(breaks, [3.5]);
    }

    #[test]
    fn a_spike_of_one_sample_survives() {
        let points: Vec<_> =
            (0..50_000).map(|at| (f64::from(at), if at == 31_234 { 9.0 } else { 1.0 })).collect();
        assert!(thin(&points).contains(&(31_234.0, 9.0)));
    }

    fn value() -> impl Strategy<Value = f64> {
        prop_oneof![9 => -1e6..1e6, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)]
    }

    proptest! {
        #[test]
        fn a_thinned_line_has_few_points_in_order_and_the_same_extremes(values in prop::collection::vec(value(), 0..3000)) {
            let points: Vec<_> = values.iter().enumerate().map(|(at, value)| (at as f64, *value)).collect();
            let thinned = thin(&points);
            prop_assert!(thinned.len() <= MOST);
            prop_assert!(thinned.windows(2).all(|pair| pair[0].0 < pair[1].0));
            let extremes = |points: &[(f64, f64)]| {
                let finite = points.iter().map(|point| point.1).filter(|value| value.is_finite());
                finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
            };
            prop_assert_eq!(extremes(&thinned), extremes(&points));
        }
    }
}
