//! What is shipped for `kubectl apply` against the CustomResourceDefinitions of those who read it,
//! strictly. `TALES_CRDS` names a folder of CRD files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tale::yaml::load_slos;
use testkit::crd;
use testkit::project::root;

/// Kinds of Kubernetes itself, which has no CRD for them; the local stage reads them strictly.
const CORE: [&str; 11] = [
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "Deployment",
    "Job",
    "Namespace",
    "NetworkPolicy",
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

/// Litmus' own definition lets unknown fields through, and reads whatever is no text as an empty
/// one; ours does neither.
#[test]
fn every_twin_for_litmus_has_the_fields_that_litmus_reads() {
    let definition = root().join("crates/tale/tests/it/litmus");
    let mut engines = 0;
    let readme =
        std::fs::read_to_string(root().join("chaos-experiments/litmus/README.md")).unwrap();
    for entry in std::fs::read_dir(root().join("chaos-experiments/litmus")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name == "README.md" {
            continue;
        }
        assert!(readme.contains(&format!("({name})")), "{name} is not in the README");
        let text = std::fs::read_to_string(&path).unwrap();
        if text.contains("kind: ChaosEngine") {
            assert_eq!(crd::validate(&definition, &text), Ok(()), "{name}");
            let why = chaos::document::parse(name, &text).unwrap_err().to_string();
            assert!(why.contains("is LitmusChaos") && why.contains("write a"), "{why}");
            let misspelt = text.replace("appinfo:", "appInfo:");
            assert!(crd::validate(&definition, &misspelt).is_err(), "{misspelt}");
            engines += 1;
        }
    }
    assert!(engines >= 6, "{engines}");
    // What has no twin says why.
    for file in yaml_files(&root().join("chaos-experiments")) {
        let path = file.strip_prefix(root().join("chaos-experiments")).unwrap().display();
        assert!(readme.contains(&format!("(../{path})")), "{path} has neither a twin nor a reason");
    }
}

/// Without root and with no way to it; out of traffic before it ends; and somebody has said who may
/// reach its admin port.
#[test]
fn every_workload_that_is_shipped_is_confined_and_leaves_slowly() {
    let mut documents: Vec<Value> = Vec::new();
    for file in yaml_files(&root().join("manifests/base")) {
        let text = std::fs::read_to_string(&file).unwrap();
        documents.extend(serde_saphyr::from_multiple::<Value>(&text).unwrap());
    }
    let of = |kind: &'static str| documents.iter().filter(move |one| one["kind"] == kind);
    let policies: Vec<&Value> =
        of("NetworkPolicy").map(|one| &one["spec"]["podSelector"]["matchLabels"]).collect();
    let workloads: Vec<&Value> = of("Deployment").chain(of("Job")).collect();
    assert!(workloads.len() >= 6, "{}", workloads.len());
    for workload in workloads {
        let (name, template) = (&workload["metadata"]["name"], &workload["spec"]["template"]);
        let pod = &template["spec"];
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{name}");
        for container in pod["containers"].as_array().unwrap() {
            let context = &container["securityContext"];
            assert_eq!(context["allowPrivilegeEscalation"], false, "{name}");
            assert_eq!(context["capabilities"]["drop"], serde_json::json!(["ALL"]), "{name}");
            // DNSChaos changes a file in it.
            assert_ne!(context["readOnlyRootFilesystem"], true, "{name}");
            if workload["kind"] == "Deployment" {
                let sleep = &container["lifecycle"]["preStop"]["sleep"]["seconds"];
                assert!(sleep.as_u64().is_some_and(|seconds| seconds > 0), "{name}: {sleep}");
            }
        }
        let labels = template["metadata"]["labels"].as_object().unwrap();
        let selected = |wanted: &&&Value| {
            let wanted = wanted.as_object().unwrap();
            wanted.iter().all(|(key, value)| labels.get(key) == Some(value))
        };
        assert_eq!(policies.iter().filter(selected).count(), 1, "a NetworkPolicy for {name}");
    }
}

/// Checks that are waived are named in an annotation, each with its reason.
#[test]
#[ignore = "needs kube-score, a Go module"]
fn kube_score_finds_nothing_critical() {
    let mut files = yaml_files(&root().join("manifests/base"));
    files.extend(yaml_files(&root().join("manifests/overlays")));
    let score = |text: &str| -> Vec<String> {
        let mut child = Command::new("kube-score")
            .args(["score", "--output-format", "ci", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("kube-score is on the PATH");
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        said.lines().filter(|line| line.starts_with("[CRITICAL]")).map(str::to_owned).collect()
    };
    let texts: Vec<String> =
        files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let all = texts.join("\n---\n");
    assert_eq!(score(&all), Vec::<String>::new());
    // The test of the test.
    let careless = all.replace("allowPrivilegeEscalation: false", "privileged: true");
    assert!(!score(&careless).is_empty());
}
