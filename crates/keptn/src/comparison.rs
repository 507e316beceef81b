//! The earlier value that a relative criterion is compared with.

use slo::gate::{EarlierResult, Outcome};

use crate::model::{Aggregate, Comparison, Include};

/// The earlier value of an indicator: the latest results of sufficient quality, aggregated.
/// `earlier` is sorted, oldest first.
pub(crate) fn earlier_value(
    comparison: &Comparison,
    earlier: &[EarlierResult],
    indicator: &str,
) -> Option<f64> {
    let counts = |result: &&EarlierResult| match comparison.include {
        // Keptn knew no inconclusive results; they are not compared with.
        Include::All => result.outcome != Outcome::Inconclusive,
        Include::Pass => result.outcome == Outcome::Pass,
        Include::PassOrWarn => matches!(result.outcome, Outcome::Pass | Outcome::Warning),
    };
    let latest = earlier.iter().rev().filter(counts).take(comparison.results);
    let values: Vec<f64> =
        latest.filter_map(|result| result.values.get(indicator).copied()).collect();
    match comparison.aggregate {
        Aggregate::Percentile(percent) => percentile(&values, percent),
        Aggregate::Avg if values.is_empty() => None,
        Aggregate::Avg => Some(values.iter().sum::<f64>() / values.len() as f64),
    }
}

/// Percentile as lighthouse computed it: position `p (n + 1)`, linear between neighbours, clamped
/// to the ends.
fn percentile(values: &[f64], percent: u8) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let position = f64::from(percent) / 100.0 * (sorted.len() as f64 + 1.0);
    let below = position.floor();
    if below < 1.0 {
        return sorted.first().copied();
    }
    let index = below as usize - 1;
    if index >= last {
        return sorted.last().copied();
    }
    Some(sorted[index] + (position - below) * (sorted[index + 1] - sorted[index]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_lighthouse() {
        let values: Vec<f64> = (0..=10).map(f64::from).collect();
        assert_eq!(percentile(&values, 50), Some(5.0));
        assert!((percentile(&values, 90).unwrap() - 9.8).abs() < 1e-9);
        assert_eq!(percentile(&values, 95), Some(10.0));
        assert_eq!(percentile(&[], 50), None);
        assert_eq!(percentile(&[3.0], 90), Some(3.0));
    }
}
