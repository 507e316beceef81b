//! Containers whose images are pulled, turn by turn.

use super::super::Pod;
use super::*;
use crate::local::testing::registry::{Manners, Registry};
use crate::local::testing::{LIVES, TestStage, web};

fn waiting(pods: &Pods) -> Vec<String> {
    let pods = pods.iter().map(|pod| pod.status().containers[0].waiting.clone());
    pods.map(Option::unwrap_or_default).collect()
}

fn container(registry: &Registry, policy: &str) -> String {
    format!("image: \"{}\", imagePullPolicy: {policy}", registry.image("v1"))
}

#[tokio::test]
async fn a_refused_pull_backs_off_and_comes_back_by_itself() {
    let registry = Registry::start(Manners { left: Some(0), ..Manners::default() });
    let mut stage = TestStage::new(LIVES).await;
    stage.apply(&web(1, &container(&registry, "IfNotPresent"))).await;
    stage.tick_until("a failure", |pods| waiting(pods) == [FAILED]).await;
    assert!(stage.pods.iter().all(|pod| !pod.ready()));
    stage.tick_until("a back-off", |pods| waiting(pods) == [BACK_OFF]).await;
    let messages: Vec<String> =
        stage.events.recent().into_iter().map(|event| event.message).collect();
    assert!(
        messages.iter().any(|m| m.contains(": 429 ") && m.contains("toomanyrequests")),
        "{messages:?}"
    );
    registry.manners().left = None;
    stage.tick_until("a pod", |pods| pods.iter().all(Pod::ready)).await;
    let reasons = stage.reasons();
    let pulls = reasons
        .iter()
        .filter(|reason| ["Pulling", "Failed", "BackOff", "Pulled"].contains(&reason.as_str()));
    let pulls: Vec<&String> = pulls.take(3).collect();
    assert_eq!(pulls, ["Pulling", "Failed", "BackOff"]);
    assert!(reasons.contains(&"Pulled".to_owned()));
}

#[tokio::test]
async fn of_two_pods_with_one_image_the_second_costs_nothing() {
    let registry = Registry::start(Manners { left: Some(1), ..Manners::default() });
    let mut stage = TestStage::new(LIVES).await;
    stage.apply(&web(2, &container(&registry, "Always"))).await;
    stage.tick_until("both", |pods| pods.iter().all(Pod::ready)).await;
    let seen = registry.seen();
    assert_eq!(seen.iter().filter(|line| line.starts_with("HEAD")).count(), 2, "{seen:?}");
}

#[tokio::test]
async fn what_is_there_is_not_asked_for_again_and_what_must_not_be_pulled_is_not() {
    let registry = Registry::start(Manners::default());
    let mut stage = TestStage::new(LIVES).await;
    stage.apply(&web(1, &container(&registry, "Never"))).await;
    stage.tick_until("a refusal", |pods| waiting(pods) == [NEVER]).await;
    assert!(registry.seen().is_empty());
    stage.apply(&web(1, &container(&registry, "IfNotPresent"))).await;
    stage.tick_until("a pod", |pods| pods.iter().count() == 1 && pods.iter().all(Pod::ready)).await;
    assert_eq!(registry.seen().len(), 4);
    let name = stage.pod(0);
    stage.pods.kill_container(&name, 0).unwrap();
    stage.tick_until("a restart", |pods| pods.iter().any(|pod| pod.containers[0].life == 2)).await;
    assert!(registry.seen().is_empty());
}
