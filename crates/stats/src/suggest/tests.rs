//! What is proposed, and what is refused.

use rand::{Rng, SeedableRng, rngs::StdRng};
use slo::{Catalogue, Clock};

use super::*;

fn request() -> SuggestRequest {
    SuggestRequest {
        service: "shop".to_owned(),
        name: "availability".to_owned(),
        counted: Counted::Good("http_requests_total{code!~\"5..\"}".to_owned()),
        total: "http_requests_total".to_owned(),
        counter: true,
        window: Period::days(7),
        source: "28 days of a test".to_owned(),
        seed: 7,
    }
}

fn slice(good: f64, total: f64) -> Slice {
    Slice { events: Some(Events { good, total }), excluded: false }
}

/// Hours of 1000 events, `bad` of which fail, with some noise.
fn history(days: usize, bad: f64) -> History {
    let mut rng = StdRng::seed_from_u64(1);
    let slices = (0..days * 24)
        .map(|_| {
            let good = 1000.0 - (bad * rng.random_range(0.5..1.5)).min(1000.0);
            slice(good, 1000.0)
        })
        .collect();
    History { slice: Period::hours(1), slices }
}

#[test]
fn the_tightest_target_that_history_supports_is_proposed_as_valid_openslo() {
    let found = suggest(&history(28, 0.7), &request()).unwrap();
    assert_eq!(found.target.to_string(), "0.999");
    assert_eq!(found.windows_met, 1.0);
    let text = openslo_stream(std::slice::from_ref(&found));
    let catalogue = Catalogue::load(&[("suggested.yaml", text)]).unwrap();
    let slo = &catalogue.slos[0];
    assert_eq!(slo.objectives[0].target, found.target);
    assert!(slo.metadata.annotations["tales.dev/evidence"].contains("events a window"));
    slo::compile(&catalogue, Clock::Real).unwrap();
}

#[test]
fn experiments_are_left_out_and_both_numbers_are_shown() {
    let mut history = history(28, 0.7);
    for slice in history.slices.iter_mut().skip(100).take(3) {
        *slice = Slice { excluded: true, ..self::slice(0.0, 1000.0) };
    }
    let found = suggest(&history, &request()).unwrap();
    assert_eq!(found.target.to_string(), "0.999");
    assert!(found.observed > 0.999 && found.observed_with_experiments < 0.996);
}

#[test]
fn one_bad_day_lowers_the_proposal() {
    let mut history = history(28, 0.0);
    for slice in history.slices.iter_mut().skip(100).take(5) {
        *slice = self::slice(500.0, 1000.0);
    }
    let found = suggest(&history, &request()).unwrap();
    assert!(found.target.to_f64() <= 0.99, "{found:?}");
    assert!(found.worst_window < 0.986);
}

#[test]
fn little_traffic_caps_the_target() {
    let mut history = history(28, 0.0);
    for slice in &mut history.slices {
        *slice = self::slice(2.0, 2.0);
    }
    // 336 events a week without an error: enough for 99 %, not for 99.5 %.
    assert_eq!(suggest(&history, &request()).unwrap().target.to_string(), "0.99");
}

#[test]
fn what_cannot_be_judged_is_refused() {
    assert!(matches!(suggest(&history(10, 0.0), &request()), Err(Refusal::TooShort { .. })));
    assert!(matches!(suggest(&history(28, 300.0), &request()), Err(Refusal::TooBad { .. })));
    let mut quiet = history(28, 0.0);
    quiet.slices.iter_mut().for_each(|slice| *slice = self::slice(0.01, 0.01));
    assert!(matches!(suggest(&quiet, &request()), Err(Refusal::TooFewEvents { .. })));
    let mut wrong = history(28, 0.0);
    wrong.slices[3] = slice(2000.0, 1000.0);
    assert_eq!(suggest(&wrong, &request()), Err(Refusal::Impossible { index: 3 }));
}

#[test]
fn time_before_the_first_event_and_after_the_last_does_not_count() {
    let mut history = history(28, 0.0);
    let nothing = |slice: &mut Slice| *slice = self::slice(0.0, 0.0);
    history.slices.iter_mut().take(18 * 24).for_each(nothing);
    let refused = suggest(&history, &request()).unwrap_err();
    let Refusal::TooShort { found } = refused else {
        panic!("{refused}");
    };
    assert!((found - 10.0 / 7.0).abs() < 1e-9, "{found}");
    history.slices.iter_mut().for_each(nothing);
    let refused = suggest(&history, &request()).unwrap_err();
    assert_eq!(refused, Refusal::TooShort { found: 0.0 });
}

#[test]
fn time_without_data_does_not_count_and_is_not_taken_for_perfect() {
    // A Prometheus that was down for 19 of 28 days remembers nine: 1.3 windows.
    let mut gap = history(28, 0.7);
    for slice in gap.slices.iter_mut().skip(100).take(19 * 24) {
        slice.events = None;
    }
    let refused = suggest(&gap, &request()).unwrap_err();
    let Refusal::TooShort { found } = refused else {
        panic!("{refused}");
    };
    assert!((found - 9.0 / 7.0).abs() < 1e-9, "{found}");
    // With enough left the gap is named, and makes nothing better or worse.
    let mut gap = history(28, 0.7);
    for slice in gap.slices.iter_mut().skip(100).take(10 * 24) {
        slice.events = None;
    }
    let found = suggest(&gap, &request()).unwrap();
    assert_eq!((found.without_data, found.excluded), (240, 0));
    assert!((found.events_per_window - 168_000.0).abs() < 1e-6, "{found:?}");
    assert!(found.document.contains("240 had no data"));
    // All windows of the 18 days that are left, eight hours apart.
    assert_eq!(found.windows, (18 * 24 - 168) / 8 + 1);
}

#[test]
fn windows_without_traffic_are_neither_met_nor_missed() {
    // Three weeks off in the middle: measured, but nobody came.
    let mut holidays = history(42, 3.0);
    for slice in holidays.slices.iter_mut().skip(10 * 24).take(21 * 24) {
        *slice = self::slice(0.0, 0.0);
    }
    let found = suggest(&holidays, &request()).unwrap();
    assert_eq!(found.target.to_string(), "0.995");
    assert!(found.interval.1 < 0.998, "{found:?}");
    let possible = (42 * 24 - 168) / 8 + 1;
    assert!(found.windows < possible, "{} of {possible}", found.windows);
}

#[test]
fn a_window_too_long_to_page_in_is_refused_for_that_reason() {
    // 97 % is kept for two years, but 0.95 and 0.9 would need burn rates of 146 and 73 times the
    // budget.
    let year = SuggestRequest { window: Period::days(365), ..request() };
    let refused = suggest(&history(730, 30.0), &year).unwrap_err();
    let Refusal::CannotPage { target, window } = &refused else {
        panic!("{refused}");
    };
    assert_eq!((target.to_string().as_str(), *window), ("0.95", Period::days(365)));
    assert!(refused.to_string().contains("ask for a shorter window"), "{refused}");
    assert!(suggest(&history(730, 3.0), &year).is_ok());
}

#[test]
fn two_objectives_of_a_service_share_its_document_and_bad_events_stay_bad() {
    let good = suggest(&history(28, 0.7), &request()).unwrap();
    let bad = SuggestRequest {
        name: "errors".to_owned(),
        counted: Counted::Bad("http_requests_total{code=~\"5..\"}".to_owned()),
        ..request()
    };
    let bad = suggest(&history(28, 0.7), &bad).unwrap();
    let text = openslo_stream(&[good, bad]);
    let catalogue = Catalogue::load(&[("suggested.yaml", &text)]).unwrap();
    assert_eq!((catalogue.services.len(), catalogue.slos.len()), (1, 2));
    let metric = &catalogue.slos[1].objectives[0].indicator.metric;
    assert!(
        matches!(metric, slo::openslo::model::Metric::Bad { bad, .. } if bad.text.contains("code=~")),
        "{metric:?}"
    );
}

#[test]
fn the_same_seed_gives_the_same_proposal() {
    assert_eq!(suggest(&history(28, 3.0), &request()), suggest(&history(28, 3.0), &request()));
}
