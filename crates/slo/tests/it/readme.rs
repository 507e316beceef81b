//! The numbers of the README are those of the code.

use slo::gate::MEDIAN_OF;
use slo::wilson::{bounds, events_to_prove};

const README: &str = include_str!("../../README.md");

#[test]
fn the_readme_says_how_many_events_prove_99_9_percent() {
    let proven = |events: f64| bounds(events, events).unwrap().0 >= 0.999;
    let enough = events_to_prove(0.999);
    assert!(!proven(1500.0) && proven(enough));
    let sentence = format!("1500 requests without an error do not prove 99.9 %; {enough:.0} do.");
    assert!(README.contains(&sentence), "{sentence}");
}

#[test]
fn the_readme_says_how_many_passing_values_make_a_baseline() {
    let words = format!("the median of the last {MEDIAN_OF} passing values");
    assert!(README.contains(&words), "{words}");
}
