//! What a document would do, without doing it: targets, steps, ticks, lints and refusals.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::document::{Body, Document};
use crate::experiment::Experiment;
use crate::fields::duration::GoDuration;
use crate::fields::mode::Mode;
use crate::fields::problem::Problem;
use crate::kind::{Chaos, Scope};
use crate::schedule::Child;
use crate::target::Pod;
use crate::workflow::{Step, Template, Workflow};

/// The rehearsal looks this far ahead.
const HORIZON: SignedDuration = SignedDuration::from_hours(1);

/// Ticks listed at most: one for each second of the hour.
const MAX_TICKS: usize = 3_600;

/// What a document would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DryRun {
    /// The kind.
    pub kind: String,
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The record ids of everything that the selector matches.
    pub matched: Vec<String>,
    /// How many pods the selector matches.
    pub pods_matched: usize,
    /// Why nothing is matched.
    pub selection_error: Option<String>,
    /// How many pods are taken; an upper bound for mode `random-max-percent`.
    pub pods_taken: usize,
    /// Is `pods_taken` only an upper bound?
    pub at_most: bool,
    /// The record ids of what the second selector matches (NetworkChaos `target`).
    pub other_end: Vec<String>,
    /// The steps of a Workflow, in the order of the file; such a run has no targets of its own.
    pub steps: Vec<DryStep>,
    /// When a Schedule would fire within the next hour.
    pub ticks: Option<Vec<Timestamp>>,
    /// How this stage carries the fault out.
    pub mechanism: String,
    /// What is allowed but unlikely to be meant.
    pub lints: Vec<Problem>,
    /// What this stage would refuse.
    pub refusals: Vec<Problem>,
    /// Why nothing, or not all of it, would be injected into the pods that there are: a sentence
    /// each.
    pub shortfalls: Vec<String>,
}

/// One step of a Workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DryStep {
    /// The template's name.
    pub name: String,
    /// `Serial`, `StressChaos` ...
    #[serde(rename = "type")]
    pub kind: String,
    /// Its deadline, as it prints.
    pub deadline: Option<String>,
    /// Its children, or its targets, or why it has none.
    pub about: Vec<String>,
    /// How this stage carries it out; empty for steps that only lead to others.
    pub mechanism: String,
}

impl DryRun {
    /// What `document` would do among `pods`, or without any: then the sentence says why there are
    /// none. `default_maximum` is what ends an experiment without a duration on this stage.
    #[must_use]
    pub fn rehearse(
        document: &Document,
        pods: Result<&[Pod], &str>,
        default_maximum: GoDuration,
        now: Timestamp,
    ) -> Self {
        let namespace = &document.meta.namespace;
        let mut run = Self {
            kind: document.kind().to_owned(),
            namespace: namespace.clone(),
            name: document.meta.name.clone(),
            ticks: ticks(document, now),
            mechanism: document.mechanism(),
            lints: document.lints(default_maximum, now),
            refusals: document.refusals(),
            ..Self::default()
        };
        let spec = match &document.body {
            Body::Schedule(schedule) => format!("spec.{}", schedule.child.payload_key()),
            _ => "spec".to_owned(),
        };
        if let Some(workflow) = document.body.workflow() {
            run.steps = steps(workflow, namespace, pods, &spec, &mut run.refusals);
            let shortfalls = run.steps.iter().filter_map(DryStep::shortfall);
            run.shortfalls = shortfalls.filter(|_| pods.is_ok()).collect();
        }
        if let Some(experiment) = document.body.experiment() {
            take(&mut run, experiment.chaos.as_ref(), namespace, pods, &spec);
        }
        run
    }

    /// Would everything be injected that the document asks for, as far as can be known?
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.refusals.is_empty() && self.shortfalls.is_empty()
    }
}

/// How the line about a step without targets begins.
const NO_TARGET: &str = "no target: ";

impl DryStep {
    fn shortfall(&self) -> Option<String> {
        let why = self.about.iter().find(|about| about.starts_with(NO_TARGET))?;
        Some(format!("step {}: {why}", self.name))
    }
}

/// Which targets an experiment would hit; `parent` is the path of its spec.
fn take(
    run: &mut DryRun,
    chaos: &dyn Chaos,
    namespace: &str,
    pods: Result<&[Pod], &str>,
    parent: &str,
) {
    let common = chaos.common();
    let selected = pods.map_err(str::to_owned);
    let selected = selected.and_then(|pods| common.selector.select(namespace, pods));
    let matching = selected.unwrap_or_else(|error| {
        run.selection_error = Some(error);
        Vec::new()
    });
    let parameter = common.mode.parameter(common.value).unwrap_or(0);
    run.pods_taken = common.mode.at_most(parameter, matching.len());
    run.at_most = common.mode == Mode::RandomMaxPercent;
    run.pods_matched = matching.len();
    run.matched = ids(common.scope, &matching);
    if !matching.is_empty() {
        run.refusals.extend(chaos.fits(&matching).err().map(|problem| problem.under(parent)));
        if run.matched.is_empty() {
            run.selection_error = Some("no container of these names is in the pods".to_owned());
        }
    }
    if let (Ok(_), Some(why)) = (pods, &run.selection_error) {
        run.shortfalls.push(why.clone());
    }
    if let (Some(other), Ok(pods)) = (chaos.other_end(), pods) {
        run.other_end = match other.selector.select(namespace, pods) {
            Ok(matching) => ids(Scope::Pod, &matching),
            Err(error) => {
                run.shortfalls.push(format!("other end: {error}"));
                vec![format!("none: {error}")]
            }
        };
    }
}

fn ids(scope: Scope<'_>, pods: &[&Pod]) -> Vec<String> {
    pods.iter().flat_map(|pod| scope.targets(pod)).map(|target| target.to_string()).collect()
}

fn steps(
    workflow: &Workflow,
    namespace: &str,
    pods: Result<&[Pod], &str>,
    parent: &str,
    refusals: &mut Vec<Problem>,
) -> Vec<DryStep> {
    let mut step = |(index, template): (usize, &Template)| {
        let mut about = |experiment: &Experiment, within: &str| {
            let key = experiment.kind.schedule_key;
            let parent = format!("{parent}.templates[{index}]{within}.{key}");
            about(experiment, namespace, pods, &parent, refusals)
        };
        let about = match &template.step {
            Step::Serial(children) | Step::Parallel(children) => {
                let name = |child: &usize| workflow.templates[*child].name.clone();
                children.iter().map(name).collect()
            }
            Step::Chaos { experiment, .. } => about(experiment, ""),
            Step::Schedule { schedule, .. } => about(&schedule.child, ".schedule"),
            Step::StatusCheck { .. } | Step::Suspend | Step::Task => Vec::new(),
        };
        DryStep {
            name: template.name.clone(),
            kind: template.kind().to_owned(),
            deadline: template.deadline.map(|deadline| deadline.to_string()),
            about,
            mechanism: template.mechanism(),
        }
    };
    workflow.templates.iter().enumerate().map(&mut step).collect()
}

/// The targets of an experiment within a workflow.
fn about(
    experiment: &Experiment,
    namespace: &str,
    pods: Result<&[Pod], &str>,
    parent: &str,
    refusals: &mut Vec<Problem>,
) -> Vec<String> {
    let mut run = DryRun::default();
    take(&mut run, experiment.chaos.as_ref(), namespace, pods, parent);
    refusals.append(&mut run.refusals);
    match run.selection_error {
        Some(error) => vec![format!("{NO_TARGET}{error}")],
        None => run.matched,
    }
}

fn ticks(document: &Document, now: Timestamp) -> Option<Vec<Timestamp>> {
    let Body::Schedule(schedule) = &document.body else {
        return None;
    };
    Some(schedule.cron.ticks(now, now.saturating_add(HORIZON).unwrap_or(Timestamp::MAX), MAX_TICKS))
}

#[cfg(test)]
mod tests {
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
        assert!(
            refusal.starts_with("spec.port: ") && refusal.contains("8000 or 8100"),
            "{refusal}"
        );
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
        let other = format!(
            "action: partition, mode: all, selector: {{}}, target: {{mode: all, {nobody}}}"
        );
        assert_eq!(rehearse("NetworkChaos", &other, Ok(&pods)).shortfalls.len(), 1);
        let step = format!(
            "entry: a, templates: [{{name: a, templateType: PodChaos, deadline: 1m, podChaos: {{{kill}}}}}]"
        );
        let run = rehearse("Workflow", &step, Ok(&pods));
        assert_eq!(run.shortfalls, ["step a: no target: no pod is selected"]);
        assert!(rehearse("Workflow", &step, Err("no stage")).is_fine());
    }
}
