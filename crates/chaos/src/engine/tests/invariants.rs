//! Chaos always ends, whatever happens in between.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// Experiments on the same pods, one after the other and side by side.
const WORKFLOW: &str = "
apiVersion: chaos-mesh.org/v1alpha1
kind: Workflow
metadata: {name: flow}
spec:
  entry: all
  templates:
  - {name: all, templateType: Parallel, children: [turns, dark], deadline: 200s}
  - {name: turns, templateType: Serial, children: [check, dark, often]}
  - {name: check, templateType: StatusCheck, statusCheck: {type: HTTP, intervalSeconds: 7, http: {url: 'http://a/', criteria: {statusCode: '200'}}}}
  - {name: dark, templateType: DNSChaos, deadline: 30s, dnsChaos: {action: error, mode: all, selector: {}}}
  - {name: often, templateType: Schedule, schedule: {schedule: '@every 20s', type: DNSChaos, historyLimit: 1, dnsChaos: {action: error, mode: one, selector: {}, duration: 15s}}}
";

/// Something that happens to a stage.
#[derive(Clone, Debug)]
enum Step {
    Advance(i64),
    Pause(bool),
    Break { partial: bool },
    Mend,
    Grow,
    DeleteExperiment,
    AbortWorkflow,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1..200_i64).prop_map(Step::Advance),
        any::<bool>().prop_map(Step::Pause),
        any::<bool>().prop_map(|partial| Step::Break { partial }),
        Just(Step::Mend),
        Just(Step::Grow),
        Just(Step::DeleteExperiment),
        Just(Step::AbortWorkflow),
    ]
}

fn take(stage: &mut Stage, step: Step) {
    match step {
        Step::Advance(seconds) => stage.advance(seconds),
        Step::Pause(pause) => stage.engine.pause(&stage.key("Schedule", "often"), pause).unwrap(),
        Step::Break { partial } => {
            let failure = Failure { message: "broken".into(), partial };
            stage.failing.insert("default/a/main".into(), failure);
        }
        Step::Mend => stage.failing.clear(),
        Step::Grow => stage.pods.push(pod(&format!("p{}", stage.pods.len()))),
        Step::AbortWorkflow => {
            let key = stage.key("Workflow", "flow");
            if let Some(flow) = stage.engine.objects.get_mut(&key) {
                let abort = crate::workflow::ABORT_ANNOTATION.to_owned();
                flow.meta.annotations.insert(abort, "true".to_owned());
            }
        }
        Step::DeleteExperiment => stage.engine.delete(&stage.key("DNSChaos", "dark"), stage.now),
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
        stage.apply(WORKFLOW);
        for step in steps {
            take(&mut stage, step);
        }
        stage.failing.clear();
        let keys: Vec<Key> = stage.engine.objects.keys().cloned().collect();
        keys.iter().for_each(|key| stage.engine.delete(key, stage.now));
        stage.advance(120);
        prop_assert!(stage.engine.objects.is_empty());
        prop_assert!(stage.engine.busy.is_empty());
        // Pod `a` may have refused its last apply cleanly, which leaves nothing; for the others the
        // log is the truth.
        prop_assert!(left(&stage).iter().all(|id| *id == "default/a/main"));
    }
}
