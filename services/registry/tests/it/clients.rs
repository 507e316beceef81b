//! Real clients: skopeo, which shares its library with podman and buildah, and containerd, which
//! nodes of clusters pull with.

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use oci::Digest;
use serde_json::{Value, json};

use crate::support::{Image, PATIENCE, Registry};

/// An image that can be unpacked: one layer, an empty archive.
fn push(registry: &Registry) -> Image {
    let layer = [0; 1024];
    let rootfs = json!({"type": "layers", "diff_ids": [Digest::of(&layer).to_string()]});
    let config = json!({"architecture": "amd64", "os": "linux", "rootfs": rootfs}).to_string();
    let digest = registry.push_blob("shop", config.as_bytes()).to_string();
    let kind = "application/vnd.oci.image.config.v1+json";
    let config = json!({"mediaType": kind, "digest": digest, "size": config.len()});
    registry.push("shop", "v1", &layer, &json!({"config": config}))
}

fn skopeo(args: &[&str]) -> Output {
    Command::new("skopeo").arg("--insecure-policy").args(args).output().unwrap()
}

fn ok(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn manifest(folder: &std::path::Path) -> Vec<u8> {
    std::fs::read(folder.join("manifest.json")).unwrap()
}

#[test]
#[ignore = "needs skopeo"]
fn skopeo_pulls_from_and_pushes_to_a_registry() {
    let registry = Registry::open(&[]);
    let image = push(&registry);
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
    let [from, to] =
        ["shop:v1", "copied/shop:v2"].map(|name| format!("docker://{}/{name}", registry.address));
    let plain = ["--src-tls-verify=false", "--dest-tls-verify=false"];
    let copy = |from: &str, to: &str| skopeo(&["copy", plain[0], plain[1], from, to]);
    let dir = |path: &std::path::Path| format!("dir:{}", path.display());
    ok(&copy(&from, &dir(&first)));
    assert_eq!(manifest(&first), image.bytes);
    ok(&copy(&dir(&first), &to));
    ok(&copy(&to, &dir(&second)));
    assert_eq!(manifest(&second), image.bytes, "not a byte of it has changed");
    let listed = skopeo(&["list-tags", "--tls-verify=false", to.rsplit_once(':').unwrap().0]);
    ok(&listed);
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed["Tags"], json!(["v2"]));
    // Through a cache, too.
    let cache = Registry::open(&[("REGISTRY_ROLE", "cache"), ("UPSTREAM", &registry.url())]);
    let third = folder.path().join("third");
    ok(&copy(&format!("docker://{}/shop:v1", cache.address), &dir(&third)));
    assert_eq!(manifest(&third), image.bytes);
}

#[test]
#[ignore = "needs skopeo"]
fn skopeo_gets_a_token_from_a_registry_as_nobody_and_as_somebody() {
    let registry = Registry::start(&[("REGISTRY_AUTH", "token"), ("ACCOUNTS", "ada:secret:5")]);
    let open = Registry::open(&[]);
    push(&open);
    let folder = tempfile::tempdir().unwrap();
    let [from, to] =
        [&open, &registry].map(|registry| format!("docker://{}/shop:v1", registry.address));
    let plain = ["--src-tls-verify=false", "--dest-tls-verify=false"];
    let denied = skopeo(&["copy", plain[0], plain[1], &from, &to]);
    let why = String::from_utf8_lossy(&denied.stderr);
    assert!(why.contains("requested access to the resource is denied"), "{why}");
    let wrong = skopeo(&["copy", plain[0], plain[1], "--dest-creds", "ada:wrong", &from, &to]);
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("incorrect username or password"));
    ok(&skopeo(&["copy", plain[0], plain[1], "--dest-creds", "ada:secret", &from, &to]));
    let dir = |name: &str| format!("dir:{}", folder.path().join(name).display());
    ok(&skopeo(&["copy", plain[0], &to, &dir("nobody")]));
    ok(&skopeo(&["copy", plain[0], "--src-creds", "ada:secret", &to, &dir("ada")]));
    let [nobody, ada] = ["nobody", "ada"].map(|name| manifest(&folder.path().join(name)));
    assert_eq!(nobody, ada);
    let shown = registry.control("GET", "/pulls", "").json();
    assert_eq!(shown["sources"][0]["source"], "ada");
}

/// It tries five times; with `Retry-After: 1` that takes four seconds, and half a minute without.
#[test]
#[ignore = "needs skopeo"]
fn skopeo_sees_the_limit_of_a_registry_as_docker_hubs_and_recovers() {
    let settings = [("PULL_LIMIT", "0"), ("PULL_RETRY_AFTER", "seconds"), ("PULL_WINDOW", "1")];
    let registry = Registry::open(&settings);
    let image = push(&registry);
    let folder = tempfile::tempdir().unwrap();
    let from = format!("docker://{}/shop:v1", registry.address);
    let to = |name: &str| format!("dir:{}", folder.path().join(name).display());
    let refused = skopeo(&["copy", "--src-tls-verify=false", &from, &to("refused")]);
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(why.contains("toomanyrequests: You have reached your pull rate limit"), "{why}");
    let asked = registry.value("registry_pulls_total{result=\"refused\"}");
    assert_eq!(asked, 5.0);

    // As Docker Hub has it, which says nothing of when: two seconds, four, and by then it is over.
    let args = ["--insecure-policy", "copy", "--src-tls-verify=false", &from, &to("later")];
    let mut waiting = Command::new("skopeo").args(args).stdout(Stdio::null()).spawn().unwrap();
    until("it is refused", || registry.value("registry_pulls_total{result=\"refused\"}") > asked);
    registry.control("PUT", "/limit", r#"{"limit": 1, "window_seconds": 21600}"#);
    assert!(waiting.wait().unwrap().success());
    assert_eq!(manifest(&folder.path().join("later")), image.bytes);
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < PATIENCE, "in vain until {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// A containerd of its own.
struct Containerd {
    child: Child,
    folder: tempfile::TempDir,
}

impl Containerd {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display();
        let config = format!(
            "version = 2\nroot = \"{path}/root\"\nstate = \"{path}/state\"\n\
             disabled_plugins = [\"io.containerd.grpc.v1.cri\", \"io.containerd.internal.v1.opt\"]\n\
             [grpc]\naddress = \"{path}/socket\"\n[ttrpc]\naddress = \"{path}/ttrpc\"\n"
        );
        std::fs::write(folder.path().join("config.toml"), config).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = Command::new("containerd")
            .arg("--config")
            .arg(folder.path().join("config.toml"))
            .stderr(log)
            .spawn()
            .unwrap();
        let containerd = Self { child, folder };
        until("containerd answers", || containerd.ctr(&["version"]).status.success());
        containerd
    }

    fn ctr(&self, args: &[&str]) -> Output {
        let mut ctr = Command::new("ctr");
        ctr.arg("--address").arg(self.folder.path().join("socket")).args(args).output().unwrap()
    }
}

impl Drop for Containerd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "needs containerd, and to be root"]
fn containerd_pulls_from_a_registry_and_what_is_warm_costs_nothing() {
    for settings in [&[][..], &[("REGISTRY_AUTH", "token"), ("ACCOUNTS", "ada:secret:1")]] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap().to_owned();
        let open = Registry::start(&[("REGISTRY_DIR", &path), ("REGISTRY_PUSH", "anybody")]);
        let image = push(&open);
        drop(open);
        let mut all = vec![("REGISTRY_DIR", path.as_str()), ("PULL_LIMIT", "1")];
        all.extend(settings);
        let registry = Registry::start(&all);
        let (containerd, name) = (Containerd::start(), format!("{}/shop:v1", registry.address));
        let mut args = vec!["content", "fetch", "--plain-http"];
        if !settings.is_empty() {
            args.extend(["--user", "ada:secret"]);
        }
        args.push(&name);
        for _ in 0..2 {
            ok(&containerd.ctr(&args));
        }
        let kept = containerd.ctr(&["content", "get", &image.digest.to_string()]);
        assert_eq!(kept.stdout, image.bytes);
        let counted = registry.value("registry_pulls_total{result=\"counted\"}");
        assert_eq!(counted, 1.0, "{settings:?}");
    }
}

#[test]
#[ignore = "needs containerd, and to be root"]
fn containerd_asks_a_registry_six_times_at_once_and_sees_why_it_may_not() {
    let registry = Registry::open(&[("PULL_LIMIT", "0"), ("PULL_RETRY_AFTER", "seconds")]);
    push(&registry);
    let containerd = Containerd::start();
    let name = format!("{}/shop:v1", registry.address);
    let refused = containerd.ctr(&["content", "fetch", "--plain-http", &name]);
    assert!(!refused.status.success());
    let why = String::from_utf8_lossy(&refused.stderr).to_lowercase();
    assert!(why.contains("429 too many requests"), "{why}");
    assert_eq!(registry.value("registry_pulls_total{result=\"refused\"}"), 6.0);
}
