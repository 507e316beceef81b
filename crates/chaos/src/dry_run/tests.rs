//! What is known before anything is done: refusals, and whom nobody hits.

use super::*;
use crate::document::parse;

fn rehearse(kind: &str, spec: &str, pods: Result<&[Pod], &str>) -> DryRun {
    let text = format!(
        "{{apiVersion: chaos-mesh.org/v1alpha1, kind: {kind}, metadata: {{name: x}}, spec: {{{spec}}}}}"
    );
    let document = parse("x.yaml", &text).unwrap().remove(0);
    let hour = GoDuration::from_nanos(3_600_000_000_000);
    DryRun::rehearse(&document, pods, hour, Timestamp::UNIX_EPOCH)
}

fn pods() -> Vec<Pod> {
    let pod = |name: &str, port| Pod {
        namespace: "default".to_owned(),
        name: name.to_owned(),
        labels: [("app".to_owned(), name.to_owned())].into(),
        containers: vec!["main".to_owned()],
        ports: vec![port, 9_000],
        ..Pod::default()
    };
    vec![pod("shop", 8_000), pod("orders", 8_100)]
}

const HTTP: &str = "mode: all, target: Request, abort: true, selector: {}, port: ";

#[test]
fn a_port_that_no_selected_pod_has_is_refused_and_those_they_have_are_named() {
    let pods = pods();
    assert!(rehearse("HTTPChaos", &format!("{HTTP}8100"), Ok(&pods)).is_fine());
    let run = rehearse("HTTPChaos", &format!("{HTTP}80"), Ok(&pods));
    assert!(!run.is_fine());
    let refusal = run.refusals[0].to_string();
    assert!(refusal.starts_with("spec.port: ") && refusal.contains("8000 or 8100"), "{refusal}");
    // Who declares no port may listen on any, and without a stage nobody can tell.
    let silent = [Pod { ports: Vec::new(), ..pods[0].clone() }];
    assert!(rehearse("HTTPChaos", &format!("{HTTP}80"), Ok(&silent)).is_fine());
    assert!(rehearse("HTTPChaos", &format!("{HTTP}80"), Err("no stage")).is_fine());
    let within = format!(
        "entry: a, templates: [{{name: a, templateType: HTTPChaos, deadline: 1m, httpChaos: {{{HTTP}80}}}}]"
    );
    let run = rehearse("Workflow", &within, Ok(&pods));
    assert_eq!(run.refusals[0].field, "spec.templates[0].httpChaos.port");
}

#[test]
fn whoever_would_hit_nobody_is_not_fine_as_far_as_can_be_known() {
    let (pods, nobody) = (pods(), "selector: {labelSelectors: {app: nobody}}");
    let kill = format!("action: pod-kill, mode: one, {nobody}");
    let run = rehearse("PodChaos", &kill, Ok(&pods));
    assert_eq!(run.shortfalls, ["no pod is selected"]);
    assert!(rehearse("PodChaos", &kill, Err("no stage")).is_fine());
    let nothing = "action: container-kill, mode: one, containerNames: [side], selector: {}";
    assert!(!rehearse("PodChaos", nothing, Ok(&pods)).is_fine());
    let other =
        format!("action: partition, mode: all, selector: {{}}, target: {{mode: all, {nobody}}}");
    assert_eq!(rehearse("NetworkChaos", &other, Ok(&pods)).shortfalls.len(), 1);
    let step = format!(
        "entry: a, templates: [{{name: a, templateType: PodChaos, deadline: 1m, podChaos: {{{kill}}}}}]"
    );
    let run = rehearse("Workflow", &step, Ok(&pods));
    assert_eq!(run.shortfalls, ["step a: no target: no pod is selected"]);
    assert!(rehearse("Workflow", &step, Err("no stage")).is_fine());
}
