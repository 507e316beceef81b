//! What is linked: nobody who plays on a laptop compiles Kubernetes or TLS.

use std::process::Command;

use e2e::root;

#[test]
fn only_the_stage_in_a_cluster_brings_kubernetes_and_tls() {
    let without = packages(&[]);
    assert!(without.contains("tokio v"), "{without}");
    for word in ["kube", "rustls", "ring v", "openssl"] {
        assert!(!without.contains(word), "{word} in {without}");
    }
    let with = packages(&["--features", "cluster"]);
    assert!(with.contains("kube-client v") && with.contains("rustls v"), "{with}");
}

/// What `tale` is linked from.
fn packages(features: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "-p", "tale", "-e", "normal", "--prefix", "none"])
        .args(features)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
