//! From a selector to the targets of an experiment.

use rand::Rng;

use crate::kind::{Chaos, Common, OtherEnd, Scope};
use crate::target::{Pod, Target};

/// The targets that each selector of an experiment chooses.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) selected: Vec<Target>,
    /// At the other end; empty for a kind without one.
    pub(super) others: Vec<Target>,
}

/// Chooses pods by selector and mode, then the containers in them.
pub(super) fn select(
    chaos: &dyn Chaos,
    namespace: &str,
    pods: &[Pod],
    rng: &mut impl Rng,
) -> Result<Chosen, String> {
    let Common { selector, mode, value, scope, .. } = chaos.common();
    let main = OtherEnd { selector, mode, value };
    let matching = selector.select(namespace, pods)?;
    chaos.fits(&matching).map_err(|problem| format!("spec.{problem}"))?;
    let selected = draw(&main, scope, namespace, pods, rng)?;
    let others = match chaos.other_end() {
        Some(other) => draw(&other, Scope::Pod, namespace, pods, rng)?,
        None => Vec::new(),
    };
    Ok(Chosen { selected, others })
}

fn draw(
    by: &OtherEnd<'_>,
    scope: Scope<'_>,
    namespace: &str,
    pods: &[Pod],
    rng: &mut impl Rng,
) -> Result<Vec<Target>, String> {
    let matching = by.selector.select(namespace, pods)?;
    let parameter = by.mode.parameter(by.value).map_err(|problem| problem.to_string())?;
    let targets: Vec<Target> = by
        .mode
        .draw(parameter, matching.len(), rng)
        .into_iter()
        .flat_map(|position| scope.targets(matching[position]))
        .collect();
    if targets.is_empty() { Err("no target has been selected".to_owned()) } else { Ok(targets) }
}
