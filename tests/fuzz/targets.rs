//! What is fuzzed: everything that reads text which people write, or bytes that
//! strangers send. A target must neither panic nor
//! hang, and says more where more is known: what compiles is valid PromQL.

use std::collections::BTreeMap;

use keptn::{Leniency, Sli, Slo};
use promql_parser::parser::value::ValueType;
use serde_json::Value;
use slo::gate::{self, Baseline, EarlierResult};
use slo::{Catalogue, Clock, Criterion, Decimal, Period};

/// Takes one input.
pub(crate) type Target = fn(&[u8]);

/// Every target by its name, which is also the name of the folder of its kept inputs.
pub(crate) const TARGETS: [(&str, Target); 12] = [
    ("openslo", openslo),
    ("query", query),
    ("keptn", keptn),
    ("values", values),
    ("chaos", chaos),
    ("resolv_conf", resolver::fuzzing::resolv_conf),
    ("hosts", hosts),
    ("dns_answer", resolver::fuzzing::answer),
    ("dns_query", authority::fuzzing::query),
    ("dns_signed_query", authority::fuzzing::signed_query),
    ("zone_transfer", authority::fuzzing::transfer),
    ("zone_answer", authority::fuzzing::answer),
];

/// OpenSLO documents: read, linted, compiled for both clocks, planned for the gate.
fn openslo(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let Ok(catalogue) = Catalogue::load(&[("input.yaml", text)]) else {
        return;
    };
    let _ = slo::lint(&catalogue);
    for clock in [Clock::Real, Clock::Stage] {
        if let Ok(rules) = slo::compile(&catalogue, clock) {
            let _ = rules.to_rules();
        }
        let _ = gate::plan(&catalogue, five_minutes(), clock);
    }
}

/// One query in an objective that is otherwise in order: if the query is PromQL, so is all that is
/// made from it.
fn query(input: &[u8]) {
    let Ok(query) = std::str::from_utf8(input) else {
        return;
    };
    let metric =
        serde_json::json!({"metricSource": {"type": "Prometheus", "spec": {"query": query}}});
    let documents = serde_json::json!([
        {"apiVersion": "openslo/v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {}},
        {"apiVersion": "openslo/v1", "kind": "SLO", "metadata": {"name": "o"}, "spec": {
            "service": "s",
            "timeWindow": [{"duration": "30d", "isRolling": true}],
            "budgetingMethod": "Occurrences",
            "indicator": {"metadata": {"name": "i"}, "spec": {"ratioMetric": {
                "counter": true, "bad": metric, "total": metric,
            }}},
            "objectives": [{"target": 0.99}],
        }},
    ]);
    let Ok(catalogue) = Catalogue::load(&[("input.yaml", documents.to_string())]) else {
        return;
    };
    let vector = |text: &str| {
        let parsed = promql_parser::parser::parse(text);
        parsed.is_ok_and(|expression| expression.value_type() == ValueType::Vector)
    };
    let valid = !has_a_huge_number(query) && vector(&query.replace("{{.window}}", "5m"));
    if let Ok(rules) = slo::compile(&catalogue, Clock::Real) {
        let rules = rules.to_rules();
        if valid {
            every_expression_parses(query, &rules);
        }
    }
}

/// A length of time of more than some thousand years makes the other parser panic.
fn has_a_huge_number(query: &str) -> bool {
    let words = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    let mut numbers = words.filter(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    numbers.any(|word| {
        let digits = word.bytes().filter(u8::is_ascii_alphanumeric).count();
        digits > 12 || word.parse::<f64>().is_ok_and(|number| number > 1e12)
    })
}

fn every_expression_parses(query: &str, rules: &str) {
    let file: Value = serde_saphyr::from_str(rules)
        .unwrap_or_else(|why| panic!("the query {query:?} became no YAML: {why}\n{rules}"));
    let groups = file["groups"].as_array().into_iter().flatten();
    for rule in groups.flat_map(|group| group["rules"].as_array().into_iter().flatten()) {
        let expression = rule["expr"].as_str().expect("every rule has an expression");
        if let Err(why) = promql_parser::parser::parse(expression) {
            panic!("the query {query:?} became {expression:?}: {why}");
        }
    }
}

/// Keptn's two files, in one input: `slo.yaml`, a line `=====`, `sli.yaml`.
fn keptn(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let (objectives, indicators) = text.split_once("=====\n").unwrap_or((text, ""));
    let objectives = Slo::load("slo.yaml", objectives);
    let indicators = Sli::load("sli.yaml", indicators);
    let (Ok(objectives), Ok(indicators)) = (objectives, indicators) else {
        return;
    };
    for leniency in [Leniency::Strict, Leniency::Compat] {
        let Ok(evaluation) = keptn::plan(&keptn::Gate {
            slo: &objectives,
            sli: &indicators,
            context: &BTreeMap::new(),
            window: five_minutes(),
            clock: Clock::Real,
            leniency,
            earlier: &[],
        }) else {
            continue;
        };
        let verdict = evaluation.judge(Vec::new(), None);
        let _ = (
            verdict.to_json(),
            verdict.to_junit(),
            verdict.to_markdown(),
            verdict.to_gitlab_metrics(),
        );
    }
}

/// The small languages: periods, criteria, decimals, baselines.
fn values(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if let Ok(period) = Period::parse(text) {
        assert_eq!(
            Period::parse(&period.to_string()).ok(),
            Some(period),
            "{text:?} reads back as {period}"
        );
    }
    let _ = text.parse::<Criterion>();
    if let Ok(decimal) = text.parse::<Decimal>() {
        let printed = decimal.to_string();
        assert_eq!(
            printed.parse::<Decimal>().ok(),
            Some(decimal),
            "{text:?} reads back as {printed}"
        );
    }
    let _ = (Baseline::from_json(text), EarlierResult::from_json(text));
    let _ = keptn::kind(text);
}

/// Chaos Mesh documents: read, and asked what is wrong with them.
fn chaos(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    for document in chaos::document::parse("input.yaml", text).unwrap_or_default() {
        let _ = document.refusals();
    }
}

/// A hosts file; its text as a name, too.
fn hosts(input: &[u8]) {
    resolver::fuzzing::hosts(input);
    resolver::fuzzing::name(input);
}

fn five_minutes() -> Period {
    Period::parse("5m").expect("is a period")
}
