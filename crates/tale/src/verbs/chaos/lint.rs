//! `tale chaos lint`: what a file of experiments would do in a cluster that its author does not
//! mean, told from the manifests beside it.

use std::path::Path;

use anyhow::Result;
use chaos::document::Document;
use chaos::dry_run::DryRun;
use chaos::engine::Options;
use chaos::target::Pod;
use jiff::Timestamp;
use stage::SourceFile;
use stage::manifest::{Container, Deployment, Manifests, Service, includes};

use crate::folders;

/// Questions a second that Chaos Mesh's DNS server answers under a DNSChaos: beyond ten seconds it
/// asks the API server about the pod for each, and may ask that five times a second.
const DNS_ANSWERS: u64 = 5;

/// What is odd about a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Lints {
    /// What cannot work.
    pub(super) refused: Vec<String>,
    /// What will not go on for long, or is hardly meant.
    pub(super) warnings: Vec<String>,
}

/// Looks at documents with the eyes of a cluster that runs all of `manifests/base`.
///
/// # Errors
/// A manifest that cannot be read.
pub(super) fn lint(root: &Path, documents: &[Document]) -> Result<Lints> {
    let apps: Vec<_> = folders::apps(root)?;
    let files = SourceFile::load(&apps)?;
    Ok(look(&Manifests::read(&files)?, documents))
}

fn look(manifests: &Manifests, documents: &[Document]) -> Lints {
    let world = World::of(manifests);
    let mut lints = Lints::default();
    for document in documents {
        let maximum = Options::default().default_maximum;
        let run = DryRun::rehearse(document, Ok(&world.pods), maximum, Timestamp::now());
        let name = &document.meta.name;
        let told = |text: String| format!("{} {name}: {text}", document.kind());
        lints.warnings.extend(run.lints.iter().map(|lint| told(lint.to_string())));
        lints.refused.extend(run.refusals.iter().map(|refusal| told(refusal.to_string())));
        if let Some(why) = world.goes_around(document, &run) {
            lints.refused.push(told(why));
        }
        if let Some(why) = world.asks_too_much(document, &run) {
            lints.warnings.push(told(why));
        }
    }
    lints
}

/// The pods that the manifests make, one for each replica, and the Services that lead to them.
struct World<'m> {
    pods: Vec<Pod>,
    /// The Deployment of each pod.
    owners: Vec<&'m Deployment>,
    services: Vec<&'m Service>,
}

impl<'m> World<'m> {
    fn of(manifests: &'m Manifests) -> Self {
        let services = manifests.services.iter().map(|service| &service.object);
        let services = services.filter(|service| !service.headless()).collect();
        let (mut pods, mut owners) = (Vec::new(), Vec::new());
        for deployment in &manifests.deployments {
            let (object, template) = (&deployment.object, &deployment.object.spec.template);
            for replica in 0..object.spec.replicas {
                pods.push(Pod {
                    namespace: object.metadata.namespace.clone(),
                    name: format!("{}-{replica}", object.metadata.name),
                    labels: template.metadata.labels.clone(),
                    annotations: template.metadata.annotations.clone(),
                    phase: "Running".to_owned(),
                    ip: String::new(),
                    node: String::new(),
                    ports: template
                        .spec
                        .containers
                        .iter()
                        .flat_map(|one| one.ports.iter().map(|port| port.container_port))
                        .collect(),
                    containers: template
                        .spec
                        .containers
                        .iter()
                        .map(|one| one.name.clone())
                        .collect(),
                    uid: format!("{}-{replica}", object.metadata.name),
                });
                owners.push(object);
            }
        }
        Self { pods, owners, services }
    }

    /// Chaos Mesh knows the other end by the addresses of its pods, and a packet for a Service has
    /// the Service's address until it has left the pod.
    fn goes_around(&self, document: &Document, run: &DryRun) -> Option<String> {
        let spec = &document.spec;
        let blocks = ["delay", "loss", "duplicate", "corrupt", "bandwidth", "rate"];
        let direction = spec.get("direction").and_then(|value| value.as_str()).unwrap_or("to");
        // A partition is cut at the other end, too.
        if direction == "from" || !blocks.iter().any(|block| spec.get(block).is_some()) {
            return None;
        }
        let senders = self.indices(&run.matched);
        for other in self.indices(&run.other_end) {
            let labels = &self.pods[other].labels;
            let leads_there = |service: &&&Service| includes(labels, &service.spec.selector);
            for service in self.services.iter().filter(leads_there) {
                let name = &service.metadata.name;
                let by_name = senders.iter().find(|at| calls(self.owners[**at], name));
                if let Some(at) = by_name {
                    return Some(format!(
                        "spec.target: {} calls `{name}` by its Service, whose address is none of the target's pods, so nothing would be shaped; turn it around: select the target, and make the selected pods the target",
                        self.owners[*at].metadata.name
                    ));
                }
            }
        }
        None
    }

    /// More than the chaos DNS server answers piles up there, and outlives the experiment.
    fn asks_too_much(&self, document: &Document, run: &DryRun) -> Option<String> {
        let is_dns = document.body.experiment().is_some_and(|one| one.kind.name == "DNSChaos");
        let victims = self.indices(&run.matched);
        let asked: u64 = victims.iter().map(|at| questions(self.owners[*at])).sum();
        (is_dns && asked >= DNS_ANSWERS).then(|| {
            format!(
                "spec.selector: its victims ask {asked} questions a second, and Chaos Mesh's DNS server answers fewer than {DNS_ANSWERS}; what is beyond piles up and outlives the experiment: ask less, or select fewer pods"
            )
        })
    }

    /// The pods that records stand for.
    fn indices(&self, records: &[String]) -> Vec<usize> {
        let named = |pod: &Pod| format!("{}/{}", pod.namespace, pod.name);
        let hit = |pod: &Pod| {
            let name = named(pod);
            records.iter().any(|id| *id == name || id.starts_with(&format!("{name}/")))
        };
        (0..self.pods.len()).filter(|at| hit(&self.pods[*at])).collect()
    }
}

/// Whether a workload names a Service in what it is told.
fn calls(deployment: &Deployment, service: &str) -> bool {
    let names = |text: &String| {
        let after = text.split("//").skip(1);
        after.into_iter().any(|rest| rest.split([':', '/', '.']).next() == Some(service))
    };
    deployment.spec.template.spec.containers.iter().any(|container| {
        let values = container.env.iter().filter_map(|variable| variable.value.as_ref());
        values.chain(&container.command).chain(&container.args).any(names)
    })
}

/// Questions that a pod asks a second, as far as its variables tell: one for each candidate of a
/// name and for each attempt.
fn questions(deployment: &Deployment) -> u64 {
    let spec = &deployment.spec.template.spec;
    let option = |name: &str| {
        let option = spec.dns_config.options.iter().find(|option| option.name == name)?;
        option.value.as_ref()?.parse::<u64>().ok()
    };
    let value = |container: &Container, name: &str| {
        let variable = container.env.iter().find(|variable| variable.name == name)?;
        variable.value.clone()
    };
    let of = |container: &Container| {
        let rate: u64 = value(container, "LOOKUPS_PER_SECOND")?.parse().ok()?;
        let complete = value(container, "DNS_HOSTNAME").is_some_and(|name| name.ends_with('.'));
        // The name as it is, and with the three suffixes of a cluster.
        let candidates = if complete { 1 } else { 4 };
        Some(rate * candidates * option("attempts").unwrap_or(2))
    };
    spec.containers.iter().filter_map(of).sum()
}

#[cfg(test)]
mod tests {
    use chaos::document;

    use super::*;

    fn project() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    fn shipped(file: &str, change: impl Fn(String) -> String) -> Lints {
        let path = project().join("chaos-experiments").join(file);
        let text = change(std::fs::read_to_string(path).unwrap());
        lint(&project(), &document::parse(file, &text).unwrap()).unwrap()
    }

    #[test]
    fn the_delay_that_is_shipped_works_and_the_other_way_round_is_refused() {
        let turned = |text: String| {
            let text =
                text.replace("name: orders", "name: X").replace("name: shop", "name: orders");
            text.replace("name: X", "name: shop")
        };
        assert_eq!(shipped("sre/network-delay.yaml", |text| text).refused, Vec::<String>::new());
        let refused = shipped("sre/network-delay.yaml", turned).refused;
        assert!(
            refused.len() == 1 && refused[0].contains("`orders` by its Service"),
            "{refused:?}"
        );
    }

    #[test]
    fn victims_that_ask_more_than_the_dns_server_answers_are_counted() {
        let warned =
            |lints: Lints| lints.warnings.iter().any(|one| one.contains("questions a second"));
        assert!(!warned(shipped("dns-leak/dns-error.yaml", |text| text)));
        let base = project().join("manifests/base/dns-leaker/deployment.yaml");
        let text = std::fs::read_to_string(base).unwrap();
        let busy =
            text.replace("LOOKUPS_PER_SECOND, value: \"1\"", "LOOKUPS_PER_SECOND, value: \"2\"");
        let manifests = Manifests::parse("a.yaml", &busy).unwrap();
        let dark = project().join("chaos-experiments/dns-leak/dns-error.yaml");
        let dark = std::fs::read_to_string(dark).unwrap();
        assert!(warned(look(&manifests, &document::parse("dark.yaml", &dark).unwrap())));
    }
}
