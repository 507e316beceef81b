//! Tests of `promises.rs`: what a tale may write, and what is said about the rest.

use serde_json::json;
use slo::Catalogue;
use stage::manifest::Manifests;

use super::*;

const SLO: &str = include_str!("../../../../manifests/slo/dns-leaker.yaml");
const MONITORING: &str = include_str!("../../../../manifests/base/dns-leaker/monitoring.yaml");

fn read(promise: Value) -> Result<Promise, String> {
    serde_json::from_value(promise).map_err(|why| why.to_string())
}

fn refusal(promise: Value) -> String {
    read(promise).expect_err("it should be refused")
}

fn rules(catalogue: &Catalogue) -> Vec<stage::manifest::Sourced<stage::manifest::PrometheusRule>> {
    let files: Vec<_> =
        crate::setup::rules(catalogue, slo::Clock::Stage).unwrap().into_iter().collect();
    Manifests::read(&files).unwrap().prometheus_rules
}

/// What the dns-leak tale defines.
fn known() -> Known {
    let catalogue = Catalogue::load(&[("slo.yaml", SLO)]).unwrap();
    let mut manifests = Manifests::parse("monitoring.yaml", MONITORING).unwrap();
    manifests.prometheus_rules.extend(rules(&catalogue));
    Known::of(&manifests, &catalogue)
}

#[test]
fn every_kind_is_recognized_by_its_field_and_says_what_it_promises() {
    let cases = [
        (json!({"quiet": true}), "quiet", "no alert is pending or firing"),
        (json!({"metric": "up == 1"}), "metric", "up == 1"),
        (json!({"alert": "A"}), "alert", "A is firing"),
        (json!({"alert": "A{b=\"c\"}", "state": "inactive"}), "alert", "A{b=\"c\"} is inactive"),
        (json!({"mail": "A", "state": "resolved"}), "mail", "mail: A is resolved"),
        (json!({"gate": "pass", "pin": true}), "gate", "the gate passes"),
        (json!({"gate": "fail"}), "gate", "the gate refuses"),
        (json!({"gate": "fail", "because": "s"}), "gate", "the gate refuses, because of s"),
        (
            json!({"budget": "s/o", "spent": "> 1m"}),
            "budget",
            "of the error budget of s/o more than 1 minute is spent",
        ),
        (json!({"metric": "up", "says": "it is up"}), "metric", "it is up"),
        (json!({"messages": "mail", "count": 8}), "messages", "8 messages to mail: firing"),
    ];
    for (written, kind, text) in cases {
        let promise = read(written.clone()).unwrap_or_else(|why| panic!("{written}: {why}"));
        assert_eq!((promise.kind.key(), promise.text().as_str()), (kind, text));
    }
    let timed = read(json!({"quiet": true, "within": "1m30s", "for": "5s"})).unwrap();
    assert_eq!((timed.within().as_secs(), timed.lasting().as_secs()), (90, 5));
    let untimed = read(json!({"quiet": true})).unwrap();
    assert_eq!((untimed.within(), untimed.lasting()), (WITHIN, Duration::ZERO));
}

#[test]
fn a_promise_is_of_one_kind_and_has_the_fields_of_that_kind_only() {
    let nothing = refusal(json!({"within": "5s"}));
    assert_eq!(
        nothing,
        "promises nothing; write one of quiet, metric, alert, mail, messages, gate, budget"
    );
    let several = refusal(json!({"quiet": true, "alert": "A"}));
    assert_eq!(several, "promises several things at once; make it several promises");
    let foreign = refusal(json!({"mail": "A", "pin": true}));
    assert_eq!(
        foreign,
        "unknown field `pin`, expected one of `mail`, `state`, `within`, `for`, `says`, `meanwhile`"
    );
    let half = refusal(json!({"budget": "s/o"}));
    assert!(half.contains("`budget` cannot be read: missing field `spent`"), "{half}");
    let state = refusal(json!({"alert": "A", "state": "quiet"}));
    assert!(state.contains("expected one of `firing`, `resolved`, `inactive`"), "{state}");
    let wrong = refusal(json!({"within": "90", "quiet": true}));
    assert!(wrong.contains("unit"), "{wrong}");
    let spent = refusal(json!({"budget": "s/o", "spent": "5m"}));
    assert!(spent.contains("write e.g. `> 5m` or `< 1m`"), "{spent}");
}

#[test]
fn what_the_tale_defines_can_be_promised() {
    let known = known();
    for promise in [
        json!({"quiet": true}),
        json!({"alert": "DnsLeakerMemoryGrowth"}),
        json!({"alert": "DnsLeakerMemoryGrowth{severity=\"page\"}", "state": "resolved"}),
        json!({"alert": "DnsLeakerMemoryGrowth{pod=\"whatever\"}"}),
        json!({"mail": "DnsLeakerMemoryGrowth"}),
        json!({"gate": "fail", "because": "memory-growth"}),
        json!({"budget": "memory-growth/objective-1", "spent": "> 1m"}),
    ] {
        read(promise).unwrap().check(&known).unwrap();
    }
}

#[test]
fn what_nobody_defines_is_refused_with_the_nearest_name() {
    let (known, nothing) = (known(), Known::default());
    let refused = |promise: Value, known: &Known| {
        format!("{:#}", read(promise).unwrap().check(known).unwrap_err())
    };
    let typo = refused(json!({"alert": "DnsLeakerMemoryGrow", "state": "resolved"}), &known);
    assert_eq!(
        typo,
        "alert: there is no alert `DnsLeakerMemoryGrow`; did you mean `DnsLeakerMemoryGrowth`?"
    );
    let label = refused(json!({"alert": "DnsLeakerMemoryGrowth{severity=\"pages\"}"}), &known);
    assert!(label.contains("there is no severity `pages`; did you mean `page`?"), "{label}");
    let because = refused(json!({"gate": "fail", "because": "memory"}), &known);
    assert!(because.contains("because: there is no SLO `memory`"), "{because}");
    let pass = refused(json!({"gate": "pass", "because": "memory-growth"}), &known);
    assert!(pass.contains("because: a gate that passes has no reason to name"), "{pass}");
    let quiet = refused(json!({"quiet": false}), &known);
    assert!(quiet.contains("promises nothing"), "{quiet}");
    for promise in [
        json!({"quiet": true}),
        json!({"alert": "A"}),
        json!({"mail": "A"}),
        json!({"gate": "pass"}),
        json!({"budget": "s/o", "spent": "> 1m"}),
    ] {
        let why = refused(promise.clone(), &nothing);
        assert!(why.contains("there is no") || why.contains("no rule") || why.contains("no slos"));
    }
}

#[test]
fn nobody_gets_a_mail_without_a_receiver() {
    let catalogue = Catalogue::load(&[("slo.yaml", SLO)]).unwrap();
    let mut manifests = Manifests::default();
    manifests.prometheus_rules.extend(rules(&catalogue));
    let known = Known::of(&manifests, &catalogue);
    let mail = read(json!({"mail": "DnsLeakerMemoryGrowth"})).unwrap();
    let why = mail.check(&known).unwrap_err().to_string();
    assert!(why.contains("AlertmanagerConfig"), "{why}");
}
