//! Tests of `windows.rs`.

use super::*;

fn factors(period: Period) -> Vec<String> {
    pairs(period).iter().map(|pair| pair.factor.to_string()).collect()
}

#[test]
fn factors_follow_the_period() {
    assert_eq!(factors(Period::days(30)), ["14.4", "6", "3", "1"]);
    assert_eq!(factors(Period::days(28)), ["13.44", "5.6", "2.8", "0.9333"]);
    assert_eq!(factors(Period::days(7)), ["13.44", "3.5", "1.4", "0.98"]);
    assert_eq!(factors(Period::days(1)), ["1.92"]);
    assert!(factors(Period::hours(3)).is_empty());
}

#[test]
fn a_burn_that_spends_the_budget_is_noticed_in_every_period_of_two_days_or_more() {
    for hours in 48..24 * 120 {
        let period = Period::hours(hours);
        let lowest = pairs(period).last().map_or(9.0, |pair| pair.factor.to_f64());
        // What is longer than six weeks has 10 % of it in three days.
        let most = (hours as f64 / 24.0 / 30.0).max(1.0);
        let known = hours < 14 * 24 && lowest < 2.0;
        assert!(lowest <= most + 1e-4 || known, "{period}: {lowest}");
    }
    assert_eq!(factors(Period::days(21)), ["10.08", "4.2", "2.1", "1"]);
    assert_eq!(factors(Period::days(14)), ["6.72", "2.8", "1.4", "1"]);
    assert_eq!(factors(Period::days(4)), ["7.68", "2", "1"]);
}

#[test]
fn the_shortest_period_with_an_alert_is_the_one_that_lint_names() {
    assert_eq!(shortest_period(), Period::hours(12));
    assert!(pairs(Period::hours(11)).is_empty());
}

fn close(left: f64, right: f64) -> bool {
    (left - right).abs() <= 0.006 * right
}

#[test]
fn budgets_are_the_minutes_that_everyone_quotes() {
    for (target, days, minutes) in [
        ("0.995", 30, 216.0),
        ("0.995", 28, 201.6),
        ("0.995", 7, 50.4),
        ("0.999", 30, 43.2),
        ("0.999", 28, 40.32),
        ("0.999", 7, 10.08),
        ("0.95", 14, 1008.0),
        ("0.9995", 7, 5.04),
    ] {
        let budget = budget_minutes(target.parse().unwrap(), Period::days(days));
        assert!((budget - minutes).abs() < 1e-6, "{target} over {days} d: {budget}");
    }
}

#[test]
fn detection_times_match_the_table() {
    let cases: [(&str, f64, [Option<f64>; 4]); 6] = [
        ("0.999", 1.00, [Some(52.0), Some(130.0), Some(259.0), Some(259.0)]),
        ("0.999", 0.10, [Some(518.0), Some(1296.0), Some(2592.0), Some(2592.0)]),
        ("0.999", 0.02, [Some(2592.0), Some(6480.0), Some(12960.0), Some(12960.0)]),
        ("0.999", 0.01, [None, Some(12960.0), Some(25920.0), Some(25920.0)]),
        ("0.995", 1.00, [Some(259.0), Some(648.0), Some(1296.0), Some(1296.0)]),
        ("0.995", 0.10, [Some(2592.0), Some(6480.0), Some(12960.0), Some(12960.0)]),
    ];
    for (target, rate, expected) in cases {
        for (pair, expected) in pairs(Period::days(30)).iter().zip(expected) {
            let found = detection_seconds(pair, target.parse().unwrap(), rate);
            match (found, expected) {
                (Some(found), Some(expected)) => {
                    assert!(close(found, expected), "{found} {expected}")
                }
                (found, expected) => assert_eq!(found, expected),
            }
        }
    }
}

#[test]
fn a_ratio_time_slice_budget_depends_on_the_baseline() {
    // Two weeks of minutes at 95 %: 1008 bad slices. The baseline of 99 % spends 1 % of every
    // slice, an outage at 1 % good spends 99 %: the outage may last (1008 - 201.6) / 0.98
    // slices.
    let budget = budget_minutes("0.95".parse().unwrap(), Period::days(14));
    let slices = (budget - 0.01 * 20_160.0) / (0.99 - 0.01);
    assert!((slices - 822.857).abs() < 0.001);
}
