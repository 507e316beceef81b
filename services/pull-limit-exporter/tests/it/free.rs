//! It costs nothing: counted where it would have to be paid.

use pull_limit_exporter::shown::Names;

use crate::support::{Running, probe, prober};

const PROBES: usize = 1000;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_probes_cost_no_pull() {
    let settings = [("PULL_LIMIT", "100"), ("", ""), ("", ""), ("", "")];
    let registry = Running::start(settings).await;
    let (prober, target) = (prober(None), format!("http://{}/shop:v1", registry.address));
    for _ in 0..PROBES {
        let series = probe(&prober, &target, Names::Own).await;
        assert_eq!(series["pull_counts_remaining account=anonymous"], 100.0);
        assert_eq!(series["pull_counts_limit account=anonymous"], 100.0);
        assert_eq!(series["pull_counts_window_seconds account=anonymous"], 21_600.0);
        assert_eq!(series["pull_counts_source_info account=anonymous source=127.0.0.1"], 1.0);
    }
    assert_eq!(registry.counted("registry_pulls_total", ""), 0.0, "none, of any kind");
    assert_eq!(registry.counted("registry_looks_total", ""), PROBES as f64);
    assert_eq!(registry.counted("rocket_http_requests_total", "HEAD"), PROBES as f64);
    assert_eq!(registry.counted("rocket_http_requests_total", "GET"), 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_tokens_it_costs_no_pull_either_and_one_token_lasts() {
    let accounts = ("ACCOUNTS", "ada:secret:7,bob:hidden");
    let settings = [("PULL_LIMIT", "100"), ("REGISTRY_AUTH", "token"), accounts, ("", "")];
    let registry = Running::start(settings).await;
    let at = registry.address;
    let targets = format!(
        "http://{at}/shop:v1,http://ada:secret@{at}/shop:v1,http://bob:hidden@{at}/shop:v1"
    );
    let prober = prober(None);
    for _ in 0..PROBES / 3 {
        let series = probe(&prober, &targets, Names::Own).await;
        assert_eq!(series["pull_counts_remaining account=anonymous"], 100.0);
        assert_eq!(series["pull_counts_remaining account=ada"], 7.0);
        assert_eq!(series["pull_counts_source_info account=ada source=ada"], 1.0);
        assert_eq!(series["pull_counts_state account=bob state=unlimited"], 1.0);
        assert!(!series.contains_key("pull_counts_remaining account=bob"), "never a fake 0");
    }
    assert_eq!(registry.counted("registry_pulls_total", ""), 0.0);
    assert_eq!(registry.counted("rocket_http_requests_total", "/token?<scope>"), 3.0);
    let wrong = format!("http://ada:wrong@{at}/shop:v1");
    let series = probe(&prober_of_its_own(), &wrong, Names::Own).await;
    assert_eq!(series["pull_counts_probe_failure account=ada reason=unauthorized"], 1.0);
}

fn prober_of_its_own() -> pull_limit_exporter::probe::Prober {
    prober(None)
}
