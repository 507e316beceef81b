//! Mistakes that a user makes: each is refused with file, field and remedy, exit code 2, and
//! nothing left running.

use std::net::TcpListener;

use testkit::program::Ended;
use testkit::project::Project;

use super::{SHORT, project_with_short, write_tale};

const TALE: &str = "tales/short/tale.yaml";
const CHAOS: &str = "chaos-experiments/dns-leak/dns-error.yaml";
const DEPLOYMENT: &str = "manifests/base/dns-leaker/deployment.yaml";
const SLO: &str = "manifests/slo/dns-leaker.yaml";

/// The play must be refused, with all of `words` in the message.
async fn refused(project: &Project, args: &[&str], words: &[&str]) -> Ended {
    let ended = project.run(args).await.expect_code(2);
    for word in words {
        assert!(ended.stderr.contains(word), "`{word}` is missing in: {}", ended.stderr);
    }
    assert!(
        !project.report_folder("short").join("report.json").exists(),
        "a play that never was has no report"
    );
    project.is_left_alone().await;
    ended
}

/// As [`refused`], after one edit, and before a stage was started.
async fn edit_is_refused(file: &str, from: &str, to: &str, words: &[&str]) {
    let project = project_with_short().await;
    project.edit(file, from, to);
    let ended = refused(&project, &["play", "short"], words).await;
    assert!(ended.stderr.contains(file), "no file in: {}", ended.stderr);
    assert!(!ended.stderr.contains("the stage is up"), "too late: {}", ended.stderr);
}

#[tokio::test]
async fn an_unknown_field_of_a_tale_is_refused() {
    edit_is_refused(
        TALE,
        "teller: Ops",
        "teller: Ops\nstory: long",
        &["`story`", "expected one of"],
    )
    .await;
}

#[tokio::test]
async fn a_tale_that_is_not_there_is_refused_with_the_nearest_and_a_path_is_none() {
    let project = project_with_short().await;
    refused(&project, &["play", "shrot"], &["no tale `shrot`", "did you mean `short`?"]).await;
    for path in ["../short", "short/../short", "/etc", "", "."] {
        refused(&project, &["play", path], &["there is no tale"]).await;
    }
}

#[tokio::test]
async fn leaving_out_an_experiment_that_is_not_in_the_tale_is_refused() {
    let project = project_with_short().await;
    let without = "--without-chaos=http-blocked";
    let words = ["no experiment `http-blocked`", "write one of dns-goes-dark"];
    refused(&project, &["play", "short", without], &words).await;
}

#[tokio::test]
async fn an_unknown_field_of_a_promise_is_refused() {
    let words = ["acts[0].promises[0]", "`deadline`", "expected one of"];
    edit_is_refused(TALE, "== 4', within: 60s", "== 4', deadline: 60s", &words).await;
}

#[tokio::test]
async fn a_wrong_type_in_a_tale_is_refused() {
    let words = ["manifests", "expected a sequence", "tales/tale.schema.json"];
    edit_is_refused(
        TALE,
        "manifests: [manifests/base/dns-leaker]",
        "manifests: manifests/base",
        &words,
    )
    .await;
}

#[tokio::test]
async fn a_duration_without_a_unit_in_a_tale_is_refused() {
    let words = ["acts[0].promises[0].within", "90", "unit"];
    edit_is_refused(TALE, "== 4', within: 60s", "== 4', within: \"90\"", &words).await;
    edit_is_refused(
        TALE,
        "== 4', within: 60s",
        "== 4', within: 90",
        &["acts[0].promises[0].within", "90"],
    )
    .await;
}

#[tokio::test]
async fn a_duration_without_a_unit_in_an_experiment_is_refused() {
    edit_is_refused(CHAOS, "duration: 5m", "duration: '90'", &["spec.duration", "90", "unit"])
        .await;
}

#[tokio::test]
async fn a_tale_that_is_not_yaml_is_refused() {
    edit_is_refused(TALE, "teller: Ops", "teller: [Ops", &["line"]).await;
}

#[tokio::test]
async fn a_tale_without_acts_or_promises_is_refused() {
    edit_is_refused(TALE, SHORT, " []\n", &["acts", "promises nothing", "add one"]).await;
    let empty = "\n  - {act: calm, promises: []}\n";
    edit_is_refused(TALE, SHORT, empty, &["acts[0].promises", "proves nothing", "add one"]).await;
}

#[tokio::test]
async fn a_promise_without_content_is_refused() {
    let words = ["acts[0].promises[0]", "promises nothing", "write one of"];
    edit_is_refused(TALE, SHORT, "\n  - {act: calm, promises: [{within: 5s}]}\n", &words).await;
}

/// A tale whose only promise is this one, with the objectives of the dns-leaker; it must be refused
/// before anything is started.
async fn promise_is_refused(promise: &str, words: &[&str]) {
    let project = project_with_short().await;
    write_tale(&project, "short", &format!("\n  - act: calm\n    promises: [{{{promise}}}]\n"));
    project.edit(TALE, "acts:", "slos: [manifests/slo/dns-leaker.yaml]\nacts:");
    let mut all = vec![TALE, "acts[0].promises[0]"];
    all.extend(words);
    let ended = refused(&project, &["play", "short"], &all).await;
    assert!(!ended.stderr.contains("the stage is up"), "too late: {}", ended.stderr);
}

#[tokio::test]
async fn a_promise_about_an_alert_that_no_rule_defines_is_refused() {
    let nearest = "did you mean `DnsLeakerMemoryGrowth`?";
    let typo = "DnsLeakerMemoryGrow";
    let words = ["alert", "`DnsLeakerMemoryGrow`", nearest];
    promise_is_refused(&format!("alert: {typo}"), &words).await;
    promise_is_refused(&format!("alert: {typo}, state: resolved"), &words).await;
    promise_is_refused(&format!("alert: {typo}, state: inactive"), &words).await;
    promise_is_refused(&format!("mail: {typo}"), &["mail", "`DnsLeakerMemoryGrow`", nearest]).await;
    let labels = "'DnsLeakerMemoryGrowth{severity=\"pager\"}'";
    let words = ["alert", "severity", "`pager`", "page"];
    promise_is_refused(&format!("alert: {labels}, state: resolved"), &words).await;
}

#[tokio::test]
async fn a_promise_about_an_objective_that_no_file_defines_is_refused() {
    let words = ["because", "`memory-grow`", "did you mean `memory-growth`?"];
    promise_is_refused("gate: fail, because: memory-grow", &words).await;
    let words = ["budget", "`memory-growth/slo`", "objective-1"];
    promise_is_refused("budget: memory-growth/slo, spent: '> 1m'", &words).await;
}

#[tokio::test]
async fn a_gate_that_should_pass_must_not_name_a_because() {
    let words = ["because", "gate: fail", "remove"];
    promise_is_refused("gate: pass, because: memory-growth", &words).await;
}

#[tokio::test]
async fn a_tale_that_names_a_missing_file_is_refused() {
    let words = ["acts[1].chaos", "no-such.yaml", "does not exist", "correct the path"];
    edit_is_refused(
        TALE,
        "chaos: chaos-experiments/dns-leak/dns-error.yaml",
        "chaos: no-such.yaml",
        &words,
    )
    .await;
}

#[tokio::test]
async fn a_tale_that_changes_a_missing_deployment_is_refused() {
    let run = "run: {set: {deployment: nobody, env: {A: b}}}";
    let words = ["run.set.deployment", "`nobody`", "dns-leaker-o11y"];
    edit_is_refused(TALE, "calm: chaos-experiments/dns-leak/dns-error.yaml", run, &words).await;
}

#[tokio::test]
async fn an_unknown_tale_is_refused() {
    let project = project_with_short().await;
    refused(
        &project,
        &["play", "no-such-tale"],
        &["`no-such-tale`", "write one of dev, devops, dns-leak"],
    )
    .await;
}

#[tokio::test]
async fn a_dns_pattern_with_a_leading_star_is_refused() {
    edit_is_refused(
        CHAOS,
        "- cncf.io",
        "- '*.org'",
        &["DNSChaos dns-goes-dark", "spec.patterns", "`*.org`", "list the names"],
    )
    .await;
}

#[tokio::test]
async fn an_unknown_field_of_an_experiment_is_refused() {
    edit_is_refused(CHAOS, "action: error", "action: error\n  actoin: error", &["spec.actoin"])
        .await;
}

#[tokio::test]
async fn a_kind_of_chaos_that_cannot_be_played_is_refused() {
    edit_is_refused(CHAOS, "kind: DNSChaos", "kind: KernelChaos", &["kind", "KernelChaos"]).await;
}

#[tokio::test]
async fn a_kind_of_manifest_that_cannot_be_played_is_refused() {
    let words = ["document 1 (DaemonSet/dns-leaker-o11y)", "`kind`", "on the cluster"];
    edit_is_refused(DEPLOYMENT, "kind: Deployment", "kind: DaemonSet", &words).await;
}

#[tokio::test]
async fn an_unknown_field_of_a_manifest_is_refused() {
    let words = ["Deployment/dns-leaker-o11y", "spec", "`replica`", "never ignored"];
    edit_is_refused(DEPLOYMENT, "replicas: 2", "replica: 2", &words).await;
}

#[tokio::test]
async fn a_deployment_whose_program_does_not_exist_is_refused() {
    let words = ["spec.template.spec.containers[0].command[0]", "`dns-weaker`", "cargo build"];
    edit_is_refused(DEPLOYMENT, "command: [dns-leaker]", "command: [dns-weaker]", &words).await;
}

#[tokio::test]
async fn a_pod_that_never_becomes_ready_ends_the_play() {
    let project = project_with_short().await;
    project.edit(
        DEPLOYMENT,
        "name: LOOKUPS_PER_SECOND, value: \"1\"",
        "name: LOOKUPS_PER_SECOND, value: many",
    );
    let words = ["dns-leaker-", "CrashLoopBackOff", "LOOKUPS_PER_SECOND", "logs"];
    refused(&project, &["play", "short"], &words).await;
}

#[tokio::test]
async fn two_ports_of_a_service_with_one_number_are_refused() {
    let service = "manifests/base/dns-leaker/service.yaml";
    let words = ["spec.ports[1].port", "8000", "give each"];
    edit_is_refused(service, "port: 9000", "port: 8000", &words).await;
}

#[tokio::test]
async fn an_unknown_field_of_an_objective_is_refused() {
    let project = project_with_short().await;
    project.edit(TALE, "acts:", "slos: [manifests/slo/dns-leaker.yaml]\nacts:");
    project.edit(SLO, "budgetingMethod:", "bugdetingMethod:");
    refused(&project, &["play", "short"], &[SLO, "SLO/memory-growth", "spec.bugdetingMethod"])
        .await;
}

#[tokio::test]
async fn a_query_that_prometheus_refuses_is_refused_before_the_first_act() {
    let project = project_with_short().await;
    project.edit(TALE, "sum(rate(", "sum(rat(");
    let words = [TALE, "acts[2].promises[0].metric", "rat(", "correct the query"];
    let ended = refused(&project, &["play", "short"], &words).await;
    assert!(!ended.stderr.contains("\ncalm\n"), "too late: {}", ended.stderr);
}

#[tokio::test]
async fn a_rule_that_prometheus_refuses_is_refused_with_its_object() {
    let monitoring = "manifests/base/dns-leaker/monitoring.yaml";
    let words = ["PrometheusRule/dns-leaker-warm"];
    edit_is_refused(monitoring, "and on (namespace, pod)", "and of (namespace, pod)", &words).await;
}

#[tokio::test]
async fn a_report_folder_that_cannot_be_written_is_refused() {
    let project = project_with_short().await;
    project.write("a-file", "");
    let words = ["a-file/report", "--out DIR"];
    let ended = refused(&project, &["play", "short", "--out", "a-file/report"], &words).await;
    assert!(!ended.stderr.contains("the stage is up"), "too late: {}", ended.stderr);
}

#[tokio::test]
async fn a_state_folder_that_cannot_be_written_is_refused() {
    let project = project_with_short().await;
    project.write(".tales", "");
    refused(&project, &["play", "short", "--out", "report"], &[".tales", "tale doctor"]).await;
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_refused() {
    let project = project_with_short().await;
    refused(&project, &["play"], &["TALE", "--help"]).await;
    refused(&project, &["play", "short", "--set", "LEAK_KIND"], &["LEAK_KIND", "NAME=VALUE"]).await;
    refused(&project, &["play", "short", "--fast"], &["--fast", "--help"]).await;
}

#[tokio::test]
async fn networks_that_others_hold_are_left_to_them() {
    let project = project_with_short().await;
    // Where stages look first. Some are taken already, by the tests beside this one.
    let claims = (1..=40).map(|second| TcpListener::bind(format!("127.{second}.255.254:61998")));
    let held: Vec<TcpListener> = claims.flatten().collect();
    assert!(!held.is_empty());
    let ended = project.run(&["play", "short"]).await.expect_code(0);
    let (_, address) = ended.stderr.split_once("Prometheus http://127.").unwrap();
    let second: u8 = address.split('.').next().unwrap().parse().unwrap();
    assert!(second > 40, "played in a network that is taken: {}", ended.stderr);
    project.is_left_alone().await;
}
