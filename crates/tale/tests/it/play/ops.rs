//! The tale `ops` as shipped: kept with its faults, broken without each of them. What stands by
//! itself after the repair is told without the nights before it: it breaks in its first seconds.
//! Not in a crowd: nine servers are asked every second, and whoever takes the cores is a fault of
//! its own.

use testkit::project::Project;

use super::{is_broken, is_kept};
use crate::TALE;

const FILE: &str = "tales/ops/tale.yaml";

#[tokio::test]
async fn the_ops_tale_is_kept() {
    is_kept("ops").await;
}

/// The bug is the one value that the script changes: with the right one it is only a script.
#[tokio::test]
async fn without_the_bug_in_the_script_the_signer_does_not_fail() {
    breaks_at(&["--set", "PROPAGATION_DELAY=1"], "the signer tries and fails", |_| ()).await;
}

#[tokio::test]
async fn without_one_of_its_nights_the_tale_is_broken_at_its_act() {
    breaks_at(&["--without-chaos=friday"], "the signer tries and fails", |_| ()).await;
    breaks_without("deny-updates", "updates are denied", "no nameserver gets a version").await;
    let act = "DNS is intercepted";
    breaks_without("names-are-intercepted", act, "the nameservers are not found").await;
}

#[tokio::test]
async fn without_one_of_its_answers_the_tale_is_broken_at_its_act() {
    let promise = "their address does not answer, over UDP and TCP";
    breaks_without("answers-are-intercepted", "DNS is intercepted", promise).await;
    breaks_without("frozen", "one of eight stays behind", "one is frozen").await;
    breaks_without("future", "a serial of next year", "every serial is of the future").await;
    let act = "Monday, the same script in staging";
    let promise = "the gate refuses, because of staging-signatures";
    breaks_without("friday-in-staging", act, promise).await;
}

/// The experiments that the story leaves out, in place of one that it has: a signer that refuses
/// transfers denies updates as a partition does, and a serial of an hour ago is followed by nobody.
#[tokio::test]
async fn its_other_experiments_do_what_they_say() {
    let project = Project::half(TALE).await;
    let tale = project.read(FILE);
    let (head, _) = tale.split_once("acts:\n").unwrap();
    let acts = r#"acts:
  - act: calm
    hold: 8s
    promises:
      - {metric: 'count(zone_probe_success{job="zone-exporter", server=~"nameserver:.*", transport="udp"} == 1) == 8', within: 30s}
  - act: transfers are refused
    run:
      script: {file: tales/ops/experiments/refuse-transfers.sh, at: {SIGNER: signer}, begins: refused-transfers}
    promises:
      - {metric: 'max(fault_active{job="signer", fault="transfers_refused"}) == 1', within: 10s}
      - {metric: 'count(zone_serial_behind{job="zone-exporter", server=~"nameserver:.*"} > 12) == 8', within: 40s}
  - act: transfers are allowed
    run:
      script: {file: tales/ops/experiments/allow-transfers.sh, at: {SIGNER: signer}, ends: refused-transfers}
    promises:
      - {metric: 'max(zone_serial_behind{job="zone-exporter"}) <= 12', within: 20s}
  - act: a serial of an hour ago
    run:
      script: {file: tales/ops/experiments/lower.sh, at: {SIGNER: signer}, begins: lower}
    promises:
      - {metric: 'max(zone_serial_behind{job="zone-exporter", server="signer:8053"}) > 3000', within: 5s}
      - {metric: 'max(zone_serial_behind{job="zone-exporter", server=~"nameserver:.*"}) < 13', within: 1s}
"#;
    project.write(FILE, &format!("{head}{acts}"));
    project.run(&["play", "ops"]).await.expect_code(0);
    project.is_left_alone().await;
}

/// What makes one mail of eight is the grouping, and nothing else.
#[tokio::test]
async fn without_groups_the_second_night_is_the_first() {
    let grouped = "manifests/alerting/zone/grouped.yaml";
    breaks_at(&[], "one mail with eight lines", |project| {
        let text = project.read(grouped);
        assert!(text.contains("groupBy: [alertname]"));
        let without = text.replace("groupBy: [alertname]", "groupBy: [alertname, server]");
        project.write(grouped, &without);
    })
    .await;
}

/// One step back is none: no nameserver follows.
#[tokio::test]
async fn without_the_step_around_the_circle_the_zone_stays_in_the_future() {
    let one_step = "tales/ops/experiments/today.sh, at: {SIGNER: signer, NAMESERVERS: nameserver}";
    let two_steps = "tales/ops/two-steps.sh, at: {SIGNER: signer, NAMESERVERS: nameserver}";
    let acts = ["a serial of next year", "the clock is right again", "the way back, in two steps"];
    breaks_at(&[], "every serial is of now", |project| {
        let tale = project.read(FILE);
        assert!(tale.contains(two_steps));
        project.write(FILE, &shortened(&tale.replace(two_steps, one_step), &acts));
    })
    .await;
}

/// The first act and these, under the alerting that they have in the tale.
fn shortened(tale: &str, wanted: &[&str]) -> String {
    const ACT: &str = "\n  - act: ";
    let (head, acts) = tale.split_once(ACT).unwrap();
    let head = head.replace("alerting/zone/ungrouped", "alerting/zone/escalation");
    let named = |act: &&str| wanted.contains(&act.lines().next().unwrap());
    let (calm, others) = acts.split_once(ACT).unwrap();
    let others: Vec<&str> = others.split(ACT).filter(named).collect();
    assert_eq!(others.len(), wanted.len(), "{wanted:?}");
    [&[head.as_str(), calm], others.as_slice()].concat().join(ACT)
}

async fn breaks_without(fault: &str, act: &str, promise: &str) {
    breaks_at(&[&format!("--without-chaos={fault}")], promise, |project| {
        project.write(FILE, &shortened(&project.read(FILE), &[act]));
    })
    .await;
}

async fn breaks_at(args: &[&str], promise: &str, change: impl Fn(&Project)) {
    let project = Project::half(TALE).await;
    change(&project);
    is_broken(&project, "ops", args, promise).await;
}
