//! Tests of `promql.rs`.

use proptest::prelude::*;

use super::*;

fn counter(text: &str) -> Result<String, WindowError> {
    let query = Query { text: text.to_owned(), counter: true };
    windowed(&query, "5m")
}

#[test]
fn a_counter_is_wrapped_in_rate_inside_its_sum() {
    assert_eq!(counter("x{a=\"}\"}").unwrap(), "rate(x{a=\"}\"}[5m])");
    assert_eq!(counter("sum(x)").unwrap(), "sum(rate(x[5m]))");
    assert_eq!(
        counter("sum by (code) (x{code=~\"5..\"}) / on (code) y").unwrap(),
        "sum by (code) (rate(x{code=~\"5..\"}[5m])) / on (code) rate(y[5m])"
    );
    assert_eq!(
        counter("{__name__=\"x\"} or 0 * y").unwrap(),
        "rate({__name__=\"x\"}[5m]) or 0 * rate(y[5m])"
    );
}

#[test]
fn a_bare_range_is_refused() {
    assert_eq!(counter("x[{{.window}}]"), Err(WindowError::BareRange));
    assert!(counter("rate(x[{{.window}}])").is_ok());
}

#[test]
fn keywords_stay_apart_and_may_be_metrics() {
    assert_eq!(counter("x or{a=\"b\"}").unwrap(), "rate(x[5m]) or rate({a=\"b\"}[5m])");
    assert_eq!(counter("x % or{a=\"b\"}").unwrap(), "rate(x[5m]) % rate(or{a=\"b\"}[5m])");
    assert_eq!(counter("or{a=\"b\"}").unwrap(), "rate(or{a=\"b\"}[5m])");
    assert_eq!(
        counter("x or on (a) or and by").unwrap(),
        "rate(x[5m]) or on (a) rate(or[5m]) and rate(by[5m])"
    );
    assert_eq!(counter("offset > 1").unwrap(), "rate(offset[5m]) > 1");
    assert_eq!(counter("Inf or x").unwrap(), "Inf or rate(x[5m])");
}

#[test]
fn comments_go_and_strings_stay() {
    for (text, wanted) in [
        ("a # b", "a "),
        ("a # b\n/ c#d", "a \n/ c"),
        ("a # b\r/ c", "a \r/ c"),
        ("a{b=\"#\"} # c", "a{b=\"#\"} "),
        ("`#`", "`#`"),
        ("\"# never ends", "\"# never ends"),
    ] {
        assert_eq!(without_comments(text), wanted);
    }
}

#[test]
fn a_gauge_is_averaged() {
    let query = Query { text: "up == 1".to_owned(), counter: false };
    assert_eq!(windowed(&query, "1m").unwrap(), "avg_over_time(up[1m]) == 1");
}

#[test]
fn the_placeholder_wins_over_wrapping() {
    assert_eq!(counter("sum(rate(x[{{.window}}]))").unwrap(), "sum(rate(x[5m]))");
    assert_eq!(counter("increase(x[{{ .window }}])").unwrap(), "increase(x[5m])");
}

#[test]
fn a_literal_range_is_never_rewritten() {
    assert_eq!(counter("rate(x[1d])"), Err(WindowError::FixedRange));
    assert_eq!(
        counter("x[{{.window}}] / min_over_time(y[1d])").unwrap(),
        "x[5m] / min_over_time(y[1d])"
    );
}

#[test]
fn what_cannot_be_wrapped_is_refused() {
    assert_eq!(counter("x offset 5m"), Err(WindowError::TimeShift));
    assert_eq!(counter("1 + 1"), Err(WindowError::NoSelector));
    assert_eq!(counter("x{a=\"b}"), Err(WindowError::Unbalanced));
    for open in ["sum(x", "x)", "sum by (a (x)", "x[{{.window}}", "(x"] {
        assert_eq!(scan(open).map(drop), Err(WindowError::Unbalanced), "{open}");
        assert!(check(open).is_err(), "{open}");
    }
    assert_eq!(check("sum by (a) (rate(x{b=\")\"}[{{.window}}]))"), Ok(()));
}

#[test]
fn what_shows_that_nobody_calls_is_the_query_itself_or_its_selectors() {
    assert_eq!(seen("x{a=\"<\"}"), None, "the NaN of a gauge is no data");
    assert_eq!(seen("rate(x[5m]) / rate(y[5m])").unwrap(), "count(rate(x[5m]) / rate(y[5m]))");
    assert_eq!(seen("x / (y > 0)").unwrap(), "(count(x) and count(y))");
    assert_eq!(seen("x > 1 or y").unwrap(), "count(x or y)");
    assert_eq!(seen("sum(x > bool 1)").unwrap(), "count(sum(x > bool 1))");
    assert_eq!(seen("vector(1)"), None);
}

#[test]
fn only_selectors_without_a_range_are_seen_at_instants() {
    assert!(has_instants("x") && has_instants("rate(x[5m]) + y"));
    assert!(!has_instants("rate(x[5m])") && !has_instants("sum(rate(x{a=\"b\"} [{{.window}}]))"));
    assert_eq!(subqueries("max_over_time(x[5m:1m])"), [("5m".to_owned(), "1m".to_owned())]);
}

#[test]
fn a_lone_sum_is_not_summed_again() {
    assert_eq!(summed("sum(rate(x[5m]))"), "sum(rate(x[5m]))");
    assert_eq!(summed("sum(a) / sum(b)"), "sum(sum(a) / sum(b))");
    assert_eq!(summed("summary"), "sum(summary)");
}

#[test]
fn selectors_are_found_behind_ranges() {
    assert_eq!(
        selectors("a{job=\"x\"} / min_over_time(pod:b[1d]) > rate(c[{{.window}}])"),
        ["a{job=\"x\"}", "pod:b", "c"]
    );
}

#[test]
fn a_selector_names_its_metric() {
    for (selector, name) in [
        ("x", "x"),
        ("x {a=\"b\"}", "x"),
        ("{a=\"b\", __name__=\"x\"}", "x"),
        ("{__name__=~'x|y'}", "x|y"),
        ("{\"x.y\", a=\"b\"}", "x.y"),
    ] {
        assert_eq!(metric_name(selector), name);
    }
}

proptest! {
    #[test]
    fn scanning_never_panics(text in ".*") {
        let _ = metric_name(&text);
        let _ = counter(&text);
        let _ = selectors(&text);
        let _ = summed(&text);
    }

    #[test]
    fn scanning_things_that_look_like_promql_never_panics(text in "[a-z(){}\\[\\]\"'` @#0-9:,.=~]{0,40}") {
        let _ = counter(&text);
        let _ = selectors(&text);
        let _ = summed(&text);
    }
}
