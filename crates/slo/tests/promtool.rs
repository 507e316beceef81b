//! The generated rules and their generated tests, judged by promtool.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod common;

use common::{Folder, dns_leaker, shop};
use slo::{Catalogue, Clock, compile, promtool_tests};

const CLOCKS: [Clock; 2] = [Clock::Real, Clock::Stage];

fn check(catalogue: &Catalogue) {
    for clock in CLOCKS {
        let folder = Folder::new();
        folder.write("rules.yaml", &compile(catalogue, clock).unwrap().to_rules());
        folder.promtool(&["check", "rules", "rules.yaml"]);
        for test in promtool_tests(catalogue, clock, "rules.yaml") {
            folder.write(&test.file_name, &test.text);
            folder.promtool(&["test", "rules", &test.file_name]);
        }
    }
}

#[test]
fn the_generated_tests_of_the_shipped_slo_pass() {
    check(&dns_leaker());
}

#[test]
fn the_generated_tests_of_every_way_of_measuring_pass() {
    check(&shop());
}

/// One promtool test on raw metrics: input lines, and `expr` -> value at a time.
fn raw_test(
    clock: Clock,
    catalogue: &Catalogue,
    interval: &str,
    input: &[(&str, String)],
    checks: &[(String, String, f64)],
) {
    let folder = Folder::new();
    folder.write("rules.yaml", &compile(catalogue, clock).unwrap().to_rules());
    let series: String = input
        .iter()
        .map(|(series, values)| format!("      - {{series: '{series}', values: '{values}'}}\n"))
        .collect();
    let checks: String = checks
        .iter()
        .map(|(at, expr, value)| {
            format!("      - {{expr: '{expr}', eval_time: {at}, exp_samples: [{{labels: '{{}}', value: {value}}}]}}\n")
        })
        .collect();
    folder.write(
        "test.yaml",
        &format!(
            "rule_files: [rules.yaml]\nevaluation_interval: {interval}\ntests:\n  - interval: {interval}\n    \
             input_series:\n{series}    promql_expr_test:\n{checks}"
        ),
    );
    folder.promtool(&["test", "rules", "test.yaml"]);
}

fn firing(alert: &str, labels: &str) -> String {
    format!("count(ALERTS{{alertname=\"{alert}\",alertstate=\"firing\"{labels}}}) or vector(0)")
}

const RSS: &str = r#"process_resident_memory_bytes{job="dns-leaker",pod="leaker-1"}"#;
const RSS_2: &str = r#"process_resident_memory_bytes{job="dns-leaker",pod="leaker-2"}"#;
const WARM: &str = r#"pod:process_resident_memory_warm:bytes{job="dns-leaker",pod="leaker-1"}"#;
const WARM_2: &str = r#"pod:process_resident_memory_warm:bytes{job="dns-leaker",pod="leaker-2"}"#;

/// Two minutes calm, two minutes of a breach in one pod, then repaired; a sample each second.
fn leak(breach: &str) -> Vec<(&'static str, String)> {
    vec![
        (RSS, "10000000x400".to_owned()),
        (RSS_2, format!("10000000x119 {breach}x119 10000000x160")),
        (WARM, "10000000x400".to_owned()),
        (WARM_2, "10000000x400".to_owned()),
    ]
}

#[test]
fn on_the_stage_a_leak_fires_within_fifteen_seconds_stays_and_resolves_within_ten() {
    let page = firing("DnsLeakerMemoryGrowth", ",severity=\"page\"");
    let any = firing("DnsLeakerMemoryGrowth", "");
    let check = |second: u32, expr: &str, value| (format!("{second}s"), expr.to_owned(), value);
    let mut checks: Vec<_> = (0..=120).map(|second| check(second, &any, 0.0)).collect();
    // Once it fires it never stops while the breach persists.
    checks.extend((135..240).map(|second| check(second, &page, 1.0)));
    checks.extend((250..=390).map(|second| check(second, &any, 0.0)));
    raw_test(
        Clock::Stage,
        &dns_leaker(),
        "1s",
        &leak("12000000"),
        &checks,
    );
}

#[test]
fn in_calm_and_in_a_fresh_prometheus_nothing_is_even_pending() {
    let none = "count(ALERTS) or vector(0)".to_owned();
    let checks: Vec<_> = (0..=390)
        .map(|second| (format!("{second}s"), none.clone(), 0.0))
        .collect();
    raw_test(
        Clock::Stage,
        &dns_leaker(),
        "1s",
        &leak("10900000"),
        &checks,
    );
}

#[test]
fn an_objective_without_data_says_so_after_half_an_hour() {
    let alert = firing("DnsLeakerMemoryGrowthNoData", "");
    let checks = [
        ("29s".to_owned(), alert.clone(), 0.0),
        ("33s".to_owned(), alert, 1.0),
    ];
    raw_test(
        Clock::Stage,
        &dns_leaker(),
        "1s",
        &[("unrelated", "1x60".to_owned())],
        &checks,
    );
}

#[test]
fn both_clocks_alarm_alike() {
    // The same fault with time divided by 60: 100 requests a tick, an hour calm, half an hour
    // with 5 % errors, an hour repaired. On the real clock a sample is 60 s, on the stage 1 s.
    let input = [
        (
            r#"http_requests_total{job="shop",code="200"}"#,
            "0+95x150".to_owned(),
        ),
        (
            r#"http_requests_total{job="shop",code="500"}"#,
            "0x59 0+5x29 145x60".to_owned(),
        ),
    ];
    // The SLO (0.1 % allowed) pages, the SLA (0.5 %) does not: 5 % is below 14.4 times its budget. An hour after the
    // repair the page is gone and both tickets remain.
    let expected = [
        (59, "page", 0.0),
        (75, "page", 1.0),
        (88, "page", 1.0),
        (149, "page", 0.0),
        (149, "ticket", 2.0),
    ];
    for (clock, unit) in [(Clock::Real, "m"), (Clock::Stage, "s")] {
        let checks: Vec<_> = expected
            .iter()
            .map(|(minute, severity, value)| {
                let labels = format!(",severity=\"{severity}\"");
                (
                    format!("{minute}{unit}"),
                    firing("ShopAvailability", &labels),
                    *value,
                )
            })
            .collect();
        raw_test(clock, &shop(), &format!("1{unit}"), &input, &checks);
    }
}

/// What one part of the gate's query answers, as a test on raw metrics.
fn gate_part(query: &str, part: &str) -> String {
    // The label of the part survives `sum by`; comparing it needs a join with a constant that carries it.
    format!(
        "sum(({query}) * on (gate_part) group_left label_replace(vector(1), \"gate_part\", \"{part}\", \"\", \"\"))"
    )
}

#[test]
fn the_queries_of_the_gate_find_the_bad_slices_and_the_worst_pod() {
    let catalogue = dns_leaker();
    let plan = slo::gate::plan(&catalogue, slo::Span::minutes(1), Clock::Stage).unwrap();
    let query = &plan.queries()[0].promql;
    // At second 140 the last minute has 39 good and 21 bad seconds (one more where ranges include both ends).
    let checks = [
        ("bad", "== 21", 21.0),
        ("total", ">= bool 60", 1.0),
        ("points", ">= bool 60", 1.0),
        ("age", "== 0", 0.0),
    ]
    .map(|(part, test, value)| {
        (
            "140s".to_owned(),
            format!("{} {test}", gate_part(query, part)),
            value,
        )
    });
    raw_test(Clock::Stage, &catalogue, "1s", &leak("12000000"), &checks);
    let worst = query.replace("'", "''");
    let found = format!(
        "max(({worst}) * on (gate_part) group_left label_replace(vector(1), \"gate_part\", \"worst\", \"\", \"\"))"
    );
    raw_test(
        Clock::Stage,
        &catalogue,
        "1s",
        &leak("12000000"),
        &[("140s".to_owned(), found, 1.2)],
    );
}

#[test]
fn the_queries_of_the_gate_count_events() {
    let catalogue = shop();
    let plan = slo::gate::plan(&catalogue, slo::Span::minutes(10), Clock::Real).unwrap();
    let query = &plan.queries()[0].promql;
    let input = [
        (
            r#"http_requests_total{job="shop",code="200"}"#,
            "0+95x60".to_owned(),
        ),
        (
            r#"http_requests_total{job="shop",code="500"}"#,
            "0+5x60".to_owned(),
        ),
    ];
    // 100 requests each 30 s: 2000 in ten minutes, 100 of them bad.
    let checks = [("bad", 100.0), ("total", 2000.0)].map(|(part, value)| {
        (
            "20m".to_owned(),
            format!("round({}, 0.001)", gate_part(query, part)),
            value,
        )
    });
    raw_test(Clock::Real, &catalogue, "30s", &input, &checks);
    let points = (
        "20m".to_owned(),
        format!("{} >= bool 20", gate_part(query, "points")),
        1.0,
    );
    raw_test(Clock::Real, &catalogue, "30s", &input, &[points]);
}

#[test]
fn every_query_of_the_gate_is_valid_promql() {
    for clock in CLOCKS {
        let plan = slo::gate::plan(&shop(), slo::Span::minutes(10), clock).unwrap();
        let rules: String = plan
            .queries()
            .iter()
            .enumerate()
            .flat_map(|(number, query)| {
                [
                    (number, Some(&query.promql)),
                    (number + 100, query.chart.as_ref()),
                ]
            })
            .filter_map(|(number, expr)| {
                Some(format!(
                    "      - {{record: \"r{number}\", expr: '{}'}}\n",
                    expr?.replace('\'', "''")
                ))
            })
            .collect();
        let folder = Folder::new();
        folder.write(
            "rules.yaml",
            &format!("groups:\n  - name: g\n    rules:\n{rules}"),
        );
        folder.promtool(&["check", "rules", "rules.yaml"]);
    }
}
