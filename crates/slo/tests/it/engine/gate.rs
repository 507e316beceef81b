//! The queries of the gate, answered by Prometheus's own engine.

use slo::Clock;

use crate::promtool::{Folder, dns_leaker, leak, only, raw_test, shop};

/// What one part of the gate's query answers, as a test on raw metrics.
fn gate_part(query: &str, part: &str) -> String {
    // The label of the part survives `sum by`; comparing it needs a join with a constant that
    // carries it.
    format!(
        "sum(({query}) * on (gate_part) group_left label_replace(vector(1), \"gate_part\", \"{part}\", \"\", \"\"))"
    )
}

#[test]
fn the_queries_of_the_gate_find_the_bad_slices_and_the_worst_pod() {
    let catalogue = dns_leaker();
    let plan = slo::gate::plan(&catalogue, slo::Period::minutes(1), Clock::Stage).unwrap();
    let query = &plan.queries()[0].promql;
    // At second 140 the last minute has 39 good and 21 bad seconds (one more where ranges include
    // both ends).
    let checks = [
        ("bad", "== 21", 21.0),
        ("total", ">= bool 60", 1.0),
        ("points", ">= bool 60", 1.0),
        ("age", "== 0", 0.0),
    ]
    .map(|(part, test, value)| {
        ("140s".to_owned(), format!("{} {test}", gate_part(query, part)), value)
    });
    raw_test(Clock::Stage, &catalogue, "1s", &leak("12000000"), &checks);
    let worst = query.replace("'", "''");
    let found = format!(
        "max(({worst}) * on (gate_part) group_left label_replace(vector(1), \"gate_part\", \"worst\", \"\", \"\"))"
    );
    raw_test(Clock::Stage, &catalogue, "1s", &leak("12000000"), &[("140s".to_owned(), found, 1.2)]);
}

#[test]
fn a_single_bad_slice_of_twelve_hundred_is_found() {
    let catalogue = dns_leaker();
    let plan = slo::gate::plan(&catalogue, slo::Period::minutes(20), Clock::Stage).unwrap();
    let query = &plan.queries()[0].promql;
    let series = |name: &str, values: &str| {
        (
            match name {
                "rss" => r#"process_resident_memory_bytes{job="dns-leaker",pod="leaker-1"}"#,
                _ => r#"pod:process_resident_memory_warm:bytes{job="dns-leaker",pod="leaker-1"}"#,
            },
            values.to_owned(),
        )
    };
    let input = [series("rss", "100x600 200 100x700"), series("warm", "100x1302")];
    let checks =
        [("bad", "== 1", 1.0), ("total", ">= bool 1200", 1.0)].map(|(part, test, value)| {
            ("1250s".to_owned(), format!("{} {test}", gate_part(query, part)), value)
        });
    raw_test(Clock::Stage, &catalogue, "1s", &input, &checks);
}

#[test]
fn one_infinite_sample_is_a_bad_slice_and_no_more() {
    let text = include_str!("../../../../../manifests/slo/dns-leaker.yaml");
    for (op, infinite, warm) in [("lte", "Inf", "100x200"), ("gte", "-Inf", "50x200")] {
        let text = text.replace("op: lte", &format!("op: {op}"));
        let catalogue = slo::Catalogue::load(&[("slo.yaml", text)]).unwrap();
        let plan = slo::gate::plan(&catalogue, slo::Period::minutes(1), Clock::Stage).unwrap();
        let query = &plan.queries()[0].promql;
        let input = [
            (
                r#"process_resident_memory_bytes{job="dns-leaker",pod="leaker-1"}"#,
                format!("100x99 {infinite} 100x100"),
            ),
            (
                r#"pod:process_resident_memory_warm:bytes{job="dns-leaker",pod="leaker-1"}"#,
                warm.to_owned(),
            ),
        ];
        let checks =
            [("bad", "== 1", 1.0), ("total", ">= bool 60", 1.0)].map(|(part, test, value)| {
                let expr = format!("{} {test}", gate_part(query, part));
                ("140s".to_owned(), expr, value)
            });
        raw_test(Clock::Stage, &catalogue, "1s", &input, &checks);
    }
}

#[test]
fn the_queries_of_the_gate_count_events() {
    let catalogue = only(&shop(), "availability");
    let plan = slo::gate::plan(&catalogue, slo::Period::minutes(10), Clock::Real).unwrap();
    let query = &plan.queries()[0].promql;
    let input = [
        (r#"http_requests_total{job="shop",code="200"}"#, "0+95x60".to_owned()),
        (r#"http_requests_total{job="shop",code="500"}"#, "0+5x60".to_owned()),
    ];
    // 100 requests each 30 s: 2000 in ten minutes, 100 of them bad.
    let checks = [("bad", 100.0), ("total", 2000.0)].map(|(part, value)| {
        ("20m".to_owned(), format!("round({}, 0.001)", gate_part(query, part)), value)
    });
    raw_test(Clock::Real, &catalogue, "30s", &input, &checks);
    let points = ("20m".to_owned(), format!("{} >= bool 20", gate_part(query, "points")), 1.0);
    raw_test(Clock::Real, &catalogue, "30s", &input, &[points]);
}

#[test]
fn a_source_of_bad_events_is_found_in_the_part_of_the_window_where_it_lived() {
    let text = include_str!("../../fixtures/shop.yaml").replace(
        r#"http_requests_total{job="shop",code=~"5.."}"#,
        "app_errors_total + proxy_errors_total",
    );
    let catalogue = slo::Catalogue::load(&[("shop.yaml", text)]).unwrap();
    let catalogue = only(&catalogue, "availability");
    let plan = slo::gate::plan(&catalogue, slo::Period::minutes(10), Clock::Real).unwrap();
    let query = &plan.queries()[0].promql;
    let input = |errors: &str| {
        [
            ("http_requests_total{job=\"shop\"}", "0+100x60".to_owned()),
            ("app_errors_total", errors.to_owned()),
            ("proxy_errors_total", "0x60".to_owned()),
        ]
    };
    let check = |part: &str, test: &str| {
        let expr = format!("({} {test}) or vector(-1)", gate_part(query, part));
        ("20m".to_owned(), expr)
    };
    for (errors, now, points) in [
        ("0x60", 1.0, ">= bool 20"),
        // It went five minutes ago, and was marked stale.
        ("0x30 stale", -1.0, "<= bool 11"),
        ("_x60", -1.0, "> bool 0"),
    ] {
        let (at, expr) = check("bad_now", "");
        let (_, covered) = check("bad_points", points);
        let known = if errors == "_x60" { -1.0 } else { 1.0 };
        let checks = [(at.clone(), expr, now), (at, covered, known)];
        raw_test(Clock::Real, &catalogue, "30s", &input(errors), &checks);
    }
}

#[test]
fn every_query_of_the_gate_is_valid_promql() {
    for (catalogue, clock) in
        [(shop(), Clock::Real), (shop(), Clock::Stage), (dns_leaker(), Clock::Stage)]
    {
        let plan = slo::gate::plan(&catalogue, slo::Period::minutes(10), clock).unwrap();
        let rules: String = plan
            .queries()
            .iter()
            .enumerate()
            .flat_map(|(number, query)| {
                [(number, Some(&query.promql)), (number + 100, query.chart.as_ref())]
            })
            .filter_map(|(number, expr)| {
                Some(format!(
                    "      - {{record: \"r{number}\", expr: '{}'}}\n",
                    expr?.replace('\'', "''")
                ))
            })
            .collect();
        let folder = Folder::new();
        folder.write("rules.yaml", &format!("groups:\n  - name: g\n    rules:\n{rules}"));
        folder.promtool(&["check", "rules", "rules.yaml"]);
    }
}
