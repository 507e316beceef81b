//! Stress: workers beside a pod take its CPU time and its memory limit, and are gone when it is
//! over.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chaos::fault::{CpuStress, Fault, MemorySize, MemoryStress, StressFault};
use stage::local::LocalStage;
use stage::{PodStatus, Stage, StageError};
use testkit::processes::{command_line, working_in};
use testkit::wait::eventually;

use crate::common::{SOON, apply, config, demo, inject, target, web};

fn cpu(workers: u32) -> StressFault {
    let cpu = CpuStress { workers, load_percent: 100 };
    StressFault { cpu: Some(cpu), memory: None }
}

fn memory(workers: u32, bytes: u64) -> StressFault {
    let memory = MemoryStress {
        workers,
        size: MemorySize::Bytes(bytes),
        grow_seconds: 0.0,
        oom_score_adj: None,
    };
    StressFault { cpu: None, memory: Some(memory) }
}

struct Web {
    stage: LocalStage,
    dir: PathBuf,
}

impl Web {
    /// One pod; `extra` goes into its container.
    async fn start(extra: &str) -> Self {
        let config = config();
        let dir = config.state_dir.clone();
        let stage = LocalStage::start(config).await.unwrap();
        apply(&stage, &web(1, extra, "")).await.unwrap();
        stage.wait_ready(&demo("web"), SOON).await.unwrap();
        Self { stage, dir }
    }

    fn pod(&self) -> PodStatus {
        self.stage.snapshot().pods_of(&demo("web"))[0].clone()
    }

    fn pid(&self) -> i32 {
        self.pod().containers[0].pid.unwrap()
    }

    async fn set(&self, id: &str, fault: Option<StressFault>) {
        let until = fault.is_some().then(|| Instant::now() + SOON);
        let fault = fault.unwrap_or_else(|| cpu(1));
        self.set_until(id, None, fault, until).await.unwrap();
    }

    async fn set_until(
        &self,
        id: &str,
        container: Option<&str>,
        fault: StressFault,
        until: Option<Instant>,
    ) -> Result<Vec<String>, StageError> {
        let target = target(&self.pod(), container);
        self.stage.fault(&target, id, &Fault::Stress(fault), until).await
    }

    /// Waits until that many run: a worker is a shim at first.
    async fn wait_for_workers(&self, count: usize) -> Vec<i32> {
        let all = async || Some(self.workers()).filter(|workers| workers.len() == count);
        eventually("as many workers as wanted", all).await
    }

    fn workers(&self) -> Vec<i32> {
        workers_below(&self.dir)
    }

    fn reasons(&self) -> Vec<String> {
        self.stage.snapshot().events.iter().map(|event| event.reason.clone()).collect()
    }
}

/// Stress workers run in their pod's folder, whose stage is below `dir`.
fn workers_below(dir: &Path) -> Vec<i32> {
    let works = |pid: &i32| {
        let line = command_line(*pid);
        line.contains(" stress-worker ") && !line.contains("pod-shim")
    };
    working_in(dir).into_iter().filter(works).collect()
}

/// A line of `/proc/<pid>/status`.
fn status(pid: i32, field: &str) -> String {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    line.unwrap().trim_start_matches(':').trim().to_owned()
}

/// The cores of every thread.
fn cores(pid: i32) -> BTreeMap<String, String> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let threads = tasks.map(|task| task.unwrap().file_name().into_string().unwrap());
    threads
        .map(|thread| (thread.clone(), status(thread.parse().unwrap(), "Cpus_allowed_list")))
        .collect()
}

/// CPU time so far, in ticks.
fn ticks(pid: i32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

fn many_cores() -> bool {
    std::thread::available_parallelism().unwrap().get() > 1
}

#[tokio::test]
async fn cpu_stress_leaves_a_confined_pod_its_share_only_and_everything_is_as_before_after_it() {
    let web =
        Web::start("env: [{name: SPIN, value: \"1\"}]\n          resources: {limits: {cpu: 500m}}")
            .await;
    let pid = web.pid();
    let before = cores(pid);
    web.set("x", Some(cpu(3))).await;
    // A thread each, in one process.
    let workers = web.wait_for_workers(1).await;
    let threads = async || Some(cores(workers[0])).filter(|threads| threads.len() == 3);
    let threads = eventually("three threads", threads).await;
    let confined = cores(pid);
    assert_eq!(web.pod().faults, ["stress/x"]);
    if many_cores() {
        assert_ne!(confined, before);
    }
    let one: std::collections::BTreeSet<&String> = confined.values().collect();
    assert_eq!(one.len(), 1);
    assert!(threads.values().all(|cores| cores == *one.first().unwrap()), "{threads:?}");
    for worker in &workers {
        assert_eq!(
            std::fs::read_to_string(format!("/proc/{worker}/oom_score_adj")).unwrap().trim(),
            "1000"
        );
    }
    // Four threads want one core: a quarter each, whatever else runs on the machine. The pod's own
    // time counts nobody else's.
    let all = |pids: &[i32]| pids.iter().map(|pid| ticks(*pid)).sum::<u64>();
    let start = (ticks(pid), all(&workers));
    let (own, theirs) = eventually("enough CPU time to compare", async || {
        let (own, theirs) = (ticks(pid) - start.0, all(&workers) - start.1);
        (own + theirs >= 120).then_some((own, theirs))
    })
    .await;
    assert!(own * 10 < theirs * 7, "the pod got {own} ticks, three workers {theirs}");
    assert!(own * 10 > theirs, "the pod got {own} ticks, three workers {theirs}");

    web.set("x", None).await;
    assert!(web.workers().is_empty() && web.pod().faults.is_empty());
    assert_eq!(cores(pid), before);
    web.stage.down().await.unwrap();
}

#[tokio::test]
async fn a_restarted_container_is_confined_too_and_stress_of_two_experiments_ends_one_by_one() {
    let web = Web::start("resources: {limits: {cpu: 1}}").await;
    let before = status(web.pid(), "Cpus_allowed_list");
    web.set("one", Some(cpu(1))).await;
    web.set("two", Some(cpu(1))).await;
    web.wait_for_workers(2).await;
    let first = web.pid();
    let confined = status(first, "Cpus_allowed_list");
    inject(&web.stage, &web.pod(), &Fault::ContainerKill).await.unwrap();
    let restarted =
        |s: &stage::Snapshot| s.pods[0].containers[0].pid.is_some_and(|pid| pid != first);
    web.stage.wait_until("the container is back", restarted, SOON).await.unwrap();
    eventually("it is confined", async || {
        (status(web.pid(), "Cpus_allowed_list") == confined).then_some(())
    })
    .await;
    web.set("one", None).await;
    web.wait_for_workers(1).await;
    assert_eq!(web.pod().faults, ["stress/two"]);
    assert_eq!(status(web.pid(), "Cpus_allowed_list"), confined);
    web.set("two", None).await;
    assert_eq!(status(web.pid(), "Cpus_allowed_list"), before);
    web.stage.down().await.unwrap();
}

#[tokio::test]
async fn stress_lapses_by_itself_and_goes_with_its_pod() {
    let web = Web::start("resources: {limits: {cpu: 1}}").await;
    let before = cores(web.pid());
    let name = web.pod().name;
    let until = Instant::now() + Duration::from_millis(300);
    web.set_until("brief", None, cpu(1), Some(until)).await.unwrap();
    let healed = |s: &stage::Snapshot| s.pods[0].faults.is_empty();
    web.stage.wait_until("the stress lapses", healed, SOON).await.unwrap();
    assert!(web.workers().is_empty());
    assert_eq!(cores(web.pid()), before);

    web.set("long", Some(cpu(2))).await;
    web.wait_for_workers(1).await;
    inject(&web.stage, &web.pod(), &Fault::PodKill { grace_seconds: 0 }).await.unwrap();
    let replaced = |s: &stage::Snapshot| s.pods.len() == 1 && s.pods[0].name != name;
    let status = web.stage.wait_until("a new pod", replaced, SOON).await.unwrap();
    assert!(web.workers().is_empty() && status.pods[0].faults.is_empty());
    web.stage.down().await.unwrap();
}

#[tokio::test]
async fn memory_stress_is_charged_to_the_pods_limit_and_dies_first_and_comes_back() {
    let web = Web::start("resources: {limits: {memory: 64Mi}}").await;
    let pid = web.pid();
    web.set("x", Some(memory(1, 100 << 20))).await;
    let mut pids = std::collections::BTreeSet::new();
    eventually("a killed worker comes back", async || {
        pids.extend(web.workers());
        (pids.len() >= 2).then_some(())
    })
    .await;
    assert!(web.reasons().contains(&"OOMKilling".to_owned()));
    assert_eq!(web.pid(), pid, "the pod itself survives");
    web.set("x", None).await;
    assert!(web.workers().is_empty());
    web.stage.down().await.unwrap();
}

#[tokio::test]
async fn memory_stress_holds_what_it_is_told_and_no_more_than_the_stage_can_spare() {
    let web = Web::start("").await;
    web.set("x", Some(memory(2, 40_000_000))).await;
    let rss = |pid| status(pid, "VmRSS").trim_end_matches(" kB").parse::<u64>().unwrap() * 1024;
    eventually("both hold their half", async || {
        let workers = web.workers();
        (workers.len() == 2
            && workers.iter().all(|pid| (20_000_000..40_000_000).contains(&rss(*pid))))
        .then_some(())
    })
    .await;
    assert!(!web.reasons().contains(&"StressClamped".to_owned()));
    // The worker with the rest of the budget takes a second to hold the first hundredth of it.
    let mut greedy = memory(1, 1 << 40);
    greedy.memory.as_mut().unwrap().grow_seconds = 100.0;
    web.set("y", Some(greedy)).await;
    assert!(web.reasons().contains(&"StressClamped".to_owned()));

    let mut privileged = memory(1, 1);
    privileged.memory.as_mut().unwrap().oom_score_adj = Some(-500);
    let refusal = web.set_until("z", None, privileged, Some(Instant::now() + SOON)).await;
    assert!(refusal.unwrap_err().to_string().contains("oomScoreAdj"));
    web.stage.down().await.unwrap();
    assert!(web.workers().is_empty());
}

#[tokio::test]
async fn each_container_has_stress_of_its_own() {
    let side = "resources: {limits: {memory: 64Mi}}\n          env: [{name: IDLE, value: '1'}]";
    let web = Web::start(&format!(
        "resources: {{limits: {{memory: 4Gi}}}}\n        - name: side\n          command: [pod]\n          {side}"
    ))
    .await;
    let stress = async |container, fault: Option<StressFault>| {
        let until = fault.is_some().then(|| Instant::now() + SOON);
        web.set_until("x", Some(container), fault.unwrap_or_else(|| cpu(1)), until).await
    };
    stress("web", Some(cpu(1))).await.unwrap();
    stress("side", Some(cpu(2))).await.unwrap();
    web.wait_for_workers(2).await;
    assert_eq!(web.pod().faults, ["stress/x"]);
    stress("side", None).await.unwrap();
    web.wait_for_workers(1).await;
    let refusal = stress("nobody", Some(cpu(1))).await.unwrap_err();
    assert!(refusal.to_string().contains("nobody"), "{refusal}");

    // Too much for one, and little for the other.
    stress("web", Some(memory(1, 100 << 20))).await.unwrap();
    let rss = |pid| {
        let kib = status(pid, "VmRSS");
        kib.trim_end_matches(" kB").parse::<u64>().unwrap()
    };
    eventually("the memory is held", async || {
        web.workers().iter().any(|pid| rss(*pid) > 100 << 10).then_some(())
    })
    .await;
    assert!(!web.reasons().contains(&"OOMKilling".to_owned()));
    stress("side", Some(memory(1, 100 << 20))).await.unwrap();
    eventually("the other one is out of memory", async || {
        web.reasons().contains(&"OOMKilling".to_owned()).then_some(())
    })
    .await;
    web.stage.down().await.unwrap();
}
