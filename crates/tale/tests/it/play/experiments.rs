//! Experiments as shipped that no tale plays, from their YAML to what customers get.

use testkit::project::Project;

use super::outcomes;
use crate::project;

/// All of them take the shop.
const SHOP: &str = "manifests: [manifests/base/shop, manifests/base/shoppers]";
const CALM: &str = r#"
  - act: calm
    promises:
      - {metric: 'count(up{job=~"shop|orders|shoppers"} == 1) == 5', within: 60s}
      - {metric: 'sum(rate(rocket_http_requests_total{job="shop", status="200"}[5s])) > 10', within: 60s}
"#;
const SLOW: &str = r#"histogram_quantile(0.5, sum by (le) (rate(rocket_http_requests_duration_seconds_bucket{job="shop", endpoint!="/"}[3s]))) > 0.5"#;
const BLOCKED: &str = r#"sum(rate(rocket_http_requests_total{job="shop", status="502"}[3s])) > 5"#;
const WELL: &str = r#"sum(rate(rocket_http_requests_total{job="shop", status="200"}[3s])) > 10 and sum(rate(rocket_http_requests_total{job="shop", status=~"5.."}[3s])) == 0"#;

/// Plays calm and then `acts`; every promise has to be kept, and nothing may be left.
async fn play(project: &Project, acts: &str) {
    project.write(
        "tales/experiment/tale.yaml",
        &format!("name: experiment\ntitle: An experiment\nteller: test\n{SHOP}\nacts:{CALM}{acts}"),
    );
    let ended = project.run(&["play", "experiment", "--seed", "7"]).await;
    ended.expect_code(0);
    let report = project.report("experiment");
    let kept = |(outcome, _): &(&str, &str)| *outcome == "kept";
    assert!(outcomes(&report).iter().all(kept));
    project.is_left_alone().await;
}

#[tokio::test]
async fn a_network_delay_slows_the_shop_down_and_nothing_else() {
    let project = project().await;
    let orders_is_fast = r#"histogram_quantile(0.9, sum by (le) (rate(rocket_http_requests_duration_seconds_bucket{job="orders"}[3s]))) < 0.5"#;
    let acts = format!(
        "  - act: far away\n    chaos: chaos-experiments/sre/network-delay.yaml\n    promises:\n      \
         - {{metric: '{SLOW}', within: 60s}}\n      \
         - {{metric: '{orders_is_fast}', within: 60s}}\n  \
         - act: near again\n    calm: chaos-experiments/sre/network-delay.yaml\n    promises:\n      \
         - {{metric: '{} < 0.5', within: 60s}}\n      - {{metric: '{WELL}', within: 60s}}\n",
        SLOW.trim_end_matches(" > 0.5")
    );
    play(&project, &acts).await;
}

#[tokio::test]
async fn a_workflow_does_one_thing_after_the_other_and_ends() {
    let project = project().await;
    let workflow = "chaos-experiments/sre/overload-workflow.yaml";
    project.edit(workflow, "deadline: 30s", "deadline: 8s");
    project.edit(workflow, "deadline: 15s", "deadline: 8s");
    let acts = format!(
        "  - act: overload\n    chaos: {workflow}\n    promises:\n      \
         - {{metric: '{SLOW}', within: 60s}}\n      \
         - {{metric: '{BLOCKED}', within: 60s}}\n      \
         - {{metric: '{WELL}', within: 90s}}\n"
    );
    play(&project, &acts).await;
}

#[tokio::test]
async fn a_failing_check_ends_its_workflow_long_before_its_deadline() {
    let project = project().await;
    let acts = format!(
        "  - act: guarded\n    chaos: chaos-experiments/sre/guarded-workflow.yaml\n    promises:\n      \
         - {{metric: '{BLOCKED}', within: 60s}}\n      \
         - {{metric: '{WELL}', within: 90s}}\n"
    );
    play(&project, &acts).await;
}
