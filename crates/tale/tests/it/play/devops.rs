//! The tale `devops` as shipped: kept with its neighbour, broken without. Alone: a third of the
//! customers is a number.

use testkit::project::Project;

use super::outcomes;
use crate::TALE;

#[tokio::test]
async fn the_devops_tale_is_kept() {
    let project = Project::alone(TALE).await;
    project.run(&["play", "devops"]).await.expect_code(0);
    let report = project.report("devops");
    let outcomes = outcomes(&report);
    assert!(outcomes.iter().all(|(outcome, _)| *outcome == "kept"), "{outcomes:?}");
    let charts = report["charts"].as_array().unwrap();
    let empty = |chart: &&serde_json::Value| chart["series"].as_array().unwrap().is_empty();
    assert!(!charts.iter().any(|chart| empty(&chart)), "an empty chart");
    println!("the whole play: {:.0} s", report["seconds"].as_f64().unwrap());
    project.is_left_alone().await;
}

/// Nobody else pulls: all three shops get their images, and there is nothing to tell.
#[tokio::test]
async fn without_the_neighbour_there_are_pulls_enough() {
    breaks_at(&["--without-chaos=neighbour"], "one pull is left").await;
}

/// The limit is what the story is about.
#[tokio::test]
async fn without_a_limit_nobody_knows_how_many_are_left() {
    let promise =
        "six of a hundred pulls are spent: three shops, and the tests of the next release";
    breaks_at(&["--set", "PULL_LIMIT=1000"], promise).await;
}

async fn breaks_at(args: &[&str], promise: &str) {
    let project = Project::new(TALE).await;
    project.run(&[&["play", "devops"], args].concat()).await.expect_code(1);
    let report = project.report("devops");
    let broken: Vec<_> =
        outcomes(&report).into_iter().filter(|(outcome, _)| *outcome == "broken").collect();
    assert_eq!(broken, [("broken", promise)]);
}
