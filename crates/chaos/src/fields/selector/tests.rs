//! The selector against a small made-up cluster.

use serde_json::json;

use super::*;

fn pods() -> Vec<Pod> {
    let pod = |namespace: &str, name: &str, app: &str, phase: &str, node: &str| Pod {
        namespace: namespace.into(),
        name: name.into(),
        labels: [("app".to_owned(), app.to_owned())].into(),
        phase: phase.into(),
        node: node.into(),
        ..Pod::default()
    };
    vec![
        pod("default", "o11y-1", "leaker", "Running", "one"),
        pod("default", "o11y-2", "leaker", "Pending", "two"),
        pod("default", "shop-1", "shop", "Running", "one"),
        pod("demo", "o11y-1", "leaker", "Running", "two"),
    ]
}

fn selected(selector: serde_json::Value) -> Result<Vec<String>, String> {
    let selector: Selector = serde_json::from_value(selector).unwrap();
    let pods = pods();
    let chosen = selector.select("default", &pods)?;
    Ok(chosen.iter().map(|pod| format!("{}/{}", pod.namespace, pod.name)).collect())
}

#[test]
fn an_empty_selector_takes_the_experiments_own_namespace() {
    assert_eq!(
        selected(json!({})).unwrap(),
        ["default/o11y-1", "default/o11y-2", "default/shop-1"]
    );
}

#[test]
fn fields_that_are_given_must_all_agree() {
    let chosen = selected(
        json!({"namespaces": ["default", "demo"], "labelSelectors": {"app": "leaker"}, "podPhaseSelectors": ["Running"]}),
    );
    assert_eq!(chosen.unwrap(), ["default/o11y-1", "demo/o11y-1"]);
}

#[test]
fn named_pods_hide_every_other_field_and_missing_ones_are_skipped() {
    let chosen = selected(
        json!({"pods": {"demo": ["o11y-1", "gone"]}, "labelSelectors": {"app": "nothing"}, "nodes": ["nowhere"]}),
    );
    assert_eq!(chosen.unwrap(), ["demo/o11y-1"]);
}

#[test]
fn expressions_are_set_based() {
    let chosen = selected(
        json!({"expressionSelectors": [{"key": "app", "operator": "NotIn", "values": ["leaker"]}]}),
    );
    assert_eq!(chosen.unwrap(), ["default/shop-1"]);
    let chosen = selected(
        json!({"expressionSelectors": [{"key": "app", "operator": "Exists"}, {"key": "tier", "operator": "DoesNotExist"}]}),
    );
    assert_eq!(chosen.unwrap().len(), 3);
}

#[test]
fn an_excluded_phase_leaves_the_others() {
    assert_eq!(selected(json!({"podPhaseSelectors": ["!Running"]})).unwrap(), ["default/o11y-2"]);
}

#[test]
fn nodes_and_fields_narrow_the_choice() {
    assert_eq!(
        selected(json!({"nodes": ["one"], "fieldSelectors": {"metadata.name": "shop-1"}})).unwrap(),
        ["default/shop-1"]
    );
}

#[test]
fn an_unknown_node_and_an_empty_result_are_errors() {
    assert_eq!(selected(json!({"nodes": ["nowhere"]})).unwrap_err(), "nodes \"nowhere\" not found");
    assert_eq!(selected(json!({"namespaces": ["empty"]})).unwrap_err(), "no pod is selected");
}

#[test]
fn what_cannot_be_selected_by_is_named() {
    let selector: Selector = serde_json::from_value(json!({
        "fieldSelectors": {"spec.hostname": "x", "spec.restartPolicy": "Always"}, "podPhaseSelectors": ["Sleeping"],
        "expressionSelectors": [{"key": "app", "operator": "In"}], "nodeSelectors": {"disk": "ssd"},
    }))
    .unwrap();
    let mut problems = Vec::new();
    selector.check(&mut problems);
    let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "selector.expressionSelectors[0].values",
            "selector.podPhaseSelectors[0]",
            "selector.fieldSelectors.spec.hostname"
        ]
    );
    let refused: Vec<String> =
        selector.refusals().into_iter().map(|problem| problem.field).collect();
    assert_eq!(refused, ["selector.nodeSelectors", "selector.fieldSelectors.spec.restartPolicy"]);
}
