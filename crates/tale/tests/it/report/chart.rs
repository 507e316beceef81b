//! What can be read off a chart.

use super::samples::{act, chart, series, small};
use super::{Alert, Series, Unit, svg};

fn drawn(series: Vec<Series>) -> String {
    svg(&small(), &chart(series))
}

/// The `d` of every line of data.
fn paths(drawn: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(drawn).expect("a chart is well-formed");
    let lines = document
        .descendants()
        .filter(|node| node.attribute("class").is_some_and(|class| class.starts_with("line ")));
    lines.filter_map(|node| node.attribute("d").map(str::to_owned)).collect()
}

/// All texts that are shown, without titles and descriptions.
fn shown(drawn: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(drawn).expect("a chart is well-formed");
    let texts = document
        .descendants()
        .filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "text")));
    texts.filter_map(|node| node.text().map(str::to_owned)).collect()
}

#[test]
fn a_gap_in_the_data_breaks_the_line() {
    let drawn = drawn(vec![series(
        "pod",
        &[(0.0, 1e7), (1.0, 1e7), (2.0, f64::NAN), (3.0, 1e7), (4.0, 1e7)],
    )]);
    assert_eq!(paths(&drawn)[0].matches('M').count(), 2);
}

#[test]
fn a_single_sample_is_a_dot() {
    let drawn = drawn(vec![series("pod", &[(5.0, 1e7)])]);
    assert!(paths(&drawn)[0].ends_with("h0"));
}

#[test]
fn a_chart_without_data_says_so() {
    assert!(shown(&drawn(vec![])).contains(&"no data".to_owned()));
    assert!(shown(&drawn(vec![series("pod", &[(1.0, f64::NAN)])])).contains(&"no data".to_owned()));
}

#[test]
fn acts_fault_alert_and_threshold_are_named() {
    let shown = shown(&drawn(vec![series("pod", &[(0.0, 9e6), (20.0, 14e6)])]));
    for name in
        ["calm", "dark", "DNSChaos dns-error", "MemoryGrowth firing", "warm + 10 %: 9.9 MB", "pod"]
    {
        assert!(shown.contains(&name.to_owned()), "{name} is not among {shown:?}");
    }
}

#[test]
fn alerts_that_fire_at_once_are_both_named() {
    let mut report = small();
    let firing = |name: &str| Alert {
        name: name.to_owned(),
        severity: None,
        pending_s: None,
        firing_s: Some(12.0),
        resolved_s: Some(16.0),
    };
    report.alerts = vec![firing("Fast"), firing("Slow")];
    let shown = shown(&svg(&report, &report.charts[0]));
    for name in ["Fast firing", "Slow firing", "Fast resolved", "Slow resolved"] {
        assert!(shown.contains(&name.to_owned()), "{name} is not among {shown:?}");
    }
}

#[test]
fn a_chart_leaves_out_the_ticket_of_a_page() {
    let mut report = small();
    let firing = |name: &str, severity: &str| Alert {
        name: name.to_owned(),
        severity: Some(severity.to_owned()),
        pending_s: None,
        firing_s: Some(12.0),
        resolved_s: None,
    };
    report.alerts =
        vec![firing("Fast", "page"), firing("Fast", "ticket"), firing("Slow", "ticket")];
    let shown = shown(&svg(&report, &report.charts[0]));
    let count = |name: &str| shown.iter().filter(|text| *text == name).count();
    assert_eq!((count("Fast firing"), count("Slow firing")), (1, 1), "{shown:?}");
}

#[test]
fn pods_of_one_label_share_one_name_and_one_colour() {
    let drawn = drawn(vec![
        series("old", &[(0.0, 9e6)]),
        series("old", &[(0.0, 1e7)]),
        series("new", &[(1.0, 9e6)]),
    ]);
    assert_eq!(shown(&drawn).iter().filter(|text| *text == "old").count(), 1);
    assert_eq!(drawn.matches("class=\"line s0 d0 w0\"").count(), 2);
    assert_eq!(drawn.matches("class=\"line s1 d1 w1\"").count(), 1);
}

#[test]
fn two_hundred_pods_fit_into_one_chart() {
    let pods: Vec<_> =
        (0..200).map(|pod| series(&format!("pod-{pod}"), &[(0.0, 9e6), (20.0, 9e6)])).collect();
    let shown = shown(&drawn(pods));
    assert!(
        shown.iter().any(|text| text.starts_with("+ ") && text.ends_with(" more")),
        "{shown:?}"
    );
}

#[test]
fn a_long_measurement_is_drawn_with_few_points() {
    let points: Vec<_> =
        (0..20_000).map(|at| (f64::from(at) / 1000.0, f64::from(at % 7) * 1e6)).collect();
    let points = paths(&drawn(vec![series("pod", &points)]))[0].matches(',').count();
    assert!((200..=600).contains(&points), "{points}");
}

#[test]
fn a_share_ends_at_100_percent() {
    let mut errors = chart(vec![series("errors", &[(0.0, 0.0), (20.0, 1.0)])]);
    errors.unit = Unit::Ratio;
    errors.threshold = None;
    let shown = shown(&svg(&small(), &errors));
    assert!(
        shown.contains(&"100 %".to_owned()) && !shown.contains(&"120 %".to_owned()),
        "{shown:?}"
    );
}

#[test]
fn the_name_of_an_act_is_always_whole() {
    let mut report = small();
    let long = "a very long name for a very short act";
    report.acts = vec![act(long, 0.0, 2.0), act("rest", 2.0, 20.0)];
    let with_short = shown(&svg(&report, &report.charts[0]));
    for text in [&format!("1 {long}"), "2 rest", "1", "2"] {
        assert!(with_short.iter().any(|shown| shown == text), "{text}: {with_short:?}");
    }
    // Where there is room for two lines, no list is needed.
    report.acts = vec![act("DNS is back, the memory is not", 0.0, 9.0), act("rest", 9.0, 20.0)];
    let with_room = shown(&svg(&report, &report.charts[0]));
    assert!(with_room.contains(&"rest".to_owned()), "{with_room:?}");
    assert!(with_room.iter().any(|text| text.starts_with("DNS is back")), "{with_room:?}");
}

#[test]
fn a_chart_loads_nothing_and_runs_nothing() {
    let report = small();
    let drawn = svg(&report, &report.charts[0]);
    let rest = drawn.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    for forbidden in ["http:", "https:", "url(", "@import", "<script", "href"] {
        assert!(!rest.contains(forbidden), "{forbidden}");
    }
}
