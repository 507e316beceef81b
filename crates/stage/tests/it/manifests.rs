//! Manifests are strict: what a stage does not know it refuses, with the file, the document, the
//! field and a remedy.

use stage::SourceFile;
use stage::manifest::{ManifestError, Manifests};

const DEPLOYMENT: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: demo}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: ghcr.io/example/web:1
          command: [web]
          env: [{name: MODE, value: "1"}]
          resources: {requests: {cpu: 10m}, limits: {memory: 64Mi}}
"#;

fn refusal(text: &str) -> String {
    Manifests::parse("web.yaml", text).expect_err("a refusal").to_string()
}

#[track_caller]
fn assert_names(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?} is missing from: {message}");
    }
}

#[test]
fn a_plain_deployment_parses_and_lists_what_does_not_apply() {
    let all = Manifests::parse("web.yaml", DEPLOYMENT).unwrap();
    assert_eq!(all.deployments[0].object.spec.replicas, 2);
    assert_eq!(
        all.not_applied,
        [
            "Deployment/web: spec.template.spec.containers[0].resources.requests",
            "Deployment/web: spec.template.spec.containers[0].image"
        ]
    );
}

#[test]
fn an_unknown_field_is_refused_with_its_path() {
    let message = refusal(&DEPLOYMENT.replace("command:", "comand:"));
    assert_names(
        &message,
        &[
            "web.yaml",
            "document 1",
            "Deployment/web",
            "spec.template.spec.containers[0].comand",
            "spelling",
        ],
    );
}

#[test]
fn a_number_where_kubernetes_wants_text_is_refused() {
    let message = refusal(&DEPLOYMENT.replace("\"1\"", "1"));
    assert_names(&message, &["spec.template.spec.containers[0].env[0].value", "quotes"]);
}

#[test]
fn a_yes_where_kubernetes_wants_text_is_refused() {
    let message = refusal(&DEPLOYMENT.replace("\"1\"", "yes"));
    assert_names(&message, &["spec.template.spec.containers[0].env[0].value", "quotes"]);
}

#[test]
fn an_unknown_kind_is_refused_and_a_cluster_only_kind_is_listed() {
    assert_names(
        &refusal("apiVersion: v1\nkind: Sevrice\nmetadata: {name: a}"),
        &["kind", "Sevrice"],
    );
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: reader}";
    assert_eq!(Manifests::parse("role.yaml", role).unwrap().not_applied, ["Role/reader"]);
}

#[test]
fn a_wrong_api_version_is_refused_with_the_right_one() {
    assert_names(
        &refusal(&DEPLOYMENT.replace("apps/v1", "extensions/v1beta1")),
        &["apiVersion", "apps/v1"],
    );
}

#[test]
fn a_missing_field_is_refused() {
    assert_names(
        &refusal("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}"),
        &["selector"],
    );
    assert_names(&refusal("apiVersion: v1\nkind: Service\nspec: {}"), &["metadata.name"]);
}

#[test]
fn the_document_number_counts_from_one() {
    let two = format!(
        "{DEPLOYMENT}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{A: 1}}\n"
    );
    assert_names(&refusal(&two), &["document 2", "ConfigMap/c", "data.A"]);
}

#[test]
fn broken_yaml_is_refused_with_a_place() {
    assert!(matches!(Manifests::parse("x.yaml", "a: [1"), Err(ManifestError::Yaml { .. })));
    assert!(matches!(SourceFile::load(&["/nowhere/at/all.yaml"]), Err(ManifestError::Read { .. })));
}

#[test]
fn volumes_other_than_empty_dir_are_refused() {
    let with = DEPLOYMENT.replace(
        "      containers:",
        "      volumes: [{name: v, configMap: {name: c}}]\n      containers:",
    );
    assert_names(&refusal(&with), &["spec.template.spec.volumes[0].configMap"]);
}

#[test]
fn an_alertmanager_config_and_a_rule_parse() {
    let text = r#"
apiVersion: monitoring.coreos.com/v1alpha1
kind: AlertmanagerConfig
metadata: {name: oncall, namespace: demo}
spec:
  route: {receiver: mail, groupBy: [alertname], groupWait: 30s, matchers: [{name: severity, value: page, matchType: "="}]}
  receivers: [{name: mail, emailConfigs: [{to: "a@example.org"}]}]
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: r, namespace: demo}
spec: {groups: [{name: g, rules: [{alert: A, expr: vector(1), for: 1m}]}]}
"#;
    let all = Manifests::parse("a.yaml", text).unwrap();
    assert_eq!((all.alertmanager_configs.len(), all.prometheus_rules.len()), (1, 1));
    assert_names(&refusal(&text.replace("for: 1m", "fro: 1m")), &["spec.groups[0].rules[0].fro"]);
}

#[test]
fn a_folder_is_read_without_its_kustomization_and_an_empty_one_is_refused() {
    let dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("manifests-folder");
    let empty = dir.join("empty");
    std::fs::create_dir_all(&empty).unwrap();
    std::fs::write(dir.join("web.yaml"), DEPLOYMENT).unwrap();
    std::fs::write(dir.join("kustomization.yaml"), "resources: [web.yaml]\n").unwrap();
    std::fs::write(dir.join("README.md"), "not a manifest").unwrap();
    let all = Manifests::read(&SourceFile::load(&[&dir]).unwrap()).unwrap();
    assert_eq!((all.deployments.len(), all.deployments[0].source.document), (1, 1));
    assert!(matches!(SourceFile::load(&[&empty]), Err(ManifestError::Read { .. })));
}

#[test]
fn names_are_kubernetes_names_before_anything_is_made_of_them() {
    for (from, to, field) in [
        ("name: web, namespace", "name: ../../etc/web, namespace", "metadata.name"),
        ("namespace: demo", "namespace: ../../escaped", "metadata.namespace"),
        ("namespace: demo", "namespace: a.b", "metadata.namespace"),
        ("namespace: demo", "namespace: ''", "metadata.namespace"),
        ("- name: web", "- name: ../web", "containers[0].name"),
        ("{name: MODE,", "{name: A=B,", "containers[0].env[0].name"),
        ("{name: MODE,", "{name: '',", "containers[0].env[0].name"),
        ("value: \"1\"", "value: \"a\\0b\"", "containers[0].env[0].value"),
        ("command: [web]", "command: [\"web\\0\"]", "containers[0].command[0]"),
        ("labels: {app: web}", "labels: {app: 'a b'}", "metadata.labels.app"),
    ] {
        assert!(DEPLOYMENT.contains(from), "{from}");
        assert_names(&refusal(&DEPLOYMENT.replacen(from, to, 1)), &[field]);
    }
    let long = DEPLOYMENT.replacen("name: web", &format!("name: {}", "a".repeat(254)), 1);
    assert_names(&refusal(&long), &["metadata.name"]);
    let escape = refusal(&DEPLOYMENT.replacen("name: web", "name: \"\\e[2J\"", 1));
    assert!(!escape.contains('\x1b'), "{escape:?}");
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {../x: text}\n";
    assert_names(&refusal(map), &["data", "`../x`"]);
    let rule = "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {name: ../../x}\nspec: {groups: []}\n";
    assert_names(&refusal(rule), &["metadata.name"]);
}

#[test]
fn a_file_in_which_nothing_is_is_refused() {
    for nothing in ["", "# only a comment\n", "---\n---\n"] {
        let why = Manifests::parse("web.yaml", nothing).unwrap_err();
        assert!(matches!(why, ManifestError::Empty { .. }), "{nothing:?}: {why}");
    }
}

#[test]
fn a_sleep_before_the_end_is_known_and_a_command_is_refused() {
    let hook = |hook: &str| {
        DEPLOYMENT.replace(
            "command: [web]",
            &format!("command: [web]\n          lifecycle: {{preStop: {{{hook}}}}}"),
        )
    };
    Manifests::parse("web.yaml", &hook("sleep: {seconds: 5}")).unwrap();
    assert_names(&refusal(&hook("exec: {command: [sleep, '5']}")), &["lifecycle.preStop", "exec"]);
}

#[test]
fn what_the_api_server_writes_is_no_mistake() {
    let copied = DEPLOYMENT.replacen(
        "metadata: {",
        "status: {replicas: 2}\nmetadata: {creationTimestamp: null, uid: a, resourceVersion: '7', \
         managedFields: [{manager: kubectl}], ",
        1,
    );
    assert_ne!(copied, DEPLOYMENT);
    let all = Manifests::parse("copied.yaml", &copied).unwrap();
    assert_eq!(
        all.deployments[0].object,
        Manifests::parse("web.yaml", DEPLOYMENT).unwrap().deployments[0].object
    );
    let generated = include_str!("created.yaml");
    let all = Manifests::parse("created.yaml", generated).unwrap();
    assert_eq!(all.deployments[0].object.metadata.name, "web");
}
