//! Whatever kills the stage, nothing of it survives: the kernel ends its children, and ports and
//! locks go with it.
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::processes::{is_alive, pids, working_in};

use crate::common::{examples, state_dir, web};

/// Every process and its parent.
fn parents() -> BTreeMap<i32, i32> {
    let parent = |pid: i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Some((pid, stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?))
    };
    pids().filter_map(parent).collect()
}

fn children(of: i32) -> Vec<i32> {
    parents().into_iter().filter(|(_, parent)| *parent == of).map(|(pid, _)| pid).collect()
}

#[test]
fn sigkill_of_the_stage_leaves_no_process_and_no_lock() {
    let dir = state_dir();
    let manifest = dir.join("web.yaml");
    // SIGTERM would not end these pods.
    std::fs::write(
        &manifest,
        web(
            3,
            "env: [{name: IGNORE_TERM, value: \"1\"}]\n          resources: {limits: {cpu: 1}}",
            "",
        ),
    )
    .unwrap();
    let mut command = Command::new(examples().join("pod"));
    let mut stage = command
        .arg("stage")
        .arg(dir.join("state"))
        .arg(&manifest)
        .env("STRESS", "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = i32::try_from(stage.id()).unwrap();
    let mut line = String::new();
    BufReader::new(stage.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let status: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(status["pods"].as_array().unwrap().len(), 3);
    let family = children(pid);
    assert_eq!(family.len(), 6, "three pods, their stress worker, Prometheus and Alertmanager");

    stage.kill().unwrap();
    stage.wait().unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while family.iter().any(|pid| is_alive(*pid)) {
        assert!(
            Instant::now() < end,
            "survivors: {:?}",
            family.iter().filter(|p| is_alive(**p)).collect::<Vec<_>>()
        );
        std::thread::yield_now();
    }
    let lock = std::fs::File::options().write(true).open(dir.join("state/lock")).unwrap();
    lock.try_lock().unwrap();
    let ip = status["pods"][0]["ip"].as_str().unwrap();
    std::net::TcpListener::bind((ip, 8000)).unwrap();
}

#[test]
fn sigkill_in_the_middle_of_a_start_leaves_no_process_either() {
    let dir = state_dir();
    let manifest = dir.join("web.yaml");
    std::fs::write(&manifest, web(40, "", "")).unwrap();
    for least in [1, 4, 12] {
        let state = dir.join(format!("state-{least}"));
        let mut command = Command::new(examples().join("pod"));
        let mut stage =
            command.arg("stage").arg(&state).arg(&manifest).stdout(Stdio::null()).spawn().unwrap();
        let end = Instant::now() + Duration::from_secs(20);
        while working_in(&state).len() < least {
            assert!(Instant::now() < end, "the stage does not start");
        }
        stage.kill().unwrap();
        stage.wait().unwrap();
        let end = Instant::now() + Duration::from_secs(20);
        while !working_in(&state).is_empty() {
            assert!(Instant::now() < end, "survivors: {:?}", working_in(&state));
        }
    }
}

#[test]
fn a_child_whose_stage_is_gone_does_not_run_its_program() {
    let mut shim = Command::new(examples().join("pod"));
    // Process 1 is not this child's parent, as no other process but the stage would be.
    shim.args(["pod-shim", "--parent=1", "--files=64", "--oom-score=0", "--", "/bin/true"]);
    let output = shim.output().unwrap();
    assert_eq!(output.status.code(), Some(127));
    assert!(String::from_utf8_lossy(&output.stderr).contains("tale up"));
}
