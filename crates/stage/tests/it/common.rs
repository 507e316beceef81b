//! A stage for tests: its own folder, the example `pod` as every pod's program and as the shim.
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use chaos::fault::Fault;
use chaos::target::Target;
use stage::local::{Config, LocalStage, Shim};
use stage::{NamespacedName, PodStatus, SourceFile, Stage, StageError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The longest wait for anything; generous, because the machine may be busy.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// Where cargo puts examples: beside the folder of this test's own binary.
pub(crate) fn examples() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let examples = test.parent().unwrap().parent().unwrap().join("examples");
    assert!(examples.join("pod").exists(), "run `cargo build -p stage --examples` first");
    examples
}

/// A new folder for one stage's state.
pub(crate) fn state_dir() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("{}-{number}", env!("CARGO_CRATE_NAME")));
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

pub(crate) fn config() -> Config {
    let mut config = Config::new(state_dir()).unwrap();
    config.shim = Shim { program: examples().join("pod"), args: vec!["pod-shim".into()] };
    config.stress = Shim { program: examples().join("pod"), args: vec!["stress-worker".into()] };
    config.program_dirs = vec![examples()];
    config.monitoring = false;
    config
}

pub(crate) async fn stage() -> LocalStage {
    LocalStage::start(config()).await.unwrap()
}

/// A Deployment `web` in namespace `demo` and its Service; `extra` goes into the container, `spec`
/// beside `replicas`.
pub(crate) fn web(replicas: u32, extra: &str, spec: &str) -> String {
    format!(
        r#"apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: demo}}
spec:
  replicas: {replicas}
  {spec}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          command: [pod]
          ports: [{{name: http, containerPort: 8000}}, {{name: admin, containerPort: 9000}}]
          readinessProbe: {{httpGet: {{path: /readyz, port: admin}}}}
          {extra}
---
apiVersion: v1
kind: Service
metadata: {{name: web, namespace: demo, labels: {{app: web}}}}
spec:
  selector: {{app: web}}
  ports: [{{name: http, port: 8000}}, {{name: admin, port: 9000, targetPort: admin}}]
"#
    )
}

/// An object in namespace `demo`.
pub(crate) fn demo(name: &str) -> NamespacedName {
    NamespacedName::new("demo", name)
}

/// The address of a Service in namespace `demo`.
pub(crate) fn service_ip(stage: &LocalStage, service: &str) -> Ipv4Addr {
    v4(stage.snapshot().service(&demo(service)).unwrap().ip.unwrap())
}

/// Everything on this stage has an IPv4 address.
pub(crate) fn v4(ip: IpAddr) -> Ipv4Addr {
    match ip {
        IpAddr::V4(ip) => ip,
        IpAddr::V6(ip) => panic!("{ip}"),
    }
}

/// Applies what a file says.
pub(crate) async fn apply(stage: &LocalStage, yaml: &str) -> Result<Vec<String>, StageError> {
    let file = SourceFile { name: "test.yaml".into(), text: yaml.into() };
    stage.apply(&[file], &BTreeMap::new()).await
}

/// A pod, or one of its containers, as a target of faults.
pub(crate) fn target(pod: &PodStatus, container: Option<&str>) -> Target {
    Target {
        namespace: pod.namespace.clone(),
        pod: pod.name.clone(),
        uid: pod.uid.clone(),
        container: container.map(str::to_owned),
    }
}

/// Injects a fault into a pod, for as long as a test lasts.
pub(crate) async fn inject(
    stage: &LocalStage,
    pod: &PodStatus,
    fault: &Fault,
) -> Result<(), StageError> {
    let until = Some(Instant::now() + SOON);
    stage.fault(&target(pod, None), "x", fault, until).await.map(drop)
}

/// Takes it off again.
pub(crate) async fn recover(stage: &LocalStage, pod: &PodStatus, fault: &Fault) {
    stage.fault(&target(pod, None), "x", fault, None).await.unwrap();
}

/// The body of a GET.
pub(crate) async fn get(
    address: impl tokio::net::ToSocketAddrs,
    path: &str,
) -> std::io::Result<String> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: test\r\n\r\n").as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
    };
    tokio::time::timeout(Duration::from_secs(5), exchange)
        .await
        .map_err(|_| std::io::ErrorKind::TimedOut)?
}
