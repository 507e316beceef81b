//! What a StatusCheck asks, and which answers are good.

use super::*;

fn parse(extra: &str) -> Result<StatusCheck, Vec<String>> {
    let text = format!(
        "{{type: HTTP, http: {{url: 'http://shop:8000/', criteria: {{statusCode: '200-299'}}}}{extra}}}"
    );
    let mut problems = Vec::new();
    let value: Value = serde_saphyr::from_str(&text).unwrap();
    let check = StatusCheck::parse(&value, "spec", &mut problems);
    match check {
        Some(check) if problems.is_empty() => Ok(check),
        _ => Err(problems.iter().map(ToString::to_string).collect()),
    }
}

fn codes(status_code: &str) -> Option<RangeInclusive<u16>> {
    Criteria { status_code: status_code.into() }.codes()
}

fn lints(extra: &str) -> Vec<String> {
    let mut lints = Vec::new();
    parse(extra).unwrap().lints(&mut lints);
    lints.into_iter().map(|lint| lint.field).collect()
}

#[test]
fn the_defaults_are_those_of_chaos_mesh() {
    let check = parse("").unwrap();
    assert_eq!((check.timeout_seconds, check.interval_seconds), (1, 10));
    assert_eq!((check.failure_threshold, check.success_threshold), (3, 1));
    assert_eq!((check.records_history_limit, check.mode), (100, CheckMode::Synchronous));
    let probe = check.probe().unwrap();
    assert_eq!((probe.method, probe.timeout), ("GET", Duration::from_secs(1)));
}

#[test]
fn codes_are_one_or_a_range_with_both_ends() {
    let check = parse("").unwrap();
    for (status, good) in [(199, false), (200, true), (299, true), (300, false)] {
        assert_eq!(check.judge(&Ok(ProbeAnswer { status, whole: true })).is_ok(), good, "{status}");
    }
    assert_eq!(check.judge(&Err("refused".into())), Err("refused".into()));
    assert_eq!(codes("204"), Some(204..=204));
    for bad in ["", "0", "1000", "2xx", "200-", "-200", "200-1000", "+200", "200-299-300"] {
        assert_eq!(codes(bad), None, "{bad}");
    }
}

#[test]
fn what_admission_refuses_is_refused() {
    for (extra, field) in [
        (", intervalSeconds: 0", "spec.intervalSeconds: 0 is out of range; write 1 to 2147483647"),
        (
            ", recordsHistoryLimit: 1001",
            "spec.recordsHistoryLimit: 1001 is out of range; write 1 to 1000",
        ),
        (", duration: 1d", "spec.duration: `1d` is not a duration"),
        (", deadline: 20s", "spec.deadline: unknown field"),
        (", mode: Sometimes", "spec.mode: unknown variant"),
    ] {
        let problems = parse(extra).unwrap_err();
        assert!(problems[0].starts_with(field), "{problems:?}");
    }
    let mut problems = Vec::new();
    let other = serde_json::json!({"type": "HTTP", "http": {"url": "shop", "criteria": {"statusCode": "ok"}}});
    StatusCheck::parse(&other, "spec", &mut problems);
    let fields: Vec<_> = problems.iter().map(|problem| problem.field.as_str()).collect();
    assert_eq!(fields, ["spec.http.url", "spec.http.criteria.statusCode"]);
}

#[test]
fn unlikely_checks_are_linted() {
    assert!(lints("").is_empty());
    assert_eq!(lints(", recordsHistoryLimit: 2"), ["recordsHistoryLimit"]);
    assert_eq!(lints(", timeoutSeconds: 11"), ["timeoutSeconds"]);
    assert_eq!(lints(", mode: Continuous"), ["duration"]);
}
