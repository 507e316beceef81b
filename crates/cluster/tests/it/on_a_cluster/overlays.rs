//! `kubectl apply -k`, and then the live demo by hand: the page is followed from its first to its
//! last block.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use cluster::monitoring::Images;
use testkit::page;

use super::harness::{Cluster, root};

/// A copy of what the page names, with the images that lie on the nodes.
async fn folder(cluster: &Cluster) -> tempfile::TempDir {
    let image = image(cluster).await;
    let folder = tempfile::tempdir().unwrap();
    for part in ["manifests", "chaos-experiments"] {
        let copied =
            Command::new("cp").arg("-r").arg(root().join(part)).arg(folder.path()).status();
        assert!(copied.unwrap().success());
    }
    let (name, tag) = image.rsplit_once(':').unwrap();
    for overlay in ["kind", "civo"] {
        let file = folder.path().join(format!("manifests/overlays/{overlay}/kustomization.yaml"));
        let text = std::fs::read_to_string(&file).unwrap();
        let (before, _) = text.rsplit_once("newName:").unwrap();
        std::fs::write(&file, format!("{before}newName: {name}, newTag: \"{tag}\"}}\n")).unwrap();
    }
    let (pinned, there) = (Images::default(), Images::choose(&cluster.api).await);
    for (file, pinned, there) in [
        ("prometheus", pinned.prometheus, there.prometheus),
        ("alertmanager", pinned.alertmanager, there.alertmanager),
        ("blackbox-exporter", pinned.blackbox, there.blackbox),
    ] {
        let file = folder.path().join(format!("manifests/monitoring/{file}.yaml"));
        let mut text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(&pinned), "{} is not of the lock file", file.display());
        let version = |image: &str| image.rsplit(':').next().unwrap().to_owned();
        text = text.replace(&pinned, &there).replace(&version(&pinned), &version(&there));
        std::fs::write(&file, text).unwrap();
    }
    let tale = cluster.command(&[]).get_program().to_owned();
    std::os::unix::fs::symlink(tale, folder.path().join("tale")).unwrap();
    folder
}

/// What the page takes away at its end, for when it does not come that far.
const AWAY: &str = "for what in '-f chaos-experiments/dns-leak/dns-error.yaml' \
    '-k manifests/overlays/kind' '-k manifests/monitoring'; do \
    kubectl delete --ignore-not-found $what; done";

/// Runs it in a folder. Whether it ended well, and what it printed.
fn bash(cluster: &Cluster, folder: &Path, script: &str) -> (bool, String) {
    let output = Command::new("bash")
        .args(["-c", script])
        .current_dir(folder)
        .env("KUBECONFIG", &cluster.kubeconfig)
        .env("TALES_HOME", root())
        .env_remove("TALES_ON")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    (output.status.success(), said)
}

/// The project's image, as a node has it.
async fn image(cluster: &Cluster) -> String {
    let nodes = cluster.api.list("/api/v1/nodes").await.unwrap();
    let images = nodes.iter().flat_map(|node| node["status"]["images"].as_array().unwrap());
    let names = images.flat_map(|image| image["names"].as_array().unwrap());
    let mut names = names.filter_map(|name| name.as_str());
    let ours = names.find(|name| name.starts_with("tales.local/tales:"));
    ours.expect("`./tale images load` brings it").to_owned()
}

#[tokio::test]
#[ignore = "needs a cluster: TALES_CLUSTER names its kubeconfig; and kubectl"]
async fn the_live_demo_is_told_by_hand_as_its_page_says() {
    let cluster = Cluster::take().await;
    let before = cluster.everything().await;
    let folder = folder(&cluster).await;
    let since = Instant::now();
    // Those of the other overlay differ in the image's name, and here in nothing.
    let strictly = "kubectl apply --server-side --validate=strict --dry-run=server -k";
    let civo = bash(&cluster, folder.path(), &format!("{strictly} manifests/overlays/civo"));
    assert!(civo.0, "{}", civo.1);
    let page = std::fs::read_to_string(root().join("docs/kubernetes/README.md")).unwrap();
    // Every block ends within a minute, and the first ones wait for Prometheus to come up.
    let (kept, said) = bash(&cluster, folder.path(), &page::script(&page, 90));
    println!("{said}\nthe page took {:.1} s", since.elapsed().as_secs_f64());
    if !kept {
        bash(&cluster, folder.path(), AWAY);
    }
    assert!(kept, "{said}");
    cluster.is_as(&before).await;
}
