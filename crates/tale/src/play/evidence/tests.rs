//! How alerts became intervals, and pods Deployments.

use super::*;

#[test]
fn a_pod_is_named_after_its_deployment() {
    assert_eq!(owner("dns-leaker-o11y-5c9f7b6d8f-x2x4z"), "dns-leaker-o11y");
    assert_eq!(owner("dns-leaker-o11y"), "dns-leaker-o11y");
}

#[test]
fn a_page_is_over_while_its_ticket_stays() {
    let series = |severity: &str, state: &str, values: &[f64]| Series {
        metric: [("alertname", "A"), ("alertstate", state), ("severity", severity)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        value: None,
        values: values.iter().map(|at| (*at, "1".to_owned())).collect(),
    };
    // Of the page there are two: an SLO's and an SLA's.
    let seen = [
        series("page", "firing", &[107.0, 108.0]),
        series("page", "firing", &[105.0, 106.0]),
        series("ticket", "pending", &[106.0]),
        series("ticket", "firing", &[107.0, 108.0, 109.0]),
    ];
    let course = course(&seen, &[("A", Some("ticket"))], 100.0, 200.0, 1.0);
    let times: Vec<_> = course
        .iter()
        .map(|one| (one.title(), one.pending_s, one.firing_s, one.resolved_s))
        .collect();
    assert_eq!(
        times,
        [
            ("A (page)".to_owned(), None, Some(5.0), Some(9.0)),
            ("A (ticket)".to_owned(), Some(6.0), Some(7.0), None),
        ]
    );
}
#[test]
fn an_alert_that_fires_twice_is_two_firings_each_with_its_own_wait() {
    let series = |state: &str, values: &[i32]| Series {
        metric: [("alertname", "A"), ("alertstate", state)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        value: None,
        values: values.iter().map(|at| (f64::from(*at), "1".to_owned())).collect(),
    };
    let seen = [
        series("pending", &[102, 103, 110, 111, 130]),
        series("firing", &[104, 105, 106]),
        series("firing", &[112, 113]),
    ];
    let told: Vec<_> = course(&seen, &[("A", None)], 100.0, 200.0, 1.0)
        .iter()
        .map(|one| (one.pending_s, one.firing_s, one.resolved_s))
        .collect();
    assert_eq!(
        told,
        [
            (Some(2.0), Some(4.0), Some(7.0)),
            (Some(10.0), Some(12.0), None),
            (Some(30.0), None, None),
        ]
    );
}

#[test]
fn an_alert_is_over_before_the_play_is() {
    let metric = [("alertname", "A"), ("alertstate", "firing")];
    let metric = metric.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let seen = [Series { metric, value: None, values: vec![(104.0, "1".to_owned())] }];
    let course = course(&seen, &[], 100.0, 104.5, 1.0);
    assert_eq!(course[0].resolved_s, Some(4.5), "not after the last thing that was seen");
}
