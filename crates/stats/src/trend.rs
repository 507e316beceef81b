//! Is there a trend, and how steep? Mann-Kendall and Theil-Sen: ranks and medians, which one
//! restart or one spike does not impress, unlike the least squares behind `deriv()` and
//! `predict_linear()`.

/// What a series says about its trend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// Two-sided p-value of "there is no trend", corrected for ties and autocorrelation (Hamed and
    /// Rao, 1998).
    pub p: f64,
    /// Theil-Sen slope, in units of y per unit of x.
    pub slope: f64,
    /// Lower end of the slope's 95 % confidence interval (Sen), with the corrected variance.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

const Z_95: f64 = 1.959_963_985;

/// The trend of `points` (x ascending, all finite); `None` below 8 points, which are too
/// few for either.
pub fn trend(points: &[(f64, f64)]) -> Option<Trend> {
    let n = points.len();
    if n < 8 {
        return None;
    }
    let slopes = slopes(points);
    let slope = median(&slopes)?;
    let values: Vec<f64> = points.iter().map(|(_, y)| *y).collect();
    let detrended: Vec<f64> = points.iter().map(|(x, y)| y - slope * x).collect();
    let variance = variance(&values) * correction(&detrended);
    if variance <= 0.0 {
        return Some(Trend { p: 1.0, slope, low: slope, high: slope });
    }
    let s = kendall_s(&values);
    // Continuity correction: S moves in steps of two.
    let z = (s.abs() - 1.0).max(0.0) / variance.sqrt();
    let reach = Z_95 * variance.sqrt();
    let count = slopes.len() as f64;
    // Ranks from the top and from the bottom alike: the lower one is counted from 1, an index from
    // 0.
    let at = |index: f64| slopes[(index.clamp(0.0, count - 1.0)) as usize];
    Some(Trend {
        p: libm::erfc(z / std::f64::consts::SQRT_2),
        slope,
        low: at(((count - reach) / 2.0).round_ties_even() - 1.0),
        high: at(((count + reach) / 2.0).round_ties_even()),
    })
}

/// Slopes of all pairs, sorted.
fn slopes(points: &[(f64, f64)]) -> Vec<f64> {
    let mut slopes = Vec::with_capacity(points.len() * points.len() / 2);
    for (index, (x0, y0)) in points.iter().enumerate() {
        slopes.extend(
            points[index + 1..]
                .iter()
                .filter(|(x1, _)| x1 > x0)
                .map(|(x1, y1)| (y1 - y0) / (x1 - x0)),
        );
    }
    slopes.sort_by(f64::total_cmp);
    slopes
}

/// Rising pairs minus falling pairs.
fn kendall_s(values: &[f64]) -> f64 {
    let mut s = 0i64;
    for (index, first) in values.iter().enumerate() {
        for later in &values[index + 1..] {
            s += i64::from(later > first) - i64::from(later < first);
        }
    }
    s as f64
}

/// Variance of S for independent values, with ties.
fn variance(values: &[f64]) -> f64 {
    let term = |n: f64| n * (n - 1.0) * (2.0 * n + 5.0);
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let ties: f64 = sorted.chunk_by(|a, b| a == b).map(|group| term(group.len() as f64)).sum();
    (term(values.len() as f64) - ties) / 18.0
}

/// Hamed and Rao's factor: how many autocorrelated values are worth one independent one. Never
/// below 1: negative autocorrelation would make the test more confident, and this test should
/// rather miss a leak than invent one.
fn correction(detrended: &[f64]) -> f64 {
    let n = detrended.len();
    let ranks = ranks(detrended);
    let mean = (n as f64 + 1.0) / 2.0;
    let spread: f64 = ranks.iter().map(|rank| (rank - mean).powi(2)).sum();
    if spread <= 0.0 {
        return 1.0;
    }
    let significant = Z_95 / (n as f64).sqrt();
    let sum: f64 = (1..n)
        .map(|lag| {
            let pairs = ranks.iter().zip(&ranks[lag..]);
            let rho: f64 = pairs.map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>() / spread;
            let weight = (n - lag) as f64 * (n - lag - 1) as f64 * ((n - lag) as f64 - 2.0);
            if rho.abs() > significant { weight * rho } else { 0.0 }
        })
        .sum();
    let n = n as f64;
    (1.0 + 2.0 / (n * (n - 1.0) * (n - 2.0)) * sum).max(1.0)
}

/// Ranks from 1; ties share their mean rank.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    for group in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let rank = from as f64 + (group.len() as f64 + 1.0) / 2.0;
        group.iter().for_each(|index| ranks[*index] = rank);
        from += group.len();
    }
    ranks
}

/// The middle of sorted values.
pub(super) fn median(sorted: &[f64]) -> Option<f64> {
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => sorted.get(middle).copied(),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

#[cfg(test)]
mod tests;
