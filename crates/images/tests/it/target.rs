//! How an archive gets to a cluster.

use std::path::Path;
use std::process::Command;

use images::Target;

fn words(command: &Command) -> String {
    let args = command.get_args().map(|arg| arg.to_str().unwrap());
    let words: Vec<&str> =
        std::iter::once(command.get_program().to_str().unwrap()).chain(args).collect();
    words.join(" ")
}

#[test]
fn each_cluster_has_its_own_command() {
    let expected = [
        ("docker", "docker load --input /a.tar"),
        ("podman", "podman load --input /a.tar"),
        ("kind", "kind load image-archive --name kind /a.tar"),
        ("kind:two", "kind load image-archive --name two /a.tar"),
        ("k3d:two", "k3d image import --cluster two /a.tar"),
        ("minikube", "minikube --profile minikube image load /a.tar"),
        ("k3s", "k3s ctr --namespace k8s.io images import /a.tar"),
        (
            "containerd:/run/x.sock",
            "ctr --address /run/x.sock --namespace k8s.io images import /a.tar",
        ),
    ];
    for (word, command) in expected {
        let target = Target::parse(word).unwrap();
        assert_eq!(words(&target.command(Path::new("/a.tar"))), command);
    }
    assert!(Target::parse("dokcer").unwrap_err().contains("`dokcer` is none of kind"));
}

#[test]
fn a_context_tells_its_cluster_when_a_tool_named_it() {
    let of = |context: &str| Target::of_context(context);
    assert_eq!(of("kind-two"), Some(Target::Kind("two".to_owned())));
    assert_eq!(of("k3d-k3s-default"), Some(Target::K3d("k3s-default".to_owned())));
    assert_eq!(of("minikube"), Some(Target::Minikube("minikube".to_owned())));
    assert_eq!(of("production"), None);
}

#[test]
fn skopeo_pushes_and_crane_does_where_it_is_missing() {
    let push = |tools: &'static [&str]| {
        Target::push(Path::new("/a.tar"), "ghcr.io/x/tales:1", |tool| tools.contains(&tool))
            .map(|command| words(&command))
    };
    let skopeo = "skopeo copy oci-archive:/a.tar docker://ghcr.io/x/tales:1";
    assert_eq!(push(&["crane", "skopeo"]).unwrap(), skopeo);
    assert_eq!(push(&["crane"]).unwrap(), "crane push /a.tar ghcr.io/x/tales:1");
    assert_eq!(push(&[]), None);
}
