//! A distribution of times, kept twice: exactly enough for percentiles, and in the buckets of a
//! Prometheus histogram.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Bucket bounds in seconds. 0.1 and 0.25 are there because objectives are set there.
pub(crate) const LATENCY_BOUNDS: [f64; 12] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0, 10.0];

/// The scheduler should be late by a fraction of a millisecond; from 10 ms on a run says little.
pub(crate) const LAG_BOUNDS: [f64; 8] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.1, 1.0];

/// Shorter times count as the first, longer ones as the second; in nanoseconds: 1 us and 1 hour.
const SHORTEST: u64 = 1_000;
const LONGEST: u64 = 3_600_000_000_000;

/// Times of one kind.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    histogram: Histogram<u64>,
    bounds: &'static [f64],
    /// How many fell into each bucket (not added up), and beyond the last bound.
    buckets: Vec<u64>,
    seconds: f64,
}

impl Recorder {
    pub(crate) fn new(bounds: &'static [f64]) -> Self {
        Self {
            // Three digits: any percentile is right to 0.1 %.
            histogram: Histogram::new_with_bounds(SHORTEST, LONGEST, 3)
                .expect("the bounds are in order and 3 digits are allowed"),
            bounds,
            buckets: vec![0; bounds.len() + 1],
            seconds: 0.0,
        }
    }

    pub(crate) fn record(&mut self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.histogram.saturating_record(nanoseconds);
        let seconds = time.as_secs_f64();
        self.seconds += seconds;
        let bucket =
            self.bounds.iter().position(|bound| seconds <= *bound).unwrap_or(self.bounds.len());
        self.buckets[bucket] += 1;
    }

    /// Takes over everything from `other`, which is empty afterwards.
    pub(crate) fn merge_from(&mut self, other: &mut Self) {
        if other.histogram.is_empty() {
            return;
        }
        self.histogram.add(&other.histogram).expect("all histograms have the same bounds");
        other.histogram.reset();
        for (mine, theirs) in self.buckets.iter_mut().zip(&mut other.buckets) {
            *mine += std::mem::take(theirs);
        }
        self.seconds += std::mem::take(&mut other.seconds);
    }

    pub(crate) fn clear(&mut self) {
        self.histogram.reset();
        self.buckets.fill(0);
        self.seconds = 0.0;
    }

    pub(crate) fn count(&self) -> u64 {
        self.histogram.len()
    }

    pub(crate) fn quantile(&self, q: f64) -> Duration {
        Duration::from_nanos(self.histogram.value_at_quantile(q))
    }

    /// For Prometheus: bucket bounds with the number of times up to each, then all, then the sum in
    /// seconds.
    pub(crate) fn cumulative(&self) -> (Vec<(f64, u64)>, u64, f64) {
        let mut count = 0;
        let up_to = |(bound, in_bucket): (&f64, &u64)| {
            count += in_bucket;
            (*bound, count)
        };
        let buckets: Vec<_> = self.bounds.iter().zip(&self.buckets).map(up_to).collect();
        (buckets, self.buckets.iter().sum(), self.seconds)
    }

    pub(crate) fn summary(&self) -> Summary {
        let at = |q| self.quantile(q).as_secs_f64();
        Summary {
            count: self.count(),
            mean: if self.count() == 0 { 0.0 } else { self.seconds / self.count() as f64 },
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: Duration::from_nanos(self.histogram.max()).as_secs_f64(),
        }
    }
}

/// A distribution in seven numbers; times in seconds, 0 if there are none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// How many times were recorded.
    pub count: u64,
    /// Arithmetic mean.
    pub mean: f64,
    /// Half are at most this.
    pub p50: f64,
    /// 90 % are at most this.
    pub p90: f64,
    /// 99 % are at most this.
    pub p99: f64,
    /// 99.9 % are at most this.
    pub p999: f64,
    /// The longest.
    pub max: f64,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_bounds_are_in_order_and_hold_the_objectives() {
        assert!(LATENCY_BOUNDS.is_sorted() && LAG_BOUNDS.is_sorted());
        assert!(LATENCY_BOUNDS.contains(&0.1) && LATENCY_BOUNDS.contains(&0.25));
    }

    #[test]
    fn a_time_on_a_bound_belongs_to_its_bucket() {
        let mut recorder = Recorder::new(&LATENCY_BOUNDS);
        recorder.record(Duration::from_millis(100));
        let (buckets, ..) = recorder.cumulative();
        assert!(buckets.contains(&(0.05, 0)) && buckets.contains(&(0.1, 1)));
    }

    proptest! {
        #[test]
        fn percentiles_are_right_to_a_thousandth(mut ms in prop::collection::vec(1_u64..100_000, 1..300), q in 0.01..1.0_f64) {
            let mut recorder = Recorder::new(&LATENCY_BOUNDS);
            ms.iter().for_each(|ms| recorder.record(Duration::from_millis(*ms)));
            ms.sort_unstable();
            let rank = ((ms.len() as f64 * q).ceil() as usize).max(1);
            let exact = ms[rank - 1] as f64 / 1e3;
            let measured = recorder.quantile(q).as_secs_f64();
            prop_assert!((measured / exact - 1.0).abs() < 0.002, "{measured} instead of {exact}");
        }

        #[test]
        fn merging_loses_nothing(first in prop::collection::vec(0_u64..20_000_000, 0..50), second in prop::collection::vec(0_u64..20_000_000, 0..50)) {
            let (mut first_part, mut second_part, mut both) = (Recorder::new(&LAG_BOUNDS), Recorder::new(&LAG_BOUNDS), Recorder::new(&LAG_BOUNDS));
            for (times, recorder) in [(&first, &mut first_part), (&second, &mut second_part)] {
                for us in times {
                    recorder.record(Duration::from_micros(*us));
                    both.record(Duration::from_micros(*us));
                }
            }
            first_part.merge_from(&mut second_part);
            prop_assert_eq!(second_part.count(), 0);
            prop_assert_eq!(first_part.summary().p99, both.summary().p99);
            prop_assert_eq!(first_part.cumulative().0, both.cumulative().0);
            prop_assert_eq!(first_part.cumulative().1, (first.len() + second.len()) as u64);
        }
    }
}
