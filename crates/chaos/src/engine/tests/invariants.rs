//! Chaos always ends, whatever happens in between.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// Something that happens to a stage.
#[derive(Clone, Debug)]
enum Step {
    Advance(i64),
    Pause(bool),
    Break { partial: bool },
    Mend,
    Grow,
    DeleteExperiment,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1..200_i64).prop_map(Step::Advance),
        any::<bool>().prop_map(Step::Pause),
        any::<bool>().prop_map(|partial| Step::Break { partial }),
        Just(Step::Mend),
        Just(Step::Grow),
        Just(Step::DeleteExperiment),
    ]
}

fn take(stage: &mut Stage, step: Step) {
    match step {
        Step::Advance(seconds) => stage.advance(seconds),
        Step::Pause(pause) => stage
            .world
            .pause(&stage.key("Schedule", "often"), pause)
            .unwrap(),
        Step::Break { partial } => {
            let failure = Failure {
                message: "broken".into(),
                partial,
            };
            stage.failing.insert("default/a/main".into(), failure);
        }
        Step::Mend => stage.failing.clear(),
        Step::Grow => stage.pods.push(pod(&format!("p{}", stage.pods.len()))),
        Step::DeleteExperiment => stage
            .world
            .delete(&stage.key("DNSChaos", "dark"), stage.now),
    }
    stage.round();
}

/// Replays the log: what is injected when all is done?
fn left(stage: &Stage) -> BTreeSet<&str> {
    let mut injected = BTreeSet::new();
    for (_, operation, id) in &stage.log {
        match operation {
            Operation::Apply => injected.insert(id.as_str()),
            Operation::Recover => injected.remove(id.as_str()),
        };
    }
    injected
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn after_the_deletion_of_everything_nothing_is_left(steps in prop::collection::vec(step(), 0..20)) {
        let mut stage = Stage::new(&["a", "b"]);
        stage.apply(&schedule("@every 60s", ", duration: 50s", "  historyLimit: 2\n  concurrencyPolicy: Allow\n"));
        stage.apply(&dns("  duration: 10m\n"));
        for step in steps {
            take(&mut stage, step);
        }
        stage.failing.clear();
        let keys: Vec<Key> = stage.world.objects.keys().cloned().collect();
        keys.iter().for_each(|key| stage.world.delete(key, stage.now));
        stage.advance(120);
        prop_assert!(stage.world.objects.is_empty());
        prop_assert!(stage.world.busy.is_empty());
        // Pod `a` may have refused its last apply cleanly, which leaves nothing; for the others the log is the truth.
        prop_assert!(left(&stage).iter().all(|id| *id == "default/a/main"));
    }
}
