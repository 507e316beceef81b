//! Pods turn by turn: from a Deployment to processes and back.

use super::*;
use crate::local::testing::{LIVES, SOON, TestStage, web};
use crate::snapshot::Phase;

#[tokio::test]
async fn one_turn_brings_a_deployment_up() {
    let mut stage = TestStage::new(LIVES).await;
    stage.apply(&web(3, "")).await;
    assert!(stage.tick().await.is_empty());
    let status: Vec<_> = stage.pods.iter().map(Pod::status).collect();
    assert!(status.iter().all(|pod| pod.ready && pod.phase == Phase::Running), "{status:?}");
    let deployment = &stage.pods.deployments_status()[0];
    assert!(deployment.complete() && deployment.total == 3, "{deployment:?}");
    assert_eq!((stage.pods.take_changed(), stage.pods.take_changed()), (true, false));
}

#[tokio::test]
async fn a_killed_pod_is_reported_once_and_its_successor_has_another_name_and_address() {
    let mut stage = TestStage::new(LIVES).await;
    stage.apply(&web(1, "")).await;
    stage.tick().await;
    let name = stage.pod(0);
    let ip = stage.pods.get(&name).unwrap().ip();
    stage.pods.terminate(&name, Duration::ZERO).unwrap();
    assert!(stage.pods.get(&name).is_none(), "it counts as gone");
    assert!(stage.pods.terminate(&name, Duration::ZERO).is_err());
    let end = Instant::now() + SOON;
    let removed = loop {
        let removed = stage.tick().await;
        if !removed.is_empty() {
            break removed;
        }
        assert!(Instant::now() < end, "the pod never goes");
        tokio::task::yield_now().await;
    };
    assert_eq!(removed.iter().map(|pod| (&pod.name, pod.ip)).collect::<Vec<_>>(), [(&name, ip)]);
    assert!(stage.tick().await.is_empty());
    let successor = stage.pods.iter().next().unwrap();
    assert!(*successor.name() != name && successor.ip() != ip);
}

#[tokio::test]
async fn a_container_that_ends_is_started_again_at_once_and_then_backs_off() {
    let mut stage = TestStage::new("exit 3").await;
    stage.apply(&web(1, "")).await;
    let waits = |pods: &Pods| {
        let pod = pods.iter().map(Pod::status).next();
        pod.and_then(|pod| pod.containers[0].waiting.clone()) == Some("CrashLoopBackOff".into())
    };
    stage.tick_until("a crash loop", waits).await;
    let pod = stage.pods.iter().map(Pod::status).next().unwrap();
    let exit = pod.containers[0].last_exit.as_ref().unwrap();
    assert_eq!((exit.reason.as_str(), exit.code), ("Error", 3));
    assert_eq!(pod.containers[0].restart_count, 1);
    assert!(stage.reasons().contains(&"BackOff".to_owned()));
}

#[tokio::test]
async fn a_pod_that_is_held_down_runs_nothing_until_it_is_let_up() {
    let mut stage = TestStage::new(LIVES).await;
    stage.apply(&web(1, "")).await;
    stage.tick().await;
    let name = stage.pod(0);
    stage.pods.hold_down(&name).unwrap();
    let down = |pods: &Pods| pods.iter().all(|pod| pod.pids().next().is_none());
    stage.tick_until("it is down", down).await;
    stage.tick().await;
    let status = stage.pods.iter().map(Pod::status).next().unwrap();
    assert!(status.held_down && !status.ready && status.containers[0].pid.is_none());
    assert_eq!(status.containers[0].waiting.as_deref(), Some("PodFailure"));
    stage.pods.let_up(&name).unwrap();
    stage.tick().await;
    assert!(stage.pods.get(&name).unwrap().ready());
}

/// Charges more than any limit; `victim` is whom the kernel would rather kill.
struct Greedy {
    victim: Option<i32>,
}

impl MemoryCharges for Greedy {
    fn charged(&self, _: &NamespacedName, _: usize) -> u64 {
        1 << 40
    }

    fn kill_instead(&mut self, _: &NamespacedName, _: usize, _: u64, _: u64) -> Option<i32> {
        self.victim
    }
}

#[tokio::test]
async fn out_of_memory_kills_the_container_unless_the_kernel_would_kill_somebody_else() {
    for victim in [Some(4242), None] {
        let mut stage = TestStage::new(LIVES).await;
        stage.apply(&web(1, "resources: {limits: {memory: 64Mi}}")).await;
        stage.tick().await;
        let pid = stage.pods.iter().next().unwrap().pids().next();
        let due = Instant::now() + MEMORY_EVERY;
        stage.pods.tick(due, &mut Greedy { victim }).await;
        assert!(stage.reasons().contains(&"OOMKilling".to_owned()));
        if victim.is_some() {
            stage.tick().await;
            assert_eq!(stage.pods.iter().next().unwrap().pids().next(), pid);
            continue;
        }
        let killed = |pods: &Pods| {
            let pod = pods.iter().map(Pod::status).next();
            let exit = pod.and_then(|pod| pod.containers[0].last_exit.clone());
            exit.is_some_and(|exit| exit.reason == "OOMKilled" && exit.code == 137)
        };
        stage.tick_until("the container is killed", killed).await;
    }
}
