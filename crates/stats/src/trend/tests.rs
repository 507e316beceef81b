//! Tests of `trend.rs`.

use super::*;

fn points(values: &[f64]) -> Vec<(f64, f64)> {
    values.iter().enumerate().map(|(x, y)| (x as f64, *y)).collect()
}

#[test]
fn a_line_has_its_slope_and_no_doubt() {
    let trend =
        trend(&points(&(0..50).map(|x| 3.0 + 2.0 * f64::from(x)).collect::<Vec<_>>())).unwrap();
    assert!((trend.slope - 2.0).abs() < 1e-12 && trend.p < 1e-6);
    assert!((trend.low - 2.0).abs() < 1e-9 && (trend.high - 2.0).abs() < 1e-9);
}

#[test]
fn a_constant_has_no_trend() {
    let trend = trend(&points(&[5.0; 30])).unwrap();
    assert_eq!((trend.p, trend.slope), (1.0, 0.0));
}

#[test]
fn the_textbook_values_of_s_and_its_variance_are_met() {
    // Rising without ties: S is the number of pairs, var = n(n-1)(2n+5)/18.
    let rising: Vec<f64> = (0..10).map(f64::from).collect();
    assert_eq!(kendall_s(&rising), 45.0);
    assert_eq!(variance(&rising), 125.0);
    // One group of three ties takes away 3*2*11/18.
    let tied = [1.0, 1.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
    assert!((variance(&tied) - (125.0 - 66.0 / 18.0)).abs() < 1e-12);
    assert_eq!(ranks(&[3.0, 1.0, 3.0]), [2.5, 1.0, 2.5]);
}

#[test]
fn the_interval_of_the_slope_is_that_of_scipy() {
    // scipy 1.17.1, stats.theilslopes(y, x, 0.95): of 28 slopes the sixth and the 23rd.
    let found = trend(&points(&[1.0, 3.0, 2.0, 5.0, 4.0, 4.5, 8.0, 6.0])).unwrap();
    assert_eq!(found.slope, 0.75);
    assert!((found.low - 1.0 / 3.0).abs() < 1e-12, "{found:?}");
    assert!((found.high - 4.0 / 3.0).abs() < 1e-12, "{found:?}");
    // pyMannKendall 1.4.3, hamed_rao_modification_test: no autocorrelation here.
    assert!((found.p - 0.018_741_136_789).abs() < 1e-9, "{found:?}");
}

#[test]
fn the_correction_for_autocorrelation_is_that_of_hamed_and_rao() {
    // A slow wave; the numbers are those of pyMannKendall 1.4.3, hamed_rao_modification_test.
    let wave = [
        0.0, 0.545, 1.059, 1.513, 1.883, 2.148, 2.295, 2.318, 2.219, 2.006, 1.697, 1.313, 0.882,
        0.434, -0.002, -0.393, -0.714, -0.94, -1.055, -1.049, -0.918, -0.668, -0.311, 0.133, 0.641,
        1.184, 1.73, 2.25, 2.714, 3.096,
    ];
    let slope = -0.019;
    let flat: Vec<f64> = (0..).zip(wave).map(|(x, y)| y - slope * f64::from(x)).collect();
    assert!((correction(&flat) - 2.787_292_470_968).abs() < 1e-9);
    let found = trend(&points(&wave)).unwrap();
    assert!((found.slope - slope).abs() < 1e-12, "{found:?}");
    assert!((found.p - 0.814_131_652_802).abs() < 1e-9, "{found:?}");
}

#[test]
fn one_spike_does_not_move_the_slope() {
    let mut values: Vec<f64> = (0..40).map(f64::from).collect();
    values[39] = 1e9;
    assert!((trend(&points(&values)).unwrap().slope - 1.0).abs() < 1e-9);
}

#[test]
fn a_handful_of_points_proves_nothing() {
    assert_eq!(trend(&points(&[1.0, 2.0, 3.0])), None);
}
