//! `tale gate` without an answer from Prometheus: that is not a pass, in any format.

use testkit::program::Ended;

const SLO: &str = "manifests/slo/dns-leaker.yaml";
/// Nobody listens there.
const DEAD: &str = "http://127.0.0.1:9";

async fn gate(args: &[&str]) -> Ended {
    super::gate(&[&[SLO], args].concat()).await
}

#[tokio::test]
async fn a_prometheus_that_does_not_answer_is_inconclusive_in_every_format() {
    for format in ["text", "json", "junit", "markdown", "gitlab", "github"] {
        let ended = gate(&["--prometheus", DEAD, "--format", format]).await.expect_code(2);
        let text = ended.stdout;
        assert!(!text.is_empty(), "{format}");
        if format == "text" || format == "json" || format == "markdown" {
            assert!(text.contains("inconclusive"), "{format}: {text}");
        }
    }
}

#[tokio::test]
async fn a_gate_without_an_answer_leaves_the_baseline_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("b.json");
    let good = "{\"schema\": 1, \"values\": {\"dns-leaker/memory-growth/gate\": 10000000}}";
    std::fs::write(&file, good).unwrap();
    let path = file.to_str().unwrap();
    let ended = gate(&["--prometheus", DEAD, "--baseline", path, "--pin", path]).await;
    let error = ended.expect_code(2).stderr;
    assert!(error.contains("nothing is pinned") && error.contains("The query failed"), "{error}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), good);
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 1, "no file beside it");
}

#[tokio::test]
async fn an_argument_that_cannot_be_used_is_named() {
    for (args, wanted) in [
        (&["--prometheus", DEAD, "--last", "5 minutes"][..], "--last"),
        (&["--prometheus", DEAD, "--baseline", "/nonexistent.json"], "/nonexistent.json"),
    ] {
        let error = gate(args).await.expect_code(2).stderr;
        assert!(error.contains(wanted), "{error}");
    }
}
