//! What is asked, and what is refused.

use super::*;

const MEMORY: &str = include_str!("../../../../../manifests/slo/dns-leaker.yaml");

fn planned(text: &str, window: Period) -> Result<Plan, Vec<Problem>> {
    let catalogue = Catalogue::load(&[("slo.yaml", text)]).unwrap();
    plan(&catalogue, window, Clock::Real)
}

#[test]
fn every_slice_of_a_month_is_looked_at() {
    let plan = planned(MEMORY, Period::days(30)).unwrap();
    assert!(plan.queries()[0].promql.contains("[30d:1m]"));
    assert_eq!(plan.checks[0].expected_points, 43_200.0);
}

#[test]
fn bad_events_of_another_metric_are_probed_and_of_the_same_metric_are_not() {
    let text = include_str!("../../../tests/fixtures/shop.yaml");
    let same = planned(text, Period::hours(1)).unwrap();
    assert!(same.checks.iter().all(|check| check.bad_source.is_none()));
    let bad = "http_requests_total{job=\"shop\",code=~\"5..\"}";
    let other = planned(&text.replace(bad, "app_errors_total"), Period::hours(1)).unwrap();
    let check = &other.checks[0];
    assert_eq!(check.bad_source.as_deref(), Some("app_errors_total"));
    for wanted in ["count_over_time((count(app_errors_total))[1h:", "\"bad_points\"", "\"bad_now\""]
    {
        assert!(check.query.promql.contains(wanted), "{}", check.query.promql);
    }
    assert_eq!(other.checks.len(), same.checks.len(), "no query more");
}

#[test]
fn more_slices_than_can_be_looked_at_are_refused() {
    let refused = planned(MEMORY, Period::days(90)).unwrap_err()[0].to_string();
    for wanted in ["129600 slices of 1m", "--last", "timeSliceWindow"] {
        assert!(refused.contains(wanted), "{refused}");
    }
}

#[test]
fn a_window_shorter_than_a_slice_is_refused() {
    let hourly = MEMORY.replace("timeSliceWindow: 1m", "timeSliceWindow: 1h");
    assert!(planned(&hourly, Period::hours(1)).is_ok());
    let refused = planned(&hourly, Period::minutes(59)).unwrap_err()[0].to_string();
    assert!(
        refused.contains("59m is shorter than a slice of 1h; judge a longer window"),
        "{refused}"
    );
}
