//! Prometheus' configuration from ServiceMonitors, as prometheus-operator would write it. JSON, which is YAML that no reader
//! takes for something else.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

use crate::local::config::Clock;
use crate::manifest::{PrometheusRule, ServiceMonitor, prometheus_duration};

/// Time between scrapes and evaluations when a manifest does not say (kube-prometheus' default).
const DEFAULT_INTERVAL: Duration = Duration::from_secs(30);

/// The whole configuration.
pub(crate) fn config<'a>(
    clock: Clock,
    alertmanager: Option<SocketAddr>,
    monitors: impl Iterator<Item = &'a ServiceMonitor>,
) -> Value {
    let interval = seconds(clock, None);
    let scrapes: Vec<Value> = monitors
        .flat_map(|monitor| scrape_configs(clock, monitor))
        .collect();
    json!({
        "global": {"scrape_interval": interval, "evaluation_interval": interval, "scrape_timeout": "1s"},
        "rule_files": ["rules/*.yml"],
        "alerting": {"alertmanagers": [{
            "static_configs": [{"targets": alertmanager.map(|a| a.to_string()).into_iter().collect::<Vec<_>>()}]
        }]},
        "scrape_configs": scrapes,
    })
}

fn scrape_configs(clock: Clock, monitor: &ServiceMonitor) -> Vec<Value> {
    let key = monitor.metadata.key();
    let endpoints = monitor.spec.endpoints.iter().enumerate();
    let config = |(index, endpoint): (usize, &crate::manifest::Endpoint)| {
        json!({
            "job_name": format!("serviceMonitor/{key}/{index}"),
            "honor_labels": endpoint.honor_labels,
            "metrics_path": endpoint.path,
            "scrape_interval": seconds(clock, endpoint.interval.as_deref()),
            "file_sd_configs": [{"files": [format!("targets/{}", target_file(monitor, index))], "refresh_interval": "1s"}],
        })
    };
    endpoints.map(config).collect()
}

/// The file in which the targets of one endpoint of a monitor are kept.
pub(crate) fn target_file(monitor: &ServiceMonitor, index: usize) -> String {
    format!(
        "{}_{}_{index}.json",
        monitor.metadata.namespace, monitor.metadata.name
    )
}

/// A rule file. On the stage clock every group is evaluated each second.
pub(crate) fn rule_file(clock: Clock, rule: &PrometheusRule) -> Value {
    let groups: Vec<Value> = rule.spec.groups.iter().map(|group| {
        json!({"name": group.name, "interval": seconds(clock, group.interval.as_deref()), "rules": group.rules})
    }).collect();
    json!({"groups": groups})
}

/// One second on the stage clock, whatever is declared: a minute of the story lasts a second.
fn seconds(clock: Clock, declared: Option<&str>) -> String {
    let real = declared
        .and_then(prometheus_duration)
        .unwrap_or(DEFAULT_INTERVAL);
    match clock {
        Clock::Stage => "1s".into(),
        Clock::Real => format!("{}ms", real.as_millis().max(1)),
    }
}
