//! From the document to a checked Workflow, by the rules of Chaos Mesh's admission.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::status_check::StatusCheck;
use super::{Step, Template, Workflow};
use crate::experiment::Experiment;
use crate::fields::duration::GoDuration;
use crate::fields::name::is_subdomain;
use crate::fields::problem::Problem;
use crate::fields::read::read;
use crate::kinds;
use crate::schedule::Schedule;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    entry: String,
    templates: Vec<Value>,
}

/// A template as written. The payload keys are read by name, so a new kind needs no change here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawTemplate {
    name: String,
    template_type: String,
    deadline: Option<String>,
    #[serde(default)]
    children: Vec<String>,
    #[serde(default)]
    conditional_branches: Vec<ConditionalBranch>,
    #[serde(default)]
    abort_with_status_check: bool,
    #[serde(flatten)]
    payloads: BTreeMap<String, Value>,
}

/// What a Task leads to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is checked, as Tasks are refused")]
struct ConditionalBranch {
    target: String,
    #[serde(default)]
    expression: String,
}

impl Workflow {
    /// Reads and checks a spec; all that is wrong goes to `problems`, with paths below `parent`.
    pub(crate) fn parse(spec: &Value, parent: &str, problems: &mut Vec<Problem>) -> Option<Self> {
        let before = problems.len();
        let raw: Raw = read(spec, parent, problems)?;
        let mut templates = Vec::new();
        for (index, value) in raw.templates.iter().enumerate() {
            let path = format!("{parent}.templates[{index}]");
            let template = read::<RawTemplate>(value, &path, problems);
            // One that cannot be read may have a name that others lead to.
            let name = value.get("name").and_then(Value::as_str);
            templates.push((path, name, template));
        }
        let names: Names<'_> = templates.iter().map(|(_, name, _)| *name).collect();
        check_names(&names, parent, problems);
        let entry = names.iter().position(|name| *name == Some(&*raw.entry));
        if entry.is_none() {
            problems.push(Problem::new(
                format!("{parent}.entry"),
                format!("there is no template `{}`; write the name of one", raw.entry),
            ));
        }
        let checked: Vec<Option<Template>> = templates
            .iter()
            .map(|(path, _, raw)| template(raw.as_ref()?, path, &names, problems))
            .collect();
        if problems.len() > before {
            return None;
        }
        Some(Self { entry: entry?, templates: checked.into_iter().collect::<Option<_>>()? })
    }
}

/// The names of all templates; none where there is none, which was told already.
type Names<'a> = Vec<Option<&'a str>>;

fn check_names(names: &Names<'_>, parent: &str, problems: &mut Vec<Problem>) {
    if names.is_empty() {
        problems.push(Problem::new(
            format!("{parent}.templates"),
            "is empty; write at least one template",
        ));
    }
    let mut seen = BTreeSet::new();
    let named = names.iter().enumerate().filter_map(|(index, name)| Some((index, (*name)?)));
    for (index, name) in named {
        let field = format!("{parent}.templates[{index}].name");
        if !is_subdomain(name, 253) {
            problems.push(Problem::new(
                &field,
                format!("`{name}` is not a name; use lower-case letters, digits, `-` and `.`"),
            ));
        }
        if !seen.insert(name) {
            problems.push(Problem::new(field, format!("`{name}` is taken; use another name")));
        }
    }
}

fn template(
    raw: &RawTemplate,
    path: &str,
    names: &Names<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Template> {
    let at = |field: &str| format!("{path}.{field}");
    let kind = raw.template_type.as_str();
    let composite = matches!(kind, "Serial" | "Parallel");
    if !composite && !raw.children.is_empty() {
        problems.push(stray(&at("children"), kind));
    }
    if kind != "Task" && !raw.conditional_branches.is_empty() {
        problems.push(stray(&at("conditionalBranches"), kind));
    }
    if kind != "StatusCheck" && raw.abort_with_status_check {
        problems.push(stray(&at("abortWithStatusCheck"), kind));
    }
    let deadline = match raw.deadline.as_deref().filter(|text| !text.is_empty()) {
        None if kind == "Suspend" => {
            problems
                .push(Problem::new(at("deadline"), "a Suspend ends by it; write for example 10s"));
            None
        }
        None => None,
        Some(text) => text
            .parse::<GoDuration>()
            .map_err(|error| problems.push(Problem::new(at("deadline"), error)))
            .ok(),
    };
    let own_key = payload_key(kind);
    // Of a type that is not played, or is misspelt, the payload is not to blame.
    let known = composite || kind == "Suspend" || own_key.is_some();
    for key in raw.payloads.keys().filter(|key| Some(key.as_str()) != own_key) {
        if known || !is_payload(key) {
            problems.push(stray_payload(&at(key), key, kind));
        }
    }
    let payload = own_key.and_then(|key| raw.payloads.get(key));
    let played = kind != "Task" && kinds::payload_elsewhere(kind).is_none();
    if let (Some(key), None) = (own_key.filter(|_| played), payload) {
        problems.push(Problem::new(
            at(key),
            format!("templateType is {kind}, so this is required; add it"),
        ));
    }
    let children = children(&raw.children, names, path, problems);
    let step = match kind {
        "Serial" => Step::Serial(children),
        "Parallel" => Step::Parallel(children),
        "Suspend" => Step::Suspend,
        "Task" => Step::Task,
        "Schedule" => {
            let spec = payload?.clone();
            let schedule = Schedule::parse(&spec, &at("schedule"), problems)?;
            Step::Schedule { schedule: Arc::new(schedule), spec }
        }
        "StatusCheck" => {
            let spec = payload?.clone();
            let check = StatusCheck::parse(&spec, &at("statusCheck"), problems)?;
            Step::StatusCheck { check: Arc::new(check), spec, abort: raw.abort_with_status_check }
        }
        _ => chaos(kind, payload, path, problems)?,
    };
    Some(Template { name: raw.name.clone(), deadline, step })
}

fn children(
    children: &[String],
    names: &Names<'_>,
    path: &str,
    problems: &mut Vec<Problem>,
) -> Vec<usize> {
    let mut positions = Vec::new();
    for (index, child) in children.iter().enumerate() {
        match names.iter().position(|name| *name == Some(child)) {
            Some(position) => positions.push(position),
            None => problems.push(Problem::new(
                format!("{path}.children[{index}]"),
                format!("there is no template `{child}`; write the name of one"),
            )),
        }
    }
    positions
}

fn chaos(
    kind: &str,
    payload: Option<&Value>,
    path: &str,
    problems: &mut Vec<Problem>,
) -> Option<Step> {
    let Some(kind) = kinds::find(kind) else {
        let message = if kinds::is_repeated_elsewhere(kind) {
            format!("{kind} is known to Chaos Mesh but the local stage cannot do it yet")
        } else {
            format!(
                "`{kind}` is not a type of template; use Serial, Parallel, Suspend, StatusCheck, Schedule or a kind of chaos"
            )
        };
        problems.push(Problem::new(format!("{path}.templateType"), message));
        return None;
    };
    let parent = format!("{path}.{}", kind.schedule_key);
    let spec = payload?.clone();
    let experiment = Experiment::parse(kind, &spec, &parent, problems)?;
    if experiment.chaos.common().duration.is_some() {
        problems.push(Problem::new(
            format!("{parent}.duration"),
            "a workflow ends its experiments by the deadline of the template; write `deadline` there",
        ));
    }
    Some(Step::Chaos { experiment, spec })
}

/// The key under which a template of this type embeds something.
fn payload_key(kind: &str) -> Option<&'static str> {
    match kind {
        "Task" => Some("task"),
        "Schedule" => Some("schedule"),
        "StatusCheck" => Some("statusCheck"),
        _ => {
            let played = kinds::find(kind).map(|kind| kind.schedule_key);
            played.or(kinds::payload_elsewhere(kind))
        }
    }
}

/// Whether a template of some type embeds something under this key.
fn is_payload(key: &str) -> bool {
    ["task", "schedule", "statusCheck"].contains(&key) || kinds::is_payload(key)
}

fn stray(field: &str, kind: &str) -> Problem {
    Problem::new(field, format!("templateType is {kind}, so nothing would read it; remove it"))
}

fn stray_payload(field: &str, key: &str, kind: &str) -> Problem {
    if is_payload(key) {
        stray(field, kind)
    } else {
        Problem::new(
            field,
            "unknown field; a template has name, templateType, deadline, children, conditionalBranches, abortWithStatusCheck, and one payload such as stressChaos",
        )
    }
}
