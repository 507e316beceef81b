//! Which pods an experiment is about: Chaos Mesh's pod selector.
//!
//! `pods` names them outright and hides every other field; otherwise all given fields must agree.

mod expression;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fields::problem::Problem;
use crate::target::Pod;

pub use expression::Expression;

/// The `selector` of an experiment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Selector {
    /// Namespaces; empty means the experiment's own.
    pub namespaces: Vec<String>,
    /// Labels that must be equal.
    pub label_selectors: BTreeMap<String, String>,
    /// Set-based label requirements.
    pub expression_selectors: Vec<Expression>,
    /// Annotations that must be equal.
    pub annotation_selectors: BTreeMap<String, String>,
    /// Fields of the pod that must be equal, for example `metadata.name`.
    pub field_selectors: BTreeMap<String, String>,
    /// Phases, any of which will do; `!Phase` excludes one.
    pub pod_phase_selectors: Vec<String>,
    /// Node names, any of which will do; an unknown node is an error.
    pub nodes: Vec<String>,
    /// Labels of nodes (this stage has no labelled nodes).
    pub node_selectors: BTreeMap<String, String>,
    /// Pods by namespace and name.
    pub pods: BTreeMap<String, Vec<String>>,
}

const PHASES: [&str; 5] = ["Pending", "Running", "Succeeded", "Failed", "Unknown"];

/// Fields of a pod that Chaos Mesh can select by but that a local pod does not have.
const ABSENT_FIELDS: [&str; 4] = [
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.nominatedNodeName",
];

impl Selector {
    /// The matching pods, in the order given. `own_namespace` is the namespace of the experiment.
    ///
    /// # Errors
    /// A node that does not exist, or no pod at all, in the words Chaos Mesh uses in its events.
    pub fn select<'a>(&self, own_namespace: &str, pods: &'a [Pod]) -> Result<Vec<&'a Pod>, String> {
        let unknown = |node: &&String| !pods.iter().any(|pod| pod.node == **node);
        if let (true, Some(node)) = (self.pods.is_empty(), self.nodes.iter().find(unknown)) {
            return Err(format!("nodes \"{node}\" not found"));
        }
        let chosen: Vec<&Pod> =
            pods.iter().filter(|pod| self.matches(own_namespace, pod)).collect();
        if chosen.is_empty() { Err("no pod is selected".to_owned()) } else { Ok(chosen) }
    }

    /// Rules that Chaos Mesh checks when the object is created.
    pub(crate) fn check(&self, problems: &mut Vec<Problem>) {
        for (index, expression) in self.expression_selectors.iter().enumerate() {
            problems.extend(
                expression.check().map(|problem| {
                    problem.under(&format!("selector.expressionSelectors[{index}]"))
                }),
            );
        }
        for (index, phase) in self.pod_phase_selectors.iter().enumerate() {
            if !PHASES.contains(&phase.trim_start_matches('!')) {
                problems.push(Problem::new(
                    format!("selector.podPhaseSelectors[{index}]"),
                    format!(
                        "`{phase}` is not a pod phase; use {}, with `!` in front to exclude",
                        PHASES.join(", ")
                    ),
                ));
            }
        }
        for key in self.field_selectors.keys() {
            if field(&Pod::default(), key).is_none() && !ABSENT_FIELDS.contains(&key.as_str()) {
                problems.push(Problem::new(
                    format!("selector.fieldSelectors.{key}"),
                    "pods cannot be selected by this field; use metadata.name, metadata.namespace, spec.nodeName, status.phase or status.podIP",
                ));
            }
        }
    }

    /// Fields that Chaos Mesh obeys and a local stage cannot obey.
    pub(crate) fn refusals(&self) -> Vec<Problem> {
        let mut refusals = Vec::new();
        if !self.node_selectors.is_empty() {
            refusals.push(Problem::new(
                "selector.nodeSelectors",
                "this stage has no node labels; select by pod labels instead",
            ));
        }
        for key in self.field_selectors.keys().filter(|key| ABSENT_FIELDS.contains(&key.as_str())) {
            refusals.push(Problem::new(
                format!("selector.fieldSelectors.{key}"),
                "pods of this stage have no such field; select by labels instead",
            ));
        }
        refusals
    }

    /// Fields that `pods` hides.
    pub(crate) fn hidden(&self) -> Vec<&'static str> {
        let visible_only_pods = Self {
            pods: self.pods.clone(),
            namespaces: self.namespaces.clone(),
            ..Self::default()
        };
        if self.pods.is_empty() || *self == visible_only_pods {
            Vec::new()
        } else {
            vec!["selector"]
        }
    }

    fn matches(&self, own_namespace: &str, pod: &Pod) -> bool {
        if !self.pods.is_empty() {
            return self.pods.get(&pod.namespace).is_some_and(|names| names.contains(&pod.name));
        }
        let namespace = if self.namespaces.is_empty() {
            pod.namespace == own_namespace
        } else {
            self.namespaces.contains(&pod.namespace)
        };
        namespace
            && contains(&pod.labels, &self.label_selectors)
            && contains(&pod.annotations, &self.annotation_selectors)
            && self.expression_selectors.iter().all(|expression| expression.matches(&pod.labels))
            && self
                .field_selectors
                .iter()
                .all(|(key, value)| field(pod, key) == Some(value.as_str()))
            && (self.nodes.is_empty() || self.nodes.contains(&pod.node))
            && self.phase_matches(&pod.phase)
    }

    fn phase_matches(&self, phase: &str) -> bool {
        let (excluded, wanted): (Vec<&str>, Vec<&str>) = self
            .pod_phase_selectors
            .iter()
            .map(String::as_str)
            .partition(|entry| entry.starts_with('!'));
        let wanted_ok = wanted.is_empty() || wanted.contains(&phase);
        wanted_ok && !excluded.iter().any(|entry| entry.trim_start_matches('!') == phase)
    }
}

fn contains(all: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(key, value)| all.get(key) == Some(value))
}

fn field<'a>(pod: &'a Pod, key: &str) -> Option<&'a str> {
    match key {
        "metadata.name" => Some(&pod.name),
        "metadata.namespace" => Some(&pod.namespace),
        "spec.nodeName" => Some(&pod.node),
        "status.phase" => Some(&pod.phase),
        "status.podIP" => Some(&pod.ip),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
