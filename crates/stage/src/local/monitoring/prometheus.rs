//! Prometheus' configuration from ServiceMonitors, as prometheus-operator would write it. JSON,
//! which is YAML that no reader takes for something else.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use slo::Clock;

use crate::manifest::{BlackBoxProbe, PrometheusRule, ServiceMonitor, prometheus_duration};

/// Time between scrapes and evaluations when a manifest does not say (kube-prometheus' default).
const DEFAULT_INTERVAL: Duration = Duration::from_secs(30);

/// The whole configuration.
pub(super) fn config<'a>(
    clock: Clock,
    alertmanager: Option<SocketAddr>,
    prober: SocketAddr,
    monitors: impl Iterator<Item = &'a ServiceMonitor>,
    probes: impl Iterator<Item = &'a BlackBoxProbe>,
) -> Value {
    let interval = seconds(clock, None);
    let monitors = monitors.flat_map(|monitor| scrape_configs(clock, monitor));
    let probes = probes.map(|probe| probe_config(clock, prober, probe));
    let scrapes: Vec<Value> = monitors.chain(probes).collect();
    json!({
        "global": {"scrape_interval": interval, "evaluation_interval": interval, "scrape_timeout": time_out(clock, None)},
        "rule_files": ["rules/*.yml"],
        "alerting": {"alertmanagers": [{
            "static_configs": [{"targets": alertmanager.map(|a| a.to_string()).into_iter().collect::<Vec<_>>()}]
        }]},
        "scrape_configs": scrapes,
    })
}

fn scrape_configs(clock: Clock, monitor: &ServiceMonitor) -> Vec<Value> {
    let name = monitor.metadata.namespaced_name();
    let endpoints = monitor.spec.endpoints.iter().enumerate();
    let config = |(index, endpoint): (usize, &crate::manifest::Endpoint)| {
        json!({
            "job_name": format!("serviceMonitor/{name}/{index}"),
            "honor_labels": endpoint.honor_labels,
            "metrics_path": endpoint.path,
            "scrape_interval": seconds(clock, endpoint.interval.as_deref()),
            "scrape_timeout": time_out(clock, endpoint.interval.as_deref()),
            "file_sd_configs": [{"files": [format!("targets/{}", target_file(monitor, index))], "refresh_interval": "1s"}],
        })
    };
    endpoints.map(config).collect()
}

/// The operator's translation, but for the prober's address: the URL goes into the query and the
/// label `instance`.
fn probe_config(clock: Clock, prober: SocketAddr, probe: &BlackBoxProbe) -> Value {
    let spec = &probe.spec;
    let targets = &spec.targets.static_config;
    let name = format!("probe/{}", probe.metadata.namespaced_name());
    let mut labels = targets.labels.clone();
    let namespace = || probe.metadata.namespace.clone();
    labels.entry("namespace".into()).or_insert_with(namespace);
    json!({
        "job_name": name,
        "metrics_path": "/probe",
        "params": {"module": [spec.module]},
        "scrape_interval": seconds(clock, spec.interval.as_deref()),
        "scrape_timeout": time_out(clock, spec.interval.as_deref()),
        "static_configs": [{"targets": targets.urls, "labels": labels}],
        "relabel_configs": [
            {"target_label": "job", "replacement": spec.job_name.as_ref().unwrap_or(&name)},
            {"source_labels": ["__address__"], "target_label": "__param_target"},
            {"source_labels": ["__param_target"], "target_label": "instance"},
            {"target_label": "__address__", "replacement": prober.to_string()},
        ],
    })
}

/// The file in which the targets of one endpoint of a monitor are kept.
pub(super) fn target_file(monitor: &ServiceMonitor, index: usize) -> String {
    format!("{}_{}_{index}.json", monitor.metadata.namespace, monitor.metadata.name)
}

/// A rule file. On the stage clock every group is evaluated each second.
pub(super) fn rule_file(clock: Clock, rule: &PrometheusRule) -> Value {
    let groups: Vec<Value> = rule.spec.groups.iter().map(|group| {
        json!({"name": group.name, "interval": seconds(clock, group.interval.as_deref()), "rules": group.rules})
    }).collect();
    json!({"groups": groups})
}

/// One second on the stage clock, whatever is declared: a minute of the story lasts a second. Text
/// that is not a duration goes through as it is, for Prometheus to refuse.
fn seconds(clock: Clock, declared: Option<&str>) -> String {
    let real = match declared.map(|text| (text, prometheus_duration(text))) {
        None => DEFAULT_INTERVAL,
        Some((_, Some(real))) => real,
        Some((text, None)) => return text.to_owned(),
    };
    match clock {
        Clock::Stage => "1s".into(),
        Clock::Real => format!("{}ms", real.as_millis().max(1)),
    }
}

/// Prometheus' default of ten seconds, unless the interval is shorter.
fn time_out(clock: Clock, declared: Option<&str>) -> String {
    let real = declared.and_then(prometheus_duration).unwrap_or(DEFAULT_INTERVAL);
    let shortened = format!("{}ms", real.min(Duration::from_secs(10)).as_millis().max(1));
    seconds(clock, Some(&shortened))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifests;

    fn scrape(clock: Clock, interval: &str) -> Value {
        let all = Manifests::parse(
            "a.yaml",
            &format!(
                "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {{name: web, namespace: demo}}\n\
                 spec: {{selector: {{}}, endpoints: [{{port: admin, interval: {interval}}}]}}"
            ),
        )
        .unwrap();
        let prober = "127.1.250.95:1".parse().unwrap();
        let monitors = all.service_monitors.iter().map(|monitor| &monitor.object);
        config(clock, None, prober, monitors, [].iter())["scrape_configs"][0].clone()
    }

    #[test]
    fn the_stage_clock_scrapes_each_second_and_the_real_one_as_declared() {
        let intervals =
            |scrape: Value| (scrape["scrape_interval"].clone(), scrape["scrape_timeout"].clone());
        assert_eq!(intervals(scrape(Clock::Stage, "15s")), (json!("1s"), json!("1s")));
        assert_eq!(intervals(scrape(Clock::Real, "15s")), (json!("15000ms"), json!("10000ms")));
        assert_eq!(intervals(scrape(Clock::Real, "5s")), (json!("5000ms"), json!("5000ms")));
    }
}
