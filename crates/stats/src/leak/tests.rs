//! Tests of `leak.rs`.

use rand::{Rng, SeedableRng, rngs::StdRng};

use super::*;

fn noise(rng: &mut StdRng, size: f64) -> f64 {
    // Twelve uniform numbers make a good enough bell.
    (0..12).map(|_| rng.random::<f64>() - 0.5).sum::<f64>() * size
}

fn series(seconds: u32, step: u32, mut value: impl FnMut(f64) -> f64) -> Vec<(f64, f64)> {
    (0..seconds / step).map(|n| f64::from(n * step)).map(|x| (x, value(x))).collect()
}

fn verdict(samples: &[(f64, f64)]) -> LeakVerdict {
    leak(samples, &[], &LeakSettings::default()).verdict
}

#[test]
fn at_most_one_percent_of_200_innocent_series_are_accused() {
    let mut accused = Vec::new();
    for seed in 0..200u64 {
        let mut rng = StdRng::seed_from_u64(seed);
        let base = 1e7;
        let period = rng.random_range(20.0..200.0);
        let tau = rng.random_range(5.0..60.0);
        let samples = match seed % 4 {
            0 => series(600, 2, |_| base),
            1 => series(600, 2, |_| base + noise(&mut rng, 2e5)),
            2 => series(600, 2, |x| base + 3e6 * (x % period) / period + noise(&mut rng, 5e4)),
            _ => series(600, 2, |x| base * (1.0 - 0.5 * (-x / tau).exp()) + noise(&mut rng, 1e5)),
        };
        if verdict(&samples) == LeakVerdict::Leak {
            accused.push(seed);
        }
    }
    assert!(accused.len() <= 2, "seeds {accused:?}");
}

#[test]
fn a_leak_of_two_percent_a_minute_is_found_in_five_minutes() {
    let mut missed = Vec::new();
    for seed in 0..50u64 {
        let mut rng = StdRng::seed_from_u64(seed);
        let samples = series(300, 5, |x| 1e7 * (1.0 + 0.02 * x / 60.0) + noise(&mut rng, 5e4));
        if verdict(&samples) != LeakVerdict::Leak {
            missed.push(seed);
        }
    }
    assert!(missed.len() <= 2, "seeds {missed:?}");
}

#[test]
fn a_restart_does_not_hide_a_leak() {
    let samples = series(800, 2, |x| 1e7 + 4e3 * if x < 400.0 { x } else { x - 400.0 });
    let report = leak(&samples, &[0.0, 400.0], &LeakSettings::default());
    assert_eq!((report.verdict, report.runs), (LeakVerdict::Leak, 2));
    assert!((report.slope.unwrap() - 4e3).abs() < 1.0);
}

#[test]
fn the_time_to_the_limit_follows_from_the_slope() {
    let samples = series(300, 2, |x| 1e7 + 1e4 * x);
    let settings = LeakSettings { limit: Some(1e7 + 1e4 * 398.0), ..LeakSettings::default() };
    let report = leak(&samples, &[], &settings);
    // The last of the thinned points stands at 298 s.
    assert!((report.seconds_to_limit.unwrap() - 100.0).abs() < 2.0, "{report:?}");
}

#[test]
fn a_day_of_samples_is_judged_and_nonsense_is_dropped() {
    let mut samples = series(86_400, 10, |_| 1e7);
    samples.push((f64::NAN, 1.0));
    samples.push((5.0, f64::INFINITY));
    let report = leak(&samples, &[], &LeakSettings::default());
    assert!(report.points > 8000, "{report:?}");
    assert_eq!(report.verdict, LeakVerdict::NoLeak);
    assert_eq!(leak(&[], &[], &LeakSettings::default()).verdict, LeakVerdict::TooShort);
}
