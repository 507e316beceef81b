//! The local stage, whole, in a pod that may do nothing: the image that `TALES_STAGE_IMAGE` names,
//! in a namespace of Pod Security's level `restricted`.

use std::collections::BTreeMap;
use std::io::Read;
use std::time::{Duration, Instant};

use hyper::Method;
use serde_json::{Value, json};

use super::harness::{Cluster, root};

const NAMESPACE: &str = "stage-in-a-pod";
const PODS: &str = "/api/v1/namespaces/stage-in-a-pod/pods";

/// The pod of the Job that the documents show, in which memory is what the product promises. What
/// was played goes to its log as a tar file, what was said to `/tmp`.
fn pod(name: &str, tale: &str, user: u32, seconds: u32) -> Value {
    let file = std::fs::read_to_string(root().join("docs/anywhere/job.yaml")).unwrap();
    let job: Value = serde_saphyr::from_str(&file).unwrap();
    let template = &job["spec"]["template"];
    let mut spec = template["spec"].clone();
    spec["activeDeadlineSeconds"] = json!(seconds);
    spec["securityContext"]["runAsUser"] = json!(user);
    let container = &mut spec["containers"][0];
    let image = std::env::var("TALES_STAGE_IMAGE").expect("TALES_STAGE_IMAGE names the image");
    container["image"] = json!(image);
    container["args"] = json!(null);
    let script = format!("exec tale play {tale} --out - 2>/tmp/said");
    container["command"] = json!(["bash", "-c", script]);
    container["resources"]["requests"]["cpu"] = json!("100m");
    // Programs without optimization need more than the product promises.
    if let Ok(memory) = std::env::var("TALES_STAGE_MEMORY") {
        container["resources"]["requests"]["memory"] = json!(memory);
        container["resources"]["limits"]["memory"] = json!(memory);
    }
    let metadata = json!({"name": name, "labels": template["metadata"]["labels"]});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
}

fn at(name: &str) -> String {
    format!("{PODS}/{name}")
}

/// What a container's end tells: the exit code, and the files of the report.
struct Ended {
    code: i64,
    report: Value,
    files: BTreeMap<String, Vec<u8>>,
}

async fn ended(cluster: &Cluster, name: &str, within: Duration) -> Ended {
    let end = Instant::now() + within;
    let code = loop {
        let pod = cluster.api.get(&at(name)).await.unwrap();
        let state = &pod["status"]["containerStatuses"][0]["state"];
        if let Some(code) = state["terminated"]["exitCode"].as_i64() {
            break code;
        }
        assert!(Instant::now() < end, "{name} does not end: {}", pod["status"]);
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    let path = format!("{}/log", at(name));
    let ten = Duration::from_secs(10);
    let log = cluster.api.raw(Method::GET, &path, "application/json", Vec::new(), ten).await;
    let (_, tar) = log.unwrap();
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(&*tar).entries().unwrap() {
        let mut entry = entry.unwrap_or_else(|why| panic!("{name}, exit code {code}: {why}"));
        let path = entry.path().unwrap().display().to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        files.insert(path, bytes);
    }
    let json = files.get("report.json").unwrap_or_else(|| panic!("{name}, exit code {code}"));
    Ended { code, report: serde_json::from_slice(json).unwrap(), files }
}

/// Whether the stage in the pod is shown outside: Prometheus and Alertmanager where their clients
/// look for them, and nothing that would change them.
async fn is_shown(cluster: &Cluster, name: &str) {
    let ask = async |method: Method, path: &str| {
        let path = format!("{}:8080/proxy{path}", at(name));
        let ten = Duration::from_secs(10);
        cluster.api.raw(method, &path, "text/plain", Vec::new(), ten).await
    };
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Ok((status, body)) = ask(Method::GET, "/api/v1/query?query=up").await
            && status.is_success()
            && String::from_utf8_lossy(&body).contains(r#""job":"dns-leaker""#)
        {
            break;
        }
        assert!(Instant::now() < end, "{name} shows no pod of its own");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let (status, body) = ask(Method::GET, "/api/v2/status").await.unwrap();
    assert!(status.is_success() && String::from_utf8_lossy(&body).contains("uptime"));
    let (_, page) = ask(Method::GET, "/").await.unwrap();
    let page = String::from_utf8_lossy(&page);
    assert!(page.contains("<h1>tale play dns-leak</h1>") && page.contains("dns-leaker-"), "{page}");
    assert_eq!(ask(Method::POST, "/-/quit").await.unwrap().0, 405);
}

/// A story that is told to its end, with every promise kept. One that the machine had no time for
/// has told nothing, and is told again.
async fn is_kept(cluster: &Cluster, tale: &str, user: u32) {
    let mut told = Vec::new();
    for _ in 0..3 {
        cluster.put(PODS, pod(tale, tale, user, 300)).await;
        let played = ended(cluster, tale, Duration::from_secs(320)).await;
        cluster.delete_and_wait(&at(tale)).await;
        let verdict = &played.report["verdict"];
        if (played.code, verdict) == (0, &json!("kept")) {
            assert!(played.files.keys().any(|file| file.ends_with(".svg")), "{tale}: no charts");
            return;
        }
        assert_eq!(verdict, "undecided", "{tale}: {:#}", played.report["promises"]);
        told.push(played.report["promises"].clone());
    }
    panic!("{tale} was never judged: {told:#?}");
}

/// One that the kubelet asks to end in the middle, as it does at the deadline of a Job.
async fn ends_when_told(cluster: &Cluster) {
    cluster.put(PODS, pod("stopped", "dns-leak", 65532, 12)).await;
    let stopped = ended(cluster, "stopped", Duration::from_secs(60)).await;
    assert_eq!(stopped.code, 130, "killed, not ended: {}", stopped.report);
    assert_eq!(stopped.report["verdict"], "undecided");
    assert!(stopped.files.contains_key("report.html"), "{:?}", stopped.files.keys());
}

#[tokio::test]
#[ignore = "needs a cluster: TALES_CLUSTER names its kubeconfig"]
async fn two_stories_are_kept_without_a_right_and_a_third_that_is_stopped_tells_what_it_saw() {
    let cluster = Cluster::take().await;
    let namespace = format!("/api/v1/namespaces/{NAMESPACE}");
    let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
    cluster.delete_and_wait(&namespace).await;
    let object = json!({"metadata": {"name": NAMESPACE, "labels": labels}});
    cluster.put("/api/v1/namespaces", object).await;
    let shown = is_shown(&cluster, "dns-leak");
    tokio::join!(is_kept(&cluster, "dns-leak", 65532), ends_when_told(&cluster), shown);
    // The one in which milliseconds count has the node to itself.
    is_kept(&cluster, "sre", 12345).await;
    cluster.delete_and_wait(&namespace).await;
}
