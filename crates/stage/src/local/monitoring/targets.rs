//! Which pods a ServiceMonitor scrapes, with the labels that prometheus-operator gives their
//! samples.

use std::net::{Ipv4Addr, SocketAddr};

use serde_json::{Value, json};

use super::prometheus::target_file;
use crate::manifest::{Endpoint, IntOrString, Labels, PodSpec, Service, ServiceMonitor, includes};

/// A pod as far as scraping is concerned.
pub(super) struct TargetPod<'a> {
    pub(super) name: &'a str,
    pub(super) namespace: &'a str,
    pub(super) ip: Ipv4Addr,
    pub(super) labels: &'a Labels,
    pub(super) spec: &'a PodSpec,
}

/// For each endpoint of the monitor: its target file's name and content (`file_sd` format).
pub(super) fn groups(
    monitor: &ServiceMonitor,
    services: &[&Service],
    pods: &[TargetPod<'_>],
) -> Vec<(String, Value)> {
    let spec = &monitor.spec;
    let selected = |service: &&&Service| {
        let namespace = &service.metadata.namespace;
        let here = if spec.namespace_selector.match_names.is_empty() {
            *namespace == monitor.metadata.namespace
        } else {
            spec.namespace_selector.match_names.contains(namespace)
        };
        (spec.namespace_selector.any || here) && spec.selector.matches(&service.metadata.labels)
    };
    let selected: Vec<&Service> = services.iter().filter(selected).copied().collect();
    let endpoints = spec.endpoints.iter().enumerate();
    endpoints
        .map(|(index, endpoint)| {
            let targets = selected.iter().flat_map(|service| {
                let behind = pods.iter().filter(|pod| {
                    pod.namespace == service.metadata.namespace
                        && includes(pod.labels, &service.spec.selector)
                });
                behind.filter_map(|pod| target(monitor, endpoint, service, pod))
            });
            (target_file(monitor, index), targets.collect())
        })
        .collect()
}

fn target(
    monitor: &ServiceMonitor,
    endpoint: &Endpoint,
    service: &Service,
    pod: &TargetPod<'_>,
) -> Option<Value> {
    let wanted = match (&endpoint.port, &endpoint.target_port) {
        (Some(name), _) => {
            let port = service.spec.ports.iter().find(|p| p.name.as_ref() == Some(name))?;
            port.target_port.clone().unwrap_or(IntOrString::Int(port.port.into()))
        }
        (None, target) => target.clone()?,
    };
    let (container, number) =
        pod.spec.containers.iter().find_map(|c| Some((c, c.port(&wanted)?)))?;
    // The container that declares the port by number, if one does.
    let owner =
        pod.spec.containers.iter().find(|c| c.ports.iter().any(|p| p.container_port == number));
    let service_labels = &service.metadata.labels;
    let job = monitor.spec.job_label.as_ref().and_then(|label| service_labels.get(label));
    let mut labels = Labels::new();
    let copied = |names: &[String], from: &Labels| -> Vec<(String, String)> {
        names.iter().filter_map(|name| Some((label_name(name), from.get(name)?.clone()))).collect()
    };
    labels.extend(copied(&monitor.spec.target_labels, service_labels));
    labels.extend(copied(&monitor.spec.pod_target_labels, pod.labels));
    let fixed = [
        ("job", job.unwrap_or(&service.metadata.name).as_str()),
        ("namespace", pod.namespace),
        ("service", &service.metadata.name),
        ("pod", pod.name),
        ("container", &owner.unwrap_or(container).name),
    ];
    labels.extend(fixed.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let endpoint_name = endpoint.port.clone().unwrap_or_else(|| number.to_string());
    labels.insert("endpoint".into(), endpoint_name);
    Some(json!({"targets": [SocketAddr::from((pod.ip, number)).to_string()], "labels": labels}))
}

/// A Kubernetes label as a Prometheus label.
fn label_name(label: &str) -> String {
    label.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifests;

    #[test]
    fn samples_get_the_labels_of_the_operator() {
        let all = Manifests::parse(
            "a.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: demo, labels: {app.kubernetes.io/name: web}}\n\
             spec: {selector: {app: web}, ports: [{name: admin, port: 9000, targetPort: adm}]}\n---\n\
             apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: web, namespace: demo}\n\
             spec: {selector: {matchLabels: {app.kubernetes.io/name: web}}, endpoints: [{port: admin}], \
             targetLabels: [app.kubernetes.io/name]}\n---\n\
             apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {template: {spec: {containers: [{name: c, \
             ports: [{name: adm, containerPort: 9001}]}]}}}",
        )
        .unwrap();
        let labels = Labels::from([("app".into(), "web".into())]);
        let pod = TargetPod {
            name: "web-1",
            namespace: "demo",
            ip: Ipv4Addr::new(127, 1, 1, 1),
            labels: &labels,
            spec: &all.jobs[0].object.spec.template.spec,
        };
        let found = groups(&all.service_monitors[0].object, &[&all.services[0].object], &[pod]);
        let expected = json!([{"targets": ["127.1.1.1:9001"], "labels": {
            "job": "web", "namespace": "demo", "service": "web", "pod": "web-1", "container": "c", "endpoint": "admin",
            "app_kubernetes_io_name": "web"}}]);
        assert_eq!(found, [("demo_web_0.json".to_string(), expected)]);
    }
}
