//! The tale `sre` as shipped: kept with its faults, broken without them, and what it says about the
//! error budget. Alone: the overload of one play would be the latency of another.

use serde_json::Value;
use testkit::project::Project;

use super::outcomes;
use crate::TALE;
use crate::terminal::plays_clean;

#[tokio::test]
async fn the_sre_tale_is_kept_and_its_budgets_are_those_of_the_talk() {
    let project = Project::alone(TALE).await;
    // In a window of 80 columns, where the longest story leaves no junk either.
    plays_clean(&project, "sre", (80, 24)).await;
    let report = project.report("sre");
    assert!(outcomes(&report).iter().all(|(outcome, _)| *outcome == "kept"));

    let minutes = |objective: &str, key: &str| {
        let budgets = report["budgets"].as_array().unwrap();
        let budget = budgets.iter().find(|budget| budget["objective"] == objective);
        budget.unwrap()[key].as_f64().unwrap()
    };
    let rounded = |minutes: f64| (minutes * 10.0).round() / 10.0;
    assert_eq!(rounded(minutes("shop/availability/sla", "minutes")), 216.0);
    assert_eq!(rounded(minutes("shop/availability/slo", "minutes")), 43.2);
    // The same errors, held against two targets.
    let spent = minutes("shop/availability/slo", "spent_minutes");
    let of_the_sla = minutes("shop/availability/sla", "spent_minutes");
    assert!((spent - of_the_sla).abs() < 1.0, "{spent} and {of_the_sla} minutes");
    how_fast_it_paged(&report);
    project.is_left_alone().await;
}

/// That there was one page for each fault, after it, and that both are over. How long it took is
/// for people: that the rules page within the formula's time and two scrapes is promtool's to prove
/// (`crates/slo/tests/it/engine/detection.rs`); here the notification and a busy machine come on
/// top.
fn how_fast_it_paged(report: &Value) {
    let fault = &report["faults"][1];
    let alerts = report["alerts"].as_array().unwrap();
    let page = |name: &str| {
        let mut all = alerts.iter();
        all.find(|alert| alert["name"] == name && alert["severity"] == "page").unwrap()
    };
    for name in ["ShopLatency", "ShopAvailability"] {
        let resolved = page(name)["resolved_s"].as_f64();
        assert!(resolved.is_some(), "the page {name} stays");
    }
    let firing = page("ShopAvailability")["firing_s"].as_f64().unwrap();
    let injected = fault["from_s"].as_f64().unwrap();
    assert!(injected < firing, "paged at {firing} s, before the fault at {injected} s");
    println!("HTTPChaos -> page {:.1} s", firing - injected);
}

#[tokio::test]
async fn without_its_faults_the_tale_is_broken() {
    let slow = "half of the customers wait longer than 250 ms";
    breaks_exactly("--without-chaos", slow, |tale| tale).await;
}

/// A play stops at the first promise that is broken, so the second fault needs a play of its own,
/// without the first.
#[tokio::test]
async fn without_the_closed_connections_alone_the_tale_is_broken_too() {
    let errors = "customers get errors instead of prices";
    let without_overload = |tale: String| {
        let (calm, rest) = tale.split_once("  - act: somebody else takes").unwrap();
        let (_, blocked) = rest.split_once("  - act: orders hangs up").unwrap();
        format!("{calm}  - act: orders hangs up{blocked}")
    };
    breaks_exactly("--without-chaos=http-blocked", errors, without_overload).await;
}

async fn breaks_exactly(without: &str, promise: &str, shorten: impl Fn(String) -> String) {
    let project = Project::alone(TALE).await;
    let file = "tales/sre/tale.yaml";
    let tale = project.read(file);
    // What is to break does not need a long calm before.
    project.write(file, &shorten(tale.replace("hold: 15s", "hold: 5s")));
    let ended = project.run(&["play", without, "sre"]).await;
    ended.expect_code(1);
    let report = project.report("sre");
    let broken: Vec<_> =
        outcomes(&report).into_iter().filter(|(outcome, _)| *outcome == "broken").collect();
    assert_eq!(broken, [("broken", promise)]);
    let notes = report["notes"].to_string();
    assert!(notes.contains("left out"), "{notes}");
}
