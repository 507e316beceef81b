//! From a selector to the targets of an experiment.

use rand::Rng;

use crate::injector::{Pod, Target};
use crate::kind::{Common, Scope};

/// Chooses pods by selector and mode, then the containers in them.
pub(super) fn select(
    common: &Common<'_>,
    namespace: &str,
    pods: &[Pod],
    rng: &mut impl Rng,
) -> Result<Vec<Target>, String> {
    let matching = common.selector.select(namespace, pods)?;
    let parameter = common
        .mode
        .parameter(common.value)
        .map_err(|problem| problem.to_string())?;
    let chosen = common.mode.draw(parameter, matching.len(), rng);
    let targets: Vec<Target> = chosen
        .into_iter()
        .flat_map(|position| targets(common.scope, matching[position]))
        .collect();
    if targets.is_empty() {
        Err("no target has been selected".to_owned())
    } else {
        Ok(targets)
    }
}

/// The pod itself, or those of its containers that are named and exist (the first when none is named).
pub(super) fn targets(scope: Scope<'_>, pod: &Pod) -> Vec<Target> {
    let target = |container: Option<&String>| Target {
        namespace: pod.namespace.clone(),
        pod: pod.name.clone(),
        uid: pod.uid.clone(),
        container: container.cloned(),
    };
    match scope {
        Scope::Pod => vec![target(None)],
        Scope::Containers([]) => pod
            .containers
            .first()
            .into_iter()
            .map(|container| target(Some(container)))
            .collect(),
        Scope::Containers(names) => pod
            .containers
            .iter()
            .filter(|name| names.contains(name))
            .map(|container| target(Some(container)))
            .collect(),
    }
}
