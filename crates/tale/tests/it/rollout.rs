//! A rollout of the manifests as shipped, under load: no customer notices.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use stage::local::{Config, LocalStage, Shim};
use stage::{NamespacedName, SourceFile, Stage};
use testkit::project::Project;
use testkit::wait::SOON;
use tokio::process::Command;

/// Requests of one run, and how many a second.
const REQUESTS: u64 = 1_200;
const RATE: u64 = 120;

/// Prices cost next to nothing: the rollout is measured, not the machine.
fn cheap() -> BTreeMap<String, String> {
    [("WORK_UNITS".to_owned(), "1".to_owned())].into()
}

async fn shop(programs: &Path, folder: &Path) -> LocalStage {
    let tale = PathBuf::from(env!("CARGO_BIN_EXE_tale"));
    let mut config = Config::new(folder).unwrap();
    config.shim = Shim { program: tale.clone(), args: vec!["pod-shim".into()] };
    config.stress = Shim { program: tale, args: vec!["stress-worker".into()] };
    config.program_dirs = vec![programs.to_owned()];
    config.monitoring = false;
    let stage = LocalStage::start(config).await.unwrap();
    let manifests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../manifests/base/shop");
    stage.apply(&SourceFile::load(&[manifests]).unwrap(), &cheap()).await.unwrap();
    for deployment in ["shop", "orders"] {
        let name = NamespacedName::new("default", deployment);
        stage.wait_ready(&name, SOON).await.unwrap();
    }
    stage
}

#[tokio::test]
async fn a_rollout_drops_no_request() {
    // Alone: it is about latency, too. It also builds the programs of the pods.
    let project = Project::alone(env!("CARGO_BIN_EXE_tale")).await;
    let programs = Path::new(env!("CARGO_BIN_EXE_tale")).parent().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let stage = shop(programs, folder.path()).await;
    let address = stage.snapshot().service(&NamespacedName::new("default", "shop")).unwrap().ip;
    let url = format!("http://{}:8000/price/tea", address.unwrap());
    let duration = format!("{}s", REQUESTS / RATE);
    let mut load = Command::new(programs.join("load"))
        .args([&*url, "--rate", &RATE.to_string(), "--duration", &duration])
        .args(["--mode", "churn", "--json"])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();

    // Release after release, of the front end and of what is behind it, for as long as it takes.
    let mut releases = 0;
    while load.try_wait().unwrap().is_none() {
        releases += 1;
        let env = [("VERSION".to_owned(), releases.to_string())].into();
        for deployment in ["shop", "orders"] {
            let name = NamespacedName::new("default", deployment);
            stage.set_env(&name, &env).await.unwrap();
            stage.wait_ready(&name, SOON).await.unwrap();
        }
    }
    let output = load.wait_with_output().await.unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(releases >= 2, "only {releases} releases");
    assert_eq!(report["due"], REQUESTS, "{report}");
    assert_eq!(report["errors"], 0, "of {releases} releases: {report}");
    assert_eq!(report["ok"], REQUESTS, "{report}");
    stage.down().await.unwrap();
    drop(project);
}
