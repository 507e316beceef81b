//! Pods live as in Kubernetes: names, environment, restarts, limits, probes, roll-outs, chaos.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use chaos::fault::Fault;
use stage::local::LocalStage;
use stage::{Phase, Stage, StageError};
use testkit::processes::is_alive;
use testkit::wait::eventually;

use crate::common::{SOON, apply, config, demo, get, inject, recover, service_ip, stage, web};

#[tokio::test]
async fn a_pod_has_its_own_name_address_and_environment_and_nothing_of_the_callers() {
    let stage = stage().await;
    let env = "env: [{name: WHO, valueFrom: {fieldRef: {fieldPath: metadata.name}}}, \
               {name: FROM_MAP, valueFrom: {configMapKeyRef: {name: settings, key: color}}}]";
    let map = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: demo}\ndata: {color: blue}\n";
    apply(&stage, &(web(2, env, "") + map)).await.unwrap();
    stage.wait_ready(&demo("web"), SOON).await.unwrap();
    let status = stage.snapshot();
    let pods = status.pods_of(&demo("web"));
    let addresses: HashSet<_> = pods.iter().map(|pod| pod.ip.unwrap()).collect();
    assert_eq!((pods.len(), addresses.len()), (2, 2));
    for pod in pods {
        let parts: Vec<&str> = pod.name.split('-').collect();
        assert_eq!((parts[0], parts[1].len(), parts[2].len()), ("web", 10, 5), "{}", pod.name);
        assert_eq!(pod.labels["pod-template-hash"], parts[1]);
        let env = get((pod.ip.unwrap(), 8000), "/env").await.unwrap();
        let names: HashSet<&str> =
            env.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
        let own = ["PATH", "HOME", "WHO", "FROM_MAP"];
        let injected = ["ROCKET_ADDRESS", "RESOLV_CONF", "RESOLV_PORT", "HOSTS_FILE"];
        assert_eq!(names, own.into_iter().chain(injected).collect());
        let hosts = env.lines().find_map(|line| line.strip_prefix("HOSTS_FILE=")).unwrap();
        let hosts = std::fs::read_to_string(hosts).unwrap();
        assert!(hosts.contains(&format!("{}\t{}\n", pod.ip.unwrap(), pod.name)), "{hosts}");
        assert!(
            env.contains(&format!("WHO={}\n", pod.name)) && env.contains("FROM_MAP=blue\n"),
            "{env}"
        );
        assert!(env.contains(&format!("ROCKET_ADDRESS={}\n", pod.ip.unwrap())), "{env}");
    }
    stage.down().await.unwrap();
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_refused_before_anything_starts() {
    let stage = stage().await;
    let text = web(1, "", "").replace("command: [pod]", "command: [no-such-program]");
    let message = apply(&stage, &text).await.unwrap_err().to_string();
    for part in [
        "test.yaml",
        "Deployment/web",
        "containers[0].command[0]",
        "no-such-program",
        "cargo build",
    ] {
        assert!(message.contains(part), "{part} is missing from {message}");
    }
    assert!(stage.snapshot().deployments.is_empty() && stage.snapshot().services.is_empty());
    stage.down().await.unwrap();
}

#[tokio::test]
async fn a_crashing_container_is_restarted_in_place_with_back_off() {
    let stage = stage().await;
    apply(&stage, &web(1, "env: [{name: CRASH, value: \"1\"}]", "")).await.unwrap();
    let crashed = |s: &stage::Snapshot| {
        let container = s.pods.first().map(|pod| &pod.containers[0]);
        container.is_some_and(|c| {
            c.restart_count >= 2 && c.waiting.as_deref() == Some("CrashLoopBackOff")
        })
    };
    let status = stage.wait_until("crash loop", crashed, SOON).await.unwrap();
    let container = &status.pods[0].containers[0];
    assert_eq!(
        container.last_exit.as_ref().map(|e| (e.reason.as_str(), e.code)),
        Some(("Error", 3))
    );
    assert!(!status.pods[0].ready && status.pods.len() == 1);
    assert!(stage.snapshot().events.iter().any(|e| e.reason == "BackOff"));
    assert!(container.log.as_ref().unwrap().with_extension("previous.log").exists());
    stage.down().await.unwrap();
}

#[tokio::test]
async fn a_pod_above_its_memory_limit_is_oom_killed_and_restarted() {
    let stage = stage().await;
    let extra = "env: [{name: GROW, value: \"1\"}]\n          resources: {limits: {memory: 40Mi}}";
    apply(&stage, &web(1, extra, "")).await.unwrap();
    let killed = |s: &stage::Snapshot| {
        let container = s.pods.first().map(|pod| &pod.containers[0]);
        container.is_some_and(|c| {
            c.restart_count >= 1 && c.last_exit.as_ref().is_some_and(|e| e.reason == "OOMKilled")
        })
    };
    let status = stage.wait_until("OOM kill", killed, SOON).await.unwrap();
    assert_eq!(status.pods[0].containers[0].last_exit.as_ref().unwrap().code, 137);
    stage.down().await.unwrap();
}

#[tokio::test]
async fn a_pod_that_is_never_ready_runs_but_gets_no_traffic() {
    let stage = stage().await;
    apply(&stage, &web(1, "env: [{name: NEVER_READY, value: \"1\"}]", "")).await.unwrap();
    let asked = |s: &stage::Snapshot| s.pods.first().is_some_and(|pod| pod.phase == Phase::Running);
    stage.wait_until("running", asked, SOON).await.unwrap();
    let error = stage.wait_ready(&demo("web"), Duration::from_millis(700)).await.unwrap_err();
    assert!(
        matches!(&error, StageError::TimedOut { seen, .. } if seen.contains("not ready")),
        "{error}"
    );
    let ip = service_ip(&stage, "web");
    assert_eq!(
        get((ip, 8000), "/").await.unwrap_err().kind(),
        std::io::ErrorKind::ConnectionRefused
    );
    stage.down().await.unwrap();
}

#[tokio::test]
async fn a_failing_liveness_probe_restarts_the_container() {
    let stage = stage().await;
    let probe = "livenessProbe: {httpGet: {path: /healthz, port: admin}, failureThreshold: 1}\n          \
                 env: [{name: NEVER_HEALTHY, value: \"1\"}]";
    apply(&stage, &web(1, probe, "")).await.unwrap();
    let restarted = |s: &stage::Snapshot| {
        s.pods.first().is_some_and(|pod| pod.containers[0].restart_count >= 1)
    };
    stage.wait_until("liveness restart", restarted, SOON).await.unwrap();
    assert!(
        stage
            .snapshot()
            .events
            .iter()
            .any(|e| e.reason == "Unhealthy" && e.message.contains("liveness"))
    );
    stage.down().await.unwrap();
}

#[tokio::test]
async fn a_rolling_update_keeps_the_minimum_ready_and_changes_every_pod() {
    let stage = stage().await;
    apply(&stage, &web(4, "", "")).await.unwrap();
    stage.wait_ready(&demo("web"), SOON).await.unwrap();
    let before: HashSet<String> = stage.snapshot().pods.iter().map(|p| p.name.clone()).collect();
    let env = BTreeMap::from([("MODE".into(), "new".into())]);
    stage.set_env(&demo("web"), &env).await.unwrap();
    assert!(!stage.snapshot().deployment(&demo("web")).unwrap().complete());
    let within_bounds = |s: &stage::Snapshot| {
        let deployment = s.deployment(&demo("web")).unwrap();
        assert!(deployment.total <= 5 && deployment.ready >= 3, "{deployment:?}");
        deployment.complete()
    };
    let status = stage.wait_until("roll-out", within_bounds, SOON).await.unwrap();
    let after = status.pods_of(&demo("web"));
    assert!(after.iter().all(|pod| !before.contains(&pod.name)));
    assert!(get((after[0].ip.unwrap(), 8000), "/env").await.unwrap().contains("MODE=new\n"));
    stage.down().await.unwrap();
}

#[tokio::test]
async fn scaling_goes_up_and_down() {
    let stage = stage().await;
    apply(&stage, &web(1, "", "")).await.unwrap();
    for replicas in [3, 0, 2] {
        apply(&stage, &web(replicas, "", "")).await.unwrap();
        stage.wait_ready(&demo("web"), SOON).await.unwrap();
        assert_eq!(stage.snapshot().pods_of(&demo("web")).len(), replicas as usize);
    }
    let nobody = stage.set_env(&demo("nobody"), &BTreeMap::new()).await;
    assert!(matches!(nobody, Err(StageError::NotFound { .. })));
    stage.down().await.unwrap();
}

#[tokio::test]
async fn a_killed_pod_is_replaced_under_another_name_even_if_it_ignores_sigterm() {
    let stage = stage().await;
    apply(&stage, &web(1, "env: [{name: IGNORE_TERM, value: \"1\"}]", "")).await.unwrap();
    stage.wait_ready(&demo("web"), SOON).await.unwrap();
    let old = stage.snapshot().pods[0].clone();
    inject(&stage, &old, &Fault::PodKill { grace_seconds: 1 }).await.unwrap();
    let replaced =
        |s: &stage::Snapshot| s.pods.len() == 1 && s.pods[0].ready && s.pods[0].name != old.name;
    let status = stage.wait_until("a new pod", replaced, SOON).await.unwrap();
    assert!(
        status.pods[0].ip.unwrap() != old.ip.unwrap() && !is_alive(old.containers[0].pid.unwrap())
    );
    assert!(matches!(
        inject(&stage, &old, &Fault::PodKill { grace_seconds: 0 }).await,
        Err(StageError::NotFound { .. })
    ));
    stage.down().await.unwrap();
}

#[tokio::test]
async fn a_killed_container_restarts_in_the_same_pod() {
    let stage = stage().await;
    apply(&stage, &web(1, "", "")).await.unwrap();
    stage.wait_ready(&demo("web"), SOON).await.unwrap();
    let old = stage.snapshot().pods[0].clone();
    inject(&stage, &old, &Fault::ContainerKill).await.unwrap();
    let again = |s: &stage::Snapshot| s.pods[0].containers[0].restart_count == 1 && s.pods[0].ready;
    let status = stage.wait_until("restart", again, SOON).await.unwrap();
    assert_eq!((&status.pods[0].name, status.pods[0].ip.unwrap()), (&old.name, old.ip.unwrap()));
    assert_eq!(status.pods[0].containers[0].last_exit.as_ref().unwrap().code, 137);
    stage.down().await.unwrap();
}

#[tokio::test]
async fn a_pod_held_down_refuses_connections_and_comes_back_as_the_same_pod() {
    let stage = stage().await;
    apply(&stage, &web(1, "", "")).await.unwrap();
    stage.wait_ready(&demo("web"), SOON).await.unwrap();
    let pod = stage.snapshot().pods[0].clone();
    inject(&stage, &pod, &Fault::PodFailure).await.unwrap();
    stage
        .wait_until(
            "down",
            |s| s.pods[0].containers[0].waiting.as_deref() == Some("PodFailure"),
            SOON,
        )
        .await
        .unwrap();
    assert_eq!(
        get((pod.ip.unwrap(), 8000), "/").await.unwrap_err().kind(),
        std::io::ErrorKind::ConnectionRefused
    );
    recover(&stage, &pod, &Fault::PodFailure).await;
    let status = stage.wait_until("up again", |s| s.pods[0].ready, SOON).await.unwrap();
    assert_eq!((&status.pods[0].name, status.pods[0].ip.unwrap()), (&pod.name, pod.ip.unwrap()));
    stage.down().await.unwrap();
}

#[tokio::test]
async fn a_job_runs_to_its_end_and_gives_up_when_its_pods_fail() {
    let stage = stage().await;
    let job = |name: &str, env: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}}}\nspec: {{parallelism: 2, backoffLimit: 1, template: \
             {{spec: {{restartPolicy: Never, containers: [{{name: c, command: [pod], env: [{env}]}}]}}}}}}\n---\n"
        )
    };
    let crash = "{name: CRASH, value: \"1\"}";
    let stuck = job("stuck", crash).replace("restartPolicy: Never", "restartPolicy: OnFailure");
    let text = job("good", "{name: EXIT, value: \"0\"}") + &job("bad", crash) + &stuck;
    apply(&stage, &text).await.unwrap();
    let done =
        |s: &stage::Snapshot| s.jobs.len() == 3 && s.jobs.iter().all(|job| job.outcome.is_some());
    let status = stage.wait_until("jobs end", done, SOON).await.unwrap();
    let outcome = |name| status.jobs.iter().find(|job| job.name == name).unwrap().outcome;
    assert_eq!(
        (outcome("good"), outcome("bad"), outcome("stuck")),
        (Some(true), Some(false), Some(false))
    );
    let quiet = |s: &stage::Snapshot| {
        s.jobs.iter().all(|job| job.active == 0) && s.pods.iter().all(|p| !p.terminating)
    };
    stage.wait_until("nothing runs any more", quiet, SOON).await.unwrap();
    stage.down().await.unwrap();
}

#[tokio::test]
async fn two_stages_run_at_once_and_down_leaves_nothing() {
    let (one, two) = (stage().await, stage().await);
    for stage in [&one, &two] {
        apply(stage, &web(2, "", "")).await.unwrap();
    }
    for stage in [&one, &two] {
        stage.wait_ready(&demo("web"), SOON).await.unwrap();
    }
    let (a, b) = (one.snapshot(), two.snapshot());
    assert_ne!(a.network, b.network);
    let ip = service_ip(&one, "web");
    one.down().await.unwrap();
    assert!(a.pods.iter().all(|pod| !is_alive(pod.containers[0].pid.unwrap())));
    assert!(b.pods.iter().all(|pod| is_alive(pod.containers[0].pid.unwrap())));
    eventually("the Service's port is closed", async || get((ip, 8000), "/").await.err()).await;
    assert!(matches!(apply(&one, &web(1, "", "")).await, Err(StageError::Down)));
    one.down().await.unwrap();
    two.down().await.unwrap();
}

#[tokio::test]
async fn a_state_folder_serves_one_stage_at_a_time() {
    let config = config();
    let first = LocalStage::start(config.clone()).await.unwrap();
    assert!(matches!(LocalStage::start(config.clone()).await, Err(StageError::StateInUse(_))));
    first.down().await.unwrap();
    LocalStage::start(config).await.unwrap().down().await.unwrap();
}

#[tokio::test]
async fn what_cannot_work_is_refused_with_its_field() {
    let stage = stage().await;
    let good = web(1, "resources: {limits: {memory: 64Mi}}", "");
    for (from, to, field) in [
        ("64Mi", "64MB", "containers[0].resources.limits.memory"),
        ("port: admin}}", "port: nobody}}", "containers[0].readinessProbe"),
        ("matchLabels: {app: web}", "matchLabels: {app: other}", "spec.selector"),
        ("command: [pod]", "args: [x]", "containers[0].command"),
        (
            "command: [pod]",
            "command: [pod]\n          envFrom: [{configMapRef: {name: none}}]",
            "containers[0].env",
        ),
        (
            "replicas: 1",
            "replicas: 1\n  strategy: {rollingUpdate: {maxSurge: lots}}",
            "spec.strategy.rollingUpdate.maxSurge",
        ),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good);
        let message = apply(&stage, &bad).await.unwrap_err().to_string();
        assert!(
            message.contains("test.yaml: document 1 (Deployment/web)") && message.contains(field),
            "{message}"
        );
    }
    apply(&stage, &good).await.unwrap();
    stage.down().await.unwrap();
}

#[tokio::test]
async fn dropping_the_stage_without_down_leaves_nothing() {
    let stage = stage().await;
    apply(&stage, &web(2, "env: [{name: IGNORE_TERM, value: \"1\"}]", "")).await.unwrap();
    stage.wait_ready(&demo("web"), SOON).await.unwrap();
    let status = stage.snapshot();
    drop(stage);
    eventually("no pod lives", async || {
        status.pods.iter().all(|pod| !is_alive(pod.containers[0].pid.unwrap())).then_some(())
    })
    .await;
}

/// As with a kubelet: out of the Service at once, asked to end after its sleep (a minute is a second
/// on this clock), and killed by its grace period at the latest.
#[tokio::test]
async fn a_pod_that_sleeps_before_its_end_gets_no_traffic_and_goes_on_meanwhile() {
    let stage = stage().await;
    let sleeps = "lifecycle: {preStop: {sleep: {seconds: 120}}}";
    let manifest = web(1, sleeps, "strategy: {type: Recreate}");
    let patient =
        manifest.replace("terminationGracePeriodSeconds: 1", "terminationGracePeriodSeconds: 60");
    apply(&stage, &patient).await.unwrap();
    stage.wait_ready(&demo("web"), SOON).await.unwrap();
    let old = stage.snapshot().pods[0].clone();
    let env = [("RELEASE".to_owned(), "2".to_owned())].into();
    stage.set_env(&demo("web"), &env).await.unwrap();
    let leaving = |snapshot: &stage::Snapshot| {
        let pod = snapshot.pods.iter().find(|pod| pod.name == old.name);
        pod.is_some_and(|pod| pod.terminating)
            && snapshot.service(&demo("web")).is_some_and(|service| service.ready.is_empty())
    };
    stage.wait_until("out of the Service", leaving, SOON).await.unwrap();
    // The program has not been asked to end: whoever has its address still is answered.
    get((old.ip.unwrap(), 8000), "/env").await.unwrap();
    stage.wait_ready(&demo("web"), SOON).await.unwrap();
    let gone = |snapshot: &stage::Snapshot| snapshot.pods.iter().all(|pod| pod.name != old.name);
    stage.wait_until("the old one is gone", gone, SOON).await.unwrap();
    // At the end of the stage nobody is waited for.
    stage.down().await.unwrap();
}
