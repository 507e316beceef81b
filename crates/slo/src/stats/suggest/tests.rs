//! What is proposed, and what is refused.

use super::*;
use crate::clock::Clock;
use crate::openslo::Catalogue;

fn ask() -> Ask {
    Ask {
        service: "shop".to_owned(),
        name: "availability".to_owned(),
        counted: Counted::Good("http_requests_total{code!~\"5..\"}".to_owned()),
        total: "http_requests_total".to_owned(),
        counter: true,
        window: Span::days(7),
        source: "28 days of a test".to_owned(),
        seed: 7,
    }
}

/// Hours of 1000 events, `bad` of which fail, with some noise.
fn history(days: usize, bad: f64) -> History {
    let mut rng = StdRng::seed_from_u64(1);
    let slices = (0..days * 24)
        .map(|_| Slice {
            good: 1000.0 - (bad * rng.random_range(0.5..1.5)).min(1000.0),
            total: 1000.0,
            excluded: false,
        })
        .collect();
    History {
        slice: Span::hours(1),
        slices,
    }
}

#[test]
fn the_tightest_target_that_history_supports_is_proposed_as_valid_openslo() {
    let found = suggest(&history(28, 0.7), &ask()).unwrap();
    assert_eq!(found.target.to_string(), "0.999");
    assert_eq!(found.windows_met, 1.0);
    let text = openslo_stream(std::slice::from_ref(&found));
    let catalogue = Catalogue::load(&[("suggested.yaml", text)]).unwrap();
    let slo = &catalogue.slos[0];
    assert_eq!(slo.objectives[0].target, found.target);
    assert!(slo.metadata.annotations["tales.dev/evidence"].contains("events a window"));
    crate::compile(&catalogue, Clock::Real).unwrap();
}

#[test]
fn experiments_are_left_out_and_both_numbers_are_shown() {
    let mut history = history(28, 0.7);
    for slice in history.slices.iter_mut().skip(100).take(3) {
        *slice = Slice {
            good: 0.0,
            total: 1000.0,
            excluded: true,
        };
    }
    let found = suggest(&history, &ask()).unwrap();
    assert_eq!(found.target.to_string(), "0.999");
    assert!(found.observed > 0.999 && found.observed_with_experiments < 0.996);
}

#[test]
fn one_bad_day_lowers_the_proposal() {
    let mut history = history(28, 0.0);
    for slice in history.slices.iter_mut().skip(100).take(5) {
        slice.good = 500.0;
    }
    let found = suggest(&history, &ask()).unwrap();
    assert!(found.target.to_f64() <= 0.99, "{found:?}");
    assert!(found.worst_window < 0.986);
}

#[test]
fn little_traffic_caps_the_target() {
    let mut history = history(28, 0.0);
    for slice in &mut history.slices {
        (slice.good, slice.total) = (2.0, 2.0);
    }
    // 336 events a week without an error: enough for 99 %, not for 99.5 %.
    assert_eq!(
        suggest(&history, &ask()).unwrap().target.to_string(),
        "0.99"
    );
}

#[test]
fn what_cannot_be_judged_is_refused() {
    assert!(matches!(
        suggest(&history(10, 0.0), &ask()),
        Err(Refusal::TooShort { .. })
    ));
    assert!(matches!(
        suggest(&history(28, 300.0), &ask()),
        Err(Refusal::TooBad { .. })
    ));
    let mut quiet = history(28, 0.0);
    quiet
        .slices
        .iter_mut()
        .for_each(|slice| (slice.good, slice.total) = (0.01, 0.01));
    assert!(matches!(
        suggest(&quiet, &ask()),
        Err(Refusal::TooFewEvents { .. })
    ));
    let mut wrong = history(28, 0.0);
    wrong.slices[3].good = 2000.0;
    assert_eq!(
        suggest(&wrong, &ask()),
        Err(Refusal::Impossible { index: 3 })
    );
}

#[test]
fn time_without_events_before_the_first_and_after_the_last_is_no_history() {
    let mut history = history(28, 0.0);
    let nothing = |slice: &mut Slice| (slice.good, slice.total) = (0.0, 0.0);
    history.slices.iter_mut().take(18 * 24).for_each(nothing);
    let refused = suggest(&history, &ask()).unwrap_err();
    let Refusal::TooShort { found } = refused else {
        panic!("{refused}");
    };
    assert!((found - 10.0 / 7.0).abs() < 1e-9, "{found}");
    history.slices.iter_mut().for_each(nothing);
    let refused = suggest(&history, &ask()).unwrap_err();
    assert_eq!(refused, Refusal::TooShort { found: 0.0 });
}

#[test]
fn two_objectives_of_a_service_share_its_document_and_bad_events_stay_bad() {
    let good = suggest(&history(28, 0.7), &ask()).unwrap();
    let bad = Ask {
        name: "errors".to_owned(),
        counted: Counted::Bad("http_requests_total{code=~\"5..\"}".to_owned()),
        ..ask()
    };
    let bad = suggest(&history(28, 0.7), &bad).unwrap();
    let text = openslo_stream(&[good, bad]);
    let catalogue = Catalogue::load(&[("suggested.yaml", &text)]).unwrap();
    assert_eq!((catalogue.services.len(), catalogue.slos.len()), (1, 2));
    let metric = &catalogue.slos[1].objectives[0].indicator.metric;
    assert!(
        matches!(metric, crate::openslo::model::Metric::Bad { bad, .. } if bad.text.contains("code=~")),
        "{metric:?}"
    );
}

#[test]
fn the_same_seed_gives_the_same_proposal() {
    assert_eq!(
        suggest(&history(28, 3.0), &ask()),
        suggest(&history(28, 3.0), &ask())
    );
}
