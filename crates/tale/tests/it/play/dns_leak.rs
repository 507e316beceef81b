//! The tale `dns-leak` as shipped: it is kept, it is reported, and it can fail.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use serde_json::Value;

use super::outcomes;
use crate::project;
use crate::report::SCHEMA;

#[tokio::test]
async fn the_tale_as_shipped_is_kept_also_by_two_plays_side_by_side() {
    let project = project().await;
    let first = project.start(&["play", "dns-leak", "--json"]);
    let second = project.start(&["play", "dns-leak", "--out", "other", "--seed", "42"]);
    let (first, second) = tokio::join!(first.end(), second.end());
    let (first, second) = (first.expect_code(0), second.expect_code(0));

    assert_eq!(first.json(), project.report("dns-leak"), "--json prints the report, nothing else");
    assert_eq!(second.stdout, "", "without --json standard output is free");
    check_kept(&project.report_folder("dns-leak"));
    check_kept(&project.path().join("other"));
    assert_eq!(report_in(&project.path().join("other"))["seed"], 42);
    project.is_left_alone().await;
    let left: Vec<_> = fs::read_dir(project.path().join(".tales"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["reports"], "a play keeps its files only with --keep");
}

fn report_in(folder: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(folder.join("report.json")).unwrap()).unwrap()
}

/// Every form of the report, complete and in agreement.
fn check_kept(folder: &Path) {
    let report = report_in(folder);
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    jsonschema::validate(&schema, &report).unwrap();
    assert_eq!(report["verdict"], "kept");
    let outcomes = outcomes(&report);
    assert!(outcomes.iter().all(|(outcome, _)| *outcome == "kept"), "{outcomes:?}");
    let acts = report["acts"].as_array().unwrap();
    assert_eq!(acts.len(), 4);
    check_order(&report);

    let xml = fs::read_to_string(folder.join("junit.xml")).unwrap();
    let junit = roxmltree::Document::parse(&xml).unwrap();
    let count = |tag: &str| junit.descendants().filter(|node| node.has_tag_name(tag)).count();
    assert_eq!(count("testcase"), outcomes.len());
    assert_eq!((count("failure"), count("error"), count("skipped")), (0, 0, 0));
    for page in ["report.md", "report.html"] {
        let text = fs::read_to_string(folder.join(page)).unwrap();
        for word in ["memory grows by more than 10 %", "DnsLeakerMemoryGrowth", "DNS goes dark"] {
            assert!(text.contains(word), "{page} does not show: {word}");
        }
    }
    let charts = report["charts"].as_array().unwrap();
    assert!(
        charts.iter().all(|chart| !chart["series"].as_array().unwrap().is_empty()),
        "an empty chart"
    );
    let pictures: Vec<_> =
        fs::read_dir(folder.join("charts")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!((charts.len(), pictures.len()), (2, 2));
    for picture in pictures {
        let svg = fs::read_to_string(&picture).unwrap();
        assert!(
            roxmltree::Document::parse(&svg)
                .unwrap()
                .root_element()
                .has_tag_name(("http://www.w3.org/2000/svg", "svg"))
        );
    }
}

/// Cause before effect; and how long it took, for people.
fn check_order(report: &Value) {
    let fault = &report["faults"][0];
    let alerts = report["alerts"].as_array().unwrap();
    let alert = alerts.iter().find(|alert| alert["name"] == "DnsLeakerMemoryGrowth").unwrap();
    let at = |value: &Value| value.as_f64().expect("a time");
    let (injected, recovered) = (at(&fault["from_s"]), at(&fault["to_s"]));
    let (firing, resolved) = (at(&alert["firing_s"]), at(&alert["resolved_s"]));
    let repair = at(&report["acts"][3]["from_s"]);
    assert!(
        injected < firing && firing < recovered,
        "fired at {firing} s, fault from {injected} to {recovered} s"
    );
    assert!(repair < resolved, "resolved at {resolved} s, repaired at {repair} s");
    println!(
        "injection -> firing {:.1} s, repair -> resolved {:.1} s, whole play {:.1} s",
        firing - injected,
        resolved - repair,
        at(&report["seconds"]),
    );
}

/// Plays the tale with something missing; it has to break at exactly `promise`, after all others
/// before it.
async fn breaks_at(args: &[&str], promise: &str) {
    let project = project().await;
    let mut all = vec!["play", "dns-leak"];
    all.extend(args);
    let ended = project.run(&all).await.expect_code(1);
    let report = project.report("dns-leak");
    assert_eq!(report["verdict"], "broken");
    let outcomes = outcomes(&report);
    let broken = outcomes.iter().position(|(outcome, _)| *outcome == "broken").unwrap();
    assert_eq!(outcomes[broken].1, promise, "{}", ended.stderr);
    for (index, (outcome, text)) in outcomes.iter().enumerate() {
        let expected = match index {
            _ if index < broken => "kept",
            _ if index == broken => "broken",
            _ => "not_reached",
        };
        assert_eq!(*outcome, expected, "{text}");
    }
    assert!(broken + 1 < outcomes.len(), "nothing was left to reach");
    let xml = fs::read_to_string(project.report_folder("dns-leak").join("junit.xml")).unwrap();
    let junit = roxmltree::Document::parse(&xml).unwrap();
    let failures = junit.descendants().filter(|node| node.has_tag_name("failure"));
    assert_eq!(failures.count(), 1, "CI sees the broken promise");
    project.is_left_alone().await;
}

#[tokio::test]
async fn without_the_bug_the_tale_breaks_where_memory_should_grow() {
    breaks_at(&["--set", "LEAK_KIND=off"], "memory grows by more than 10 %").await;
}

#[tokio::test]
async fn without_the_chaos_the_tale_breaks_where_lookups_should_fail() {
    breaks_at(&["--without-chaos"], "lookups fail with SERVFAIL").await;
}

/// Every second laptop has something on 8000. Here the manifests want ports that this test holds on
/// all addresses, so that other stages on this machine are in nobody's way.
#[tokio::test]
async fn a_program_on_the_pods_ports_is_sidestepped_and_all_promises_are_kept() {
    let project = project().await;
    let programs = [(); 2].map(|()| TcpListener::bind(("0.0.0.0", 0)).unwrap());
    let [http, admin] = programs.each_ref().map(|program| program.local_addr().unwrap().port());
    let deployment = "manifests/base/dns-leaker/deployment.yaml";
    let ports = format!(
        "env:\n            - {{name: ROCKET_PORT, value: \"{http}\"}}\n            - {{name: ADMIN_PORT, value: \"{admin}\"}}\n"
    );
    project.edit(deployment, "env:\n", &ports);
    project.edit(deployment, "containerPort: 8000", &format!("containerPort: {http}"));
    project.edit(deployment, "containerPort: 9000", &format!("containerPort: {admin}"));
    let ended = project.run(&["play", "dns-leak"]).await.expect_code(0);
    let me = format!("({})", std::process::id());
    for port in [http, admin] {
        let said = format!("{me} holds port {port} of this machine; the stage uses ");
        assert!(ended.stderr.contains(&said), "{}", ended.stderr);
    }
    check_kept(&project.report_folder("dns-leak"));
}

/// What was good once stays: reports lie side by side, and in a folder of one's own the earlier one
/// moves aside.
#[tokio::test]
async fn no_report_is_overwritten() {
    let project = super::with_short(project().await);
    for seed in ["1", "2"] {
        project.run(&["play", "short", "--seed", seed]).await.expect_code(0);
        project.run(&["play", "short", "--seed", seed, "--out", "mine"]).await.expect_code(0);
    }
    let seed = |folder: &Path| report_in(folder)["seed"].as_u64().unwrap();
    let reports = project.path().join(".tales/reports/short");
    let folders = fs::read_dir(&reports).unwrap().map(|entry| entry.unwrap());
    let mut folders: Vec<_> = folders.filter(|entry| entry.file_type().unwrap().is_dir()).collect();
    folders.sort_by_key(fs::DirEntry::file_name);
    let seeds: Vec<u64> = folders.iter().map(|entry| seed(&entry.path())).collect();
    assert_eq!(seeds, [1, 2]);
    assert_eq!(seed(&project.report_folder("short")), 2, "the latest");
    let mine = project.path().join("mine");
    assert_eq!((seed(&mine), seed(&mine.join("earlier/1"))), (2, 1));
}
