//! Files as they are found: made by generators, copied from a cluster, full of other things.

use super::{dns, refusal};
use crate::document::{DocumentError, parse, read};

#[test]
fn fields_without_a_value_are_dropped_as_the_api_server_drops_them() {
    let text = dns("  value: null\n  duration: null\n  containerNames: ~\n")
        .replace("{name: x}", "{name: x, labels: null, creationTimestamp: null}")
        .replace("selector: {}", "selector: {namespaces: null, labelSelectors: {app: a}}");
    let document = parse("x.yaml", &text).unwrap().remove(0);
    assert_eq!(document.spec.get("duration"), None);
    assert!(document.refusals().is_empty());
}

#[test]
fn what_the_api_server_writes_is_no_part_of_a_file() {
    let text = dns("").replace(
        "{name: x}",
        "{name: x, uid: a, resourceVersion: '1', generation: 3, creationTimestamp: '2026-01-01T00:00:00Z', finalizers: [chaos-mesh/records], selfLink: /x, ownerReferences: [{}], managedFields: [{manager: kubectl}]}",
    );
    let text = format!("{text}status: {{experiment: {{desiredPhase: Run}}}}\n");
    let document = parse("x.yaml", &text).unwrap().remove(0);
    assert_eq!(
        document.to_json()["metadata"],
        serde_json::json!({"name": "x", "namespace": "default"})
    );
}

#[test]
fn a_name_is_made_where_a_file_has_only_the_beginning_of_one() {
    let text = dns("").replace("{name: x}", "{generateName: kill-}");
    let document = parse("x.yaml", &text).unwrap().remove(0);
    assert!(document.generated);
    assert_eq!(document.meta.name.strip_prefix("kill-").map(str::len), Some(5));
    let named = text.replace("{generateName: kill-}", "{name: x, generateName: kill-}");
    let named = parse("x.yaml", &named).unwrap().remove(0);
    assert!(!named.generated && named.meta.name == "x");
    let wrong = refusal(&text.replace("kill-", "Kill_"));
    assert!(wrong.contains("metadata.generateName: `Kill_` is not a name"), "{wrong}");
}

#[test]
fn other_objects_in_a_file_are_said_and_left_alone() {
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: chaos-testing}\n";
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r}\n";
    let found = read("x.yaml", &format!("{namespace}---\n{role}---\n{}", dns(""))).unwrap();
    assert_eq!(found.documents.len(), 1);
    assert_eq!(found.skipped, ["Namespace/chaos-testing", "Role/r"]);
    let only = parse("x.yaml", role).unwrap_err();
    assert!(matches!(&only, DocumentError::OthersOnly { .. }), "{only}");
    assert!(only.to_string().contains("Role/r"), "{only}");
}

#[test]
fn a_list_is_opened_and_a_problem_in_it_is_named_by_its_item() {
    let item = dns("  duration: 1d\n").replace('\n', "\n    ");
    let list = format!("apiVersion: v1\nkind: List\nitems:\n  - {item}\n");
    let wrong = refusal(&list);
    assert!(wrong.contains("document 1: items[0].spec.duration: `1d`"), "{wrong}");
    assert_eq!(parse("x.yaml", &list.replace("1d", "1m")).unwrap().len(), 1);
    let typed = list.replace("v1\nkind: List", "chaos-mesh.org/v1alpha1\nkind: DNSChaosList");
    assert_eq!(parse("x.yaml", &typed.replace("1d", "1m")).unwrap().len(), 1);
}

#[test]
fn kind_and_version_are_looked_at_before_anything_else() {
    let text = dns("  selektor: {}\n");
    let wrong = refusal(&text.replace("v1alpha1", "v1"));
    assert_eq!(wrong.lines().count(), 1, "{wrong}");
    assert!(wrong.contains("write `chaos-mesh.org/v1alpha1`"), "{wrong}");
    assert!(refusal(&text.replace("chaos-mesh.org", "pingcap.com")).contains("is not Chaos Mesh"));
    assert!(refusal(&text.replace("DNSChaos", "DnsChaos")).contains("write DNSChaos"));
    assert!(refusal("kind: DNSChaos\nspec: {}\n").contains("apiVersion: missing"));
    assert!(refusal("- a\n- b\n").contains("apiVersion: missing"));
}

#[test]
fn all_problems_of_all_documents_are_told_at_once_and_none_is_told_twice() {
    let first = dns("  duration: 1d\n  valu: 3\n  patterns: [a, 7]\n  containerNames: x\n");
    let second = dns("").replace("mode: all", "mode: sometimes").replace("{name: x}", "{name: X}");
    let wrong = refusal(&format!("{first}---\n{second}"));
    let fields: Vec<&str> =
        wrong.lines().map(|line| line.split(": ").nth(2).unwrap_or_default()).collect();
    let mut sorted = fields.clone();
    sorted.sort_unstable();
    assert_eq!(
        sorted,
        [
            "metadata.name",
            "spec.containerNames",
            "spec.duration",
            "spec.mode",
            "spec.patterns[1]",
            "spec.valu"
        ],
        "{wrong}"
    );
}

#[test]
fn a_kind_that_is_not_played_has_one_problem_wherever_it_stands() {
    let schedule = "apiVersion: chaos-mesh.org/v1alpha1\nkind: Schedule\nmetadata: {name: x}\nspec:\n  schedule: '@every 5m'\n  type: IOChaos\n  ioChaos: {action: latency, mode: one, selector: {}}\n";
    let wrong = refusal(schedule);
    assert_eq!(wrong.lines().count(), 1, "{wrong}");
    assert!(wrong.contains("spec.type: type IOChaos is known to Chaos Mesh but"), "{wrong}");
    let typo = refusal(&schedule.replace("type: IOChaos", "type: IoChoas"));
    assert_eq!(typo.lines().count(), 1, "{typo}");
    let workflow = "apiVersion: chaos-mesh.org/v1alpha1\nkind: Workflow\nmetadata: {name: x}\nspec:\n  entry: a\n  templates:\n    - {name: a, templateType: IOChaos, deadline: 1m, ioChaos: {action: latency}}\n";
    let wrong = refusal(workflow);
    assert_eq!(wrong.lines().count(), 1, "{wrong}");
    assert!(wrong.contains("templates[0].templateType: IOChaos is known to Chaos Mesh"), "{wrong}");
}

#[test]
fn templates_and_fields_of_the_past_are_called_what_they_are() {
    for line in [
        "  duration: {{ .Values.duration }}",
        "{{- if .Values.enabled }}",
        "  mode: \"{{ include \\\"x\\\" . }}\"",
    ] {
        let text = dns(&format!("{line}\n"));
        let wrong = parse("x.yaml", &text).unwrap_err();
        assert!(matches!(wrong, DocumentError::Template { .. }), "{line}: {wrong}");
        assert!(wrong.to_string().contains("helm template"), "{wrong}");
    }
    let old = refusal(&dns("  scheduler: {cron: '@every 1m'}\n  containerName: x\n  scope: all\n"));
    assert_eq!(old.lines().count(), 3, "{old}");
    assert!(old.lines().all(|line| line.contains("1.x")), "{old}");
}

#[test]
fn what_would_move_a_cursor_is_spelt_out() {
    let wrong = refusal(&dns("  \"\\e[2J\": 1\n"));
    assert!(!wrong.contains('\x1b') && wrong.contains("\\u{1b}"), "{wrong:?}");
}
