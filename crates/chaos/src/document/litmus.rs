//! LitmusChaos breaks things as well, with documents of its own. They are not played here, and
//! whoever hands one over is told which document of Chaos Mesh does the same.

use serde_json::Value;

use crate::fields::problem::Problem;

/// Its API group.
const GROUP: &str = "litmuschaos.io";

/// Its faults, and who does the same here.
const TWINS: [(&str, &str); 11] = [
    ("container-kill", "a PodChaos with the action container-kill"),
    ("pod-cpu-hog", "a StressChaos with stressors.cpu"),
    ("pod-delete", "a PodChaos with the action pod-kill"),
    ("pod-dns-error", "a DNSChaos with the action error"),
    ("pod-http-latency", "an HTTPChaos with a delay"),
    ("pod-http-reset-peer", "an HTTPChaos with abort"),
    ("pod-http-status-code", "an HTTPChaos that replaces the code"),
    ("pod-memory-hog", "a StressChaos with stressors.memory"),
    ("pod-network-latency", "a NetworkChaos with the action delay"),
    ("pod-network-loss", "a NetworkChaos with the action loss"),
    ("pod-network-partition", "a NetworkChaos with the action partition"),
];

/// Why an object cannot be played, if it is one of LitmusChaos.
pub(super) fn problem(group: &str, kind: &str, object: &Value) -> Option<Problem> {
    if group != GROUP {
        return None;
    }
    let named = object.pointer("/spec/experiments/0/name").and_then(Value::as_str);
    let Some(fault) = named else {
        let why = format!("{kind} is LitmusChaos, which is not played here; kubectl takes it");
        return Some(Problem::new("kind", why));
    };
    let twin = TWINS.iter().find(|(name, _)| *name == fault);
    let instead = match twin {
        Some((_, twin)) => format!("write {twin}"),
        None => "no document of Chaos Mesh does the same here".to_owned(),
    };
    let why = format!("`{fault}` is LitmusChaos, which is not played here; {instead}");
    Some(Problem::new("spec.experiments[0].name", why))
}

#[cfg(test)]
mod tests {
    use crate::document::parse;

    #[test]
    fn a_document_of_litmus_is_refused_with_what_does_the_same_here() {
        let said = |kind: &str, fault: &str| {
            let text = format!(
                "apiVersion: litmuschaos.io/v1alpha1\nkind: {kind}\nmetadata: {{name: x}}\n\
                 spec: {{experiments: [{{name: {fault}}}]}}\n"
            );
            parse("engine.yaml", &text).unwrap_err().to_string()
        };
        let why = said("ChaosEngine", "pod-dns-error");
        assert!(why.contains("engine.yaml") && why.contains("spec.experiments[0].name"), "{why}");
        assert!(why.contains("write a DNSChaos with the action error"), "{why}");
        assert!(said("ChaosEngine", "node-drain").contains("no document of Chaos Mesh"));
    }
}
