//! How a Deployment gets from the pods it has to the pods it wants. Pure, so that its bounds can be
//! proven.

use crate::manifest::{DeploymentSpec, StrategyKind};

/// A pod that is not terminating.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PodState {
    /// Whether it runs the current template.
    pub(super) current: bool,
    pub(super) ready: bool,
}

/// What to do next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Pods of the current template to create.
    pub(super) create: u32,
    /// Indices of pods to end.
    pub(super) delete: Vec<usize>,
}

/// The next step. `terminating` counts pods that are still on their way out; `Recreate` waits for
/// them.
pub(super) fn plan(spec: &DeploymentSpec, pods: &[PodState], terminating: usize) -> Plan {
    let mut plan = Plan::default();
    let wanted = spec.replicas as usize;
    let current = pods.iter().filter(|p| p.current).count();
    let old = pods.len() - current;
    // Too many of the current template: scaled down. Not-ready ones go first, then the youngest.
    let mut surplus: Vec<usize> = (0..pods.len()).rev().filter(|&i| pods[i].current).collect();
    surplus.sort_by_key(|&i| pods[i].ready);
    plan.delete.extend(surplus.into_iter().take(current.saturating_sub(wanted)));

    if spec.strategy.kind == StrategyKind::Recreate {
        plan.delete.extend((0..pods.len()).filter(|&i| !pods[i].current));
        if old == 0 && (current > 0 || terminating == 0) {
            plan.create = wanted.saturating_sub(current) as u32;
        }
        return plan;
    }
    let (surge, unavailable) = bounds(spec);
    let room = (wanted + surge).saturating_sub(pods.len());
    plan.create = wanted.saturating_sub(current).min(room) as u32;

    let least = wanted.saturating_sub(unavailable);
    let ready =
        pods.iter().enumerate().filter(|(i, p)| p.ready && !plan.delete.contains(i)).count();
    let mut spare = ready.saturating_sub(least);
    for (index, pod) in pods.iter().enumerate().filter(|(_, p)| !p.current) {
        // An old pod that is not ready serves nobody, so ending it costs nothing.
        if !pod.ready {
            plan.delete.push(index);
        } else if spare > 0 {
            spare -= 1;
            plan.delete.push(index);
        }
    }
    plan
}

/// Surge and unavailable as numbers; both 0 would never move, so then one may be unavailable (as
/// Kubernetes resolves it).
fn bounds(spec: &DeploymentSpec) -> (usize, usize) {
    let rolling = &spec.strategy.rolling_update;
    let surge = rolling.max_surge.absolute(spec.replicas, true).unwrap_or(0) as usize;
    let unavailable = rolling.max_unavailable.absolute(spec.replicas, false).unwrap_or(0) as usize;
    if surge == 0 && unavailable == 0 { (0, 1) } else { (surge, unavailable) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::manifest::Manifests;

    fn spec(replicas: u32, kind: &str) -> DeploymentSpec {
        let text = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec: {{replicas: {replicas}, selector: {{}}, \
             strategy: {{type: {kind}}}, template: {{spec: {{containers: []}}}}}}"
        );
        Manifests::parse("a.yaml", &text).unwrap().deployments.remove(0).object.spec
    }

    fn pods(kinds: &[(bool, bool)]) -> Vec<PodState> {
        kinds.iter().map(|&(current, ready)| PodState { current, ready }).collect()
    }

    #[test]
    fn recreate_waits_for_the_last_old_pod() {
        let spec = spec(2, "Recreate");
        assert_eq!(
            plan(&spec, &pods(&[(false, true), (false, true)]), 0),
            Plan { create: 0, delete: vec![0, 1] }
        );
        assert_eq!(plan(&spec, &[], 2), Plan::default());
        assert_eq!(plan(&spec, &[], 0), Plan { create: 2, delete: vec![] });
    }

    #[test]
    fn scaling_down_takes_the_unready_and_then_the_youngest() {
        let three = pods(&[(true, true), (true, false), (true, true)]);
        assert_eq!(plan(&spec(1, "RollingUpdate"), &three, 0).delete, [1, 2]);
    }

    proptest! {
        #[test]
        fn a_rolling_update_stays_within_its_bounds_and_ends(replicas in 1u32..12, ready_order in any::<u64>()) {
            let spec = spec(replicas, "RollingUpdate");
            let (surge, unavailable) = bounds(&spec);
            let mut all = pods(&vec![(false, true); replicas as usize]);
            for step in 0..200 {
                let next = plan(&spec, &all, 0);
                let mut index = 0;
                all.retain(|_| { index += 1; !next.delete.contains(&(index - 1)) });
                all.extend((0..next.create).map(|_| PodState { current: true, ready: false }));
                prop_assert!(all.len() <= replicas as usize + surge);
                prop_assert!(all.iter().filter(|p| p.ready).count() + unavailable >= replicas as usize);
                let one_gets_ready = ready_order >> (step % 64) & 1 == 1 || step > 100;
                if let Some(pod) = all.iter_mut().find(|p| one_gets_ready && !p.ready) { pod.ready = true; }
            }
            prop_assert!(all.len() == replicas as usize && all.iter().all(|p| p.current && p.ready));
        }
    }
}
