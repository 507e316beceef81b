//! Rules that ship for other people's metrics: they fire when they must, and not before. By
//! promtool, which knows no stage.

use std::path::Path;

use serde_json::{Value, json};
use testkit::project::root;
use testkit::promtool;

/// The groups of a PrometheusRule, as Prometheus reads them.
fn rules(file: &str) -> Value {
    let text =
        std::fs::read_to_string(root().join("manifests/alerting/registry").join(file)).unwrap();
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
    let rule = documents.iter().find(|document| document["kind"] == "PrometheusRule").unwrap();
    json!({"groups": rule["spec"]["groups"]})
}

/// Whether this alert fires at that minute, with these series, a sample a minute.
fn expect(file: &str, series: &[(&str, &str)], minute: u32, alert: &str, fires: bool) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, value: &Value| {
        std::fs::write(folder.path().join(name), value.to_string()).unwrap();
    };
    write("rules.json", &rules(file));
    let input: Vec<Value> =
        series.iter().map(|(series, values)| json!({"series": series, "values": values})).collect();
    // How many of this name fire, whatever their labels.
    let query =
        format!("count(ALERTS{{alertname=\"{alert}\", alertstate=\"firing\"}}) or vector(0)");
    let samples = json!([{"labels": "{}", "value": u8::from(fires)}]);
    write(
        "test.json",
        &json!({
            "rule_files": ["rules.json"],
            "evaluation_interval": "1m",
            "tests": [{
                "interval": "1m",
                "input_series": input,
                "promql_expr_test": [{"expr": query, "eval_time": format!("{minute}m"), "exp_samples": samples}],
            }],
        }),
    );
    check(folder.path(), &["check", "rules", "rules.json"]);
    check(folder.path(), &["test", "rules", "test.json"]);
}

fn check(folder: &Path, arguments: &[&str]) {
    promtool::run(folder, arguments).expect_code(0);
}

const LEFT: &str = r#"pull_counts_remaining{job="pull-limit-exporter", registry="docker.io"}"#;
const REFUSED: &str = r#"registry_pulls_total{job="registry", result="refused"}"#;

#[test]
fn the_forecast_is_an_alert_before_the_first_429() {
    // Two pulls a minute: gone at minute 50, and refused from then on.
    let eaten = [(LEFT, "100-2x50 0x30"), (REFUSED, "0x50 1+2x30")];
    expect("forecast.yaml", &eaten, 25, "PullsRunOut", true);
    expect("forecast.yaml", &eaten, 49, "PullsRefused", false);
    expect("forecast.yaml", &eaten, 52, "PullsRefused", true);
}

#[test]
fn the_forecast_is_silent_while_pulls_last() {
    // One pull in ten minutes of a hundred lasts for half a day; none at all lasts for ever; a
    // window that begins anew is no pace.
    for left in ["100x9 99x9 98x9 97x9 96x9", "100x60", "40x20 100x40"] {
        let series = [(LEFT, left), (REFUSED, "0x60")];
        for minute in [20, 40] {
            expect("forecast.yaml", &series, minute, "PullsRunOut", false);
            expect("forecast.yaml", &series, minute, "PullsRefused", false);
        }
    }
}

#[test]
fn the_alert_of_the_slide_fires_above_one_percent_of_errors_and_not_below() {
    let errors = r#"kube_state_metrics_list_total{job="kube-state-metrics", resource="*v1.Pod", result="error"}"#;
    let success = r#"kube_state_metrics_list_total{job="kube-state-metrics", resource="*v1.Pod", result="success"}"#;
    for (failed, minute, fires) in
        [("0+2x60", 30, true), ("0+2x60", 10, false), ("0+0.5x60", 50, false)]
    {
        let series = [(errors, failed), (success, "0+98x60")];
        expect("kube-state-metrics.yaml", &series, minute, "KubeStateMetricsListErrors", fires);
    }
    let waits = r#"kube_pod_container_status_waiting_reason{job="kube-state-metrics", namespace="shop", pod="a", reason="ImagePullBackOff"}"#;
    let creates = waits.replace("ImagePullBackOff", "ContainerCreating");
    for (series, fires) in [(waits, true), (creates.as_str(), false)] {
        expect("kube-state-metrics.yaml", &[(series, "1x20")], 10, "PodsWaitForImages", fires);
    }
}

#[test]
fn the_docker_daemons_own_metrics_tell_of_the_daemon() {
    let up = r#"up{job="docker", instance="build-1"}"#;
    let failed = r#"engine_daemon_health_checks_failed_total{job="docker", instance="build-1"}"#;
    let all = r#"engine_daemon_health_checks_total{job="docker", instance="build-1"}"#;
    let bucket = |le: &str| {
        format!(
            r#"engine_daemon_container_actions_seconds_bucket{{job="docker", instance="build-1", action="start", le="{le}"}}"#
        )
    };
    let (fast, slow, every) = (bucket("1"), bucket("10"), bucket("+Inf"));
    let well = [
        (up, "1x60"),
        (failed, "0x60"),
        (all, "0+60x60"),
        (&fast, "0+9x60"),
        (&slow, "0+9x60"),
        (&every, "0+9x60"),
    ];
    let ill = [
        (up, "1x9 0x50"),
        (failed, "0+20x60"),
        (all, "0+60x60"),
        (&fast, "0x60"),
        (&slow, "0+9x60"),
        (&every, "0+9x60"),
    ];
    for alert in ["DockerDaemonDown", "DockerHealthChecksFail", "DockerStartsSlow"] {
        expect("docker-daemon.yaml", &well, 40, alert, false);
        expect("docker-daemon.yaml", &ill, 40, alert, true);
    }
    expect("docker-daemon.yaml", &ill, 12, "DockerDaemonDown", false);
}
