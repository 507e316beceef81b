//! `tale slo compile` and `lint` on files alone: rules that Prometheus takes, and mistakes named
//! with file, field and remedy.

use testkit::project::root;

use crate::tale;

#[tokio::test]
async fn compiled_rules_are_the_generated_ones() {
    let real = tale(&["slo", "compile", "manifests/slo"]).await.expect_code(0);
    let generated = root().join("manifests/generated/rules/real/slos.rules.yml");
    assert_eq!(real.stdout, std::fs::read_to_string(generated).unwrap());
    let args = ["--clock", "stage", "--format", "prometheusrule"];
    let stage = tale(&[&["slo", "compile", "manifests/slo"], &args[..]].concat()).await;
    assert!(stage.stdout.contains("kind: PrometheusRule"));
}

#[tokio::test]
async fn lint_accepts_the_shipped_objectives() {
    tale(&["slo", "lint", "manifests/slo/dns-leaker.yaml"]).await.expect_code(0);
}

#[tokio::test]
async fn a_mistake_is_named_with_file_field_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wrong.yaml");
    let text = std::fs::read_to_string(root().join("manifests/slo/dns-leaker.yaml")).unwrap();
    std::fs::write(&file, text.replace("      target: 0.99", "      tarrget: 0.99")).unwrap();
    let found = tale(&["slo", "lint", file.to_str().unwrap()]).await.expect_code(1).stdout;
    assert!(
        found.contains("wrong.yaml") && found.contains("tarrget") && found.contains("target"),
        "{found}"
    );
    tale(&["slo", "lint", "no-such-file.yaml"]).await.expect_code(2);
}
