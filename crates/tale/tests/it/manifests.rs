//! What is shipped for `kubectl apply` against the CustomResourceDefinitions of those who read it,
//! strictly. `TALES_CRDS` names a folder of CRD files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tale::yaml::load_slos;
use testkit::crd;
use testkit::project::root;

/// Kinds of Kubernetes itself, which has no CRD for them; the local stage reads them strictly.
const CORE: [&str; 10] = [
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "Deployment",
    "Job",
    "Namespace",
    "Role",
    "RoleBinding",
    "Service",
    "ServiceAccount",
];

/// All `*.yaml` files below a folder but those of other tools.
fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let ours = |path: &PathBuf| !path.ends_with("litmus") && !path.ends_with("kustomization.yaml");
    let files = entries
        .filter(ours)
        .flat_map(|path| if path.is_dir() { yaml_files(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect()
}

/// Validates every document below `folder` that is not of Kubernetes itself; the kinds that were
/// checked.
fn check(crds: &Path, folder: &str) -> BTreeSet<String> {
    let mut kinds = BTreeSet::new();
    for file in yaml_files(&root().join(folder)) {
        let text = std::fs::read_to_string(&file).unwrap();
        let documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
        for document in documents {
            let kind = document["kind"].as_str().unwrap();
            if !CORE.contains(&kind) {
                assert_eq!(
                    crd::validate(crds, &document.to_string()),
                    Ok(()),
                    "{}",
                    file.display()
                );
                kinds.insert(kind.to_owned());
            }
        }
    }
    kinds
}

fn set(kinds: &[&str]) -> BTreeSet<String> {
    kinds.iter().map(|kind| (*kind).to_owned()).collect()
}

#[test]
#[ignore = "needs TALES_CRDS"]
fn every_manifest_of_the_prometheus_operator_passes_its_crd() {
    let crds = crd::required_folder();
    let checked = check(&crds, "manifests/base");
    let expected = set(&["AlertmanagerConfig", "PrometheusRule", "ServiceMonitor"]);
    assert!(checked.is_superset(&expected), "{checked:?}");
}

#[test]
#[ignore = "needs TALES_CRDS"]
fn every_experiment_passes_its_crd() {
    let crds = crd::required_folder();
    let checked = check(&crds, "chaos-experiments");
    assert!(checked.is_superset(&set(&["DNSChaos", "PodChaos", "Schedule"])), "{checked:?}");
}

#[test]
#[ignore = "needs TALES_CRDS"]
fn the_rules_compiled_from_the_objectives_pass_their_crd() {
    let crds = crd::required_folder();
    let catalogue = load_slos(&root(), &["manifests/slo".into()]).unwrap();
    for clock in [slo::Clock::Stage, slo::Clock::Real] {
        let compiled = slo::compile(&catalogue, clock).unwrap();
        assert!(!compiled.groups.is_empty());
        let rule = compiled.to_prometheus_rule("slos", "default", &[].into());
        assert_eq!(crd::validate(&crds, &rule), Ok(()));
    }
}

#[test]
#[ignore = "needs TALES_CRDS"]
fn a_misspelt_field_does_not_pass() {
    let crds = crd::required_folder();
    let file = root().join("manifests/base/dns-leaker/service.yaml");
    let text = std::fs::read_to_string(file).unwrap();
    let (_, monitor) = text.split_once("\n---\n").unwrap();
    assert_eq!(crd::validate(&crds, monitor), Ok(()));
    let misspelt = monitor.replace("interval:", "intervall:");
    let violations = crd::validate(&crds, &misspelt).unwrap_err().join("\n");
    assert!(violations.contains("intervall"), "{violations}");
}
