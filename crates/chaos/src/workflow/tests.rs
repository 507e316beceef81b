//! Which workflows are accepted, and in which words others are refused.

use super::*;
use crate::fields::problem::Problem;

const GOOD: &str = "
entry: all
templates:
- {name: all, templateType: Serial, children: [load, wait, side]}
- {name: load, templateType: StressChaos, deadline: 30s, stressChaos: {mode: all, selector: {}, stressors: {cpu: {workers: 2}}}}
- {name: wait, templateType: Suspend, deadline: 5s}
- {name: side, templateType: Parallel, children: [check, often]}
- {name: check, templateType: StatusCheck, statusCheck: {type: HTTP, http: {url: 'http://a/', criteria: {statusCode: '200'}}}}
- {name: often, templateType: Schedule, deadline: 1m, schedule: {schedule: '@every 20s', type: PodChaos, historyLimit: 1, podChaos: {action: pod-kill, mode: one, selector: {}}}}
";

const HOUR: GoDuration = GoDuration::from_nanos(3_600_000_000_000);

fn parse(text: &str) -> Result<Workflow, Vec<String>> {
    let value: Value = serde_saphyr::from_str(text).unwrap();
    let mut problems = Vec::new();
    match Workflow::parse(&value, "spec", &mut problems) {
        Some(workflow) if problems.is_empty() => Ok(workflow),
        _ => Err(problems.iter().map(ToString::to_string).collect()),
    }
}

fn refused(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    parse(&GOOD.replace(from, to)).unwrap_err().join("\n")
}

fn fields(problems: Vec<Problem>) -> Vec<String> {
    problems.into_iter().map(|problem| problem.field).collect()
}

#[test]
fn a_careful_workflow_is_read_without_lint_or_refusal() {
    let workflow = parse(GOOD).unwrap();
    assert_eq!(workflow.templates[0].children(), [1, 2, 3]);
    assert_eq!(workflow.templates[1].kind(), "StressChaos");
    assert!(workflow.refusals("spec").is_empty());
    assert_eq!(
        fields(workflow.lints("spec", HOUR, jiff::Timestamp::UNIX_EPOCH)),
        Vec::<String>::new()
    );
}

#[test]
fn the_rules_of_admission_are_kept() {
    for (from, to, message) in [
        ("entry: all", "entry: nobody", "spec.entry: there is no template `nobody`"),
        ("name: wait", "name: load", "spec.templates[2].name: `load` is taken"),
        ("name: wait", "name: Wait_", "spec.templates[2].name: `Wait_` is not a name"),
        (
            "children: [load,",
            "children: [lode,",
            "spec.templates[0].children[0]: there is no template `lode`",
        ),
        ("Suspend, deadline: 5s", "Suspend", "spec.templates[2].deadline: a Suspend ends by it"),
        (
            "Suspend,",
            "Suspend, children: [load],",
            "spec.templates[2].children: templateType is Suspend",
        ),
        ("Suspend,", "Suspend, task: {},", "spec.templates[2].task: templateType is Suspend"),
        (
            "Suspend,",
            "Suspend, abortWithStatusCheck: true,",
            "spec.templates[2].abortWithStatusCheck: ",
        ),
        (
            "Suspend,",
            "Suspend, conditionalBranches: [{target: a, expression: b}],",
            "spec.templates[2].conditionalBranches: ",
        ),
        ("Suspend,", "Nap,", "spec.templates[2].templateType: `Nap` is not a type of template"),
        (
            "Suspend,",
            "TimeChaos,",
            "spec.templates[2].templateType: TimeChaos is known to Chaos Mesh but",
        ),
        (
            "stressChaos: {mode",
            "stressChaos: {duration: 5s, mode",
            "spec.templates[1].stressChaos.duration: a workflow ends",
        ),
        (
            "StressChaos,",
            "DNSChaos,",
            "spec.templates[1].dnsChaos: templateType is DNSChaos, so this is required",
        ),
        (
            "StressChaos,",
            "DNSChaos,",
            "spec.templates[1].stressChaos: templateType is DNSChaos, so nothing",
        ),
        ("deadline: 30s", "dedline: 30s", "spec.templates[1].dedline: unknown field"),
        ("deadline: 30s", "deadline: 1d", "spec.templates[1].deadline: `1d` is not a duration"),
        ("{workers: 2}", "{wokers: 2}", "spec.templates[1].stressChaos.stressors.cpu"),
        (
            "statusCode: '200'",
            "statusCode: ok",
            "spec.templates[4].statusCheck.http.criteria.statusCode: ",
        ),
        ("'@every 20s'", "'never'", "spec.templates[5].schedule.schedule: "),
        (
            "type: PodChaos",
            "type: Workflow",
            "spec.templates[5].schedule.type: `Workflow` is not a type of Schedule here",
        ),
    ] {
        let found = refused(from, to);
        assert!(found.contains(message), "{message}\n{found}");
    }
    assert_eq!(parse("{entry: a, templates: []}").unwrap_err().len(), 2);
}

#[test]
fn a_workflow_that_leads_back_to_itself_or_explodes_is_refused() {
    let looped = parse(&GOOD.replace("[check, often]", "[check, all]")).unwrap();
    assert!(looped.refusals("spec")[0].message.contains("leads back to itself"));
    let mut text = "entry: t0\ntemplates:\n".to_owned();
    for level in 0..30 {
        let next = level + 1;
        text.push_str(&format!(
            "- {{name: t{level}, templateType: Parallel, children: [t{next}, t{next}]}}\n"
        ));
    }
    text.push_str("- {name: t30, templateType: Suspend, deadline: 1s}\n");
    assert!(parse(&text).unwrap().refusals("spec")[0].message.contains("more than 1000 steps"));
}

#[test]
fn what_this_stage_cannot_do_is_refused_by_its_path() {
    let workflow = parse(
        &GOOD
            .replace(
                "Suspend, deadline: 5s",
                "Task, task: {container: {}}, conditionalBranches: [{target: load}]",
            )
            .replace("{workers: 2}", "{workers: 2, options: [x]}")
            .replace("deadline: 30s", "deadline: 25h")
            .replace("podChaos: {", "podChaos: {remoteCluster: x, ")
            .replace("http://", "https://"),
    );
    assert_eq!(
        fields(workflow.unwrap().refusals("spec")),
        [
            "spec.templates[1].deadline",
            "spec.templates[1].stressChaos.stressors.cpu.options",
            "spec.templates[2].task",
            "spec.templates[4].statusCheck.http.url",
            "spec.templates[5].schedule.podChaos.remoteCluster"
        ]
    );
}

#[test]
fn unlikely_workflows_are_linted() {
    let lints = |from: &str, to: &str| {
        fields(parse(&GOOD.replace(from, to)).unwrap().lints(
            "spec",
            HOUR,
            jiff::Timestamp::UNIX_EPOCH,
        ))
    };
    assert_eq!(lints("deadline: 30s, ", ""), ["spec.templates[1].deadline"]);
    assert_eq!(lints("load, wait, side", "load, side"), ["spec.templates[2].name"]);
    assert_eq!(
        lints("workers: 2", "workers: 0"),
        ["spec.templates[1].stressChaos.stressors.cpu.workers"]
    );
    assert_eq!(lints("historyLimit: 1, ", ""), ["spec.templates[5].schedule.historyLimit"]);
    assert_eq!(
        lints("{type: HTTP,", "{type: HTTP, mode: Continuous,"),
        ["spec.templates[4].statusCheck.duration"]
    );
}
