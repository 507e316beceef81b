//! Schedules with a known culprit.

use rand::{Rng, SeedableRng, rngs::StdRng};

use super::*;

fn suspect(name: &str, occurrences: Vec<(f64, f64)>) -> Suspect {
    Suspect { name: name.to_owned(), occurrences, labels: BTreeMap::new() }
}

/// An hour in which four faults each cause a breach a few seconds later, and four decoys happen:
/// each overlaps two of the faults by chance and strikes twice elsewhere.
fn schedule(seed: u64) -> (Breach, Vec<Suspect>) {
    let mut rng = StdRng::seed_from_u64(seed);
    let faults: Vec<(f64, f64)> = (0..4)
        .map(|n| {
            let start = f64::from(n) * 900.0 + rng.random_range(100.0..700.0);
            (start, start + 60.0)
        })
        .collect();
    let effects: Vec<(f64, f64)> = faults
        .iter()
        .map(|(start, end)| {
            (start + rng.random_range(2.0..10.0), end + rng.random_range(0.0..12.0))
        })
        .collect();
    let breached = (0..3600)
        .map(|second| {
            effects.iter().any(|(start, end)| (*start..*end).contains(&f64::from(second)))
        })
        .collect();
    let breach = Breach { start: 0.0, step: 1.0, breached, labels: BTreeMap::new() };
    let mut suspects = vec![suspect("culprit", faults.clone())];
    for decoy in 0..4 {
        let mut occurrences: Vec<(f64, f64)> = faults
            .iter()
            .skip(decoy % 3)
            .take(2)
            .map(|(start, _)| {
                let start = start + rng.random_range(-40.0..40.0);
                (start, start + rng.random_range(30.0..120.0))
            })
            .collect();
        occurrences.extend((0..2).map(|_| {
            let start = rng.random_range(0.0..3500.0);
            (start, start + 60.0)
        }));
        suspects.insert(0, suspect(&format!("decoy {decoy}"), occurrences));
    }
    (breach, suspects)
}

#[test]
fn the_culprit_is_first_among_overlapping_decoys_in_nine_of_ten_schedules() {
    let missed: Vec<u64> = (0..100)
        .filter(|seed| {
            let (breach, suspects) = schedule(*seed);
            correlate(&breach, &suspects, &CorrelateSettings::default())[0].name != "culprit"
        })
        .collect();
    assert!(missed.len() <= 10, "seeds {missed:?}");
}

#[test]
fn a_coincidence_is_not_significant_and_a_rhythm_is() {
    let (breach, suspects) = schedule(1);
    let found = correlate(&breach, &suspects, &CorrelateSettings::default());
    assert!(found[0].p < 0.05, "{:?}", found[0]);
    let apart = suspect("apart", vec![(0.0, 10.0)]);
    let found = correlate(&breach, &[apart], &CorrelateSettings::default());
    assert!(found[0].p > 0.5 && found[0].recall < 0.01, "{:?}", found[0]);
}

#[test]
fn of_two_equal_schedules_the_one_aimed_at_the_service_comes_first() {
    let (mut breach, suspects) = schedule(2);
    let culprit = suspects.last().unwrap().clone();
    let service = |name: &str| BTreeMap::from([("service".to_owned(), name.to_owned())]);
    breach.labels = service("shop");
    let aimed = Suspect { name: "aimed".to_owned(), labels: service("shop"), ..culprit.clone() };
    let elsewhere = Suspect { labels: service("orders"), ..culprit };
    let found = correlate(&breach, &[elsewhere, aimed], &CorrelateSettings::default());
    assert_eq!(found[0].name, "aimed");
}

#[test]
fn more_suspects_need_more_evidence() {
    let mut found: Vec<_> = [0.01, 0.04, 0.03]
        .map(|p| Suspicion {
            name: String::new(),
            score: 0.0,
            precision: 0.0,
            recall: 0.0,
            correlation: 0.0,
            lag_seconds: None,
            label_match: 0.0,
            p,
        })
        .into();
    holm(&mut found);
    let corrected: Vec<f64> = found.iter().map(|it| it.p).collect();
    assert!(
        corrected.iter().zip([0.03, 0.06, 0.06]).all(|(a, b)| (a - b).abs() < 1e-12),
        "{corrected:?}"
    );
}

#[test]
fn a_breach_without_steps_does_not_panic() {
    let breach = Breach { start: 0.0, step: 1.0, breached: Vec::new(), labels: BTreeMap::new() };
    let found =
        correlate(&breach, &[suspect("x", vec![(0.0, 1.0)])], &CorrelateSettings::default());
    assert_eq!(found[0].p, 1.0);
}
