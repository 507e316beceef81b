//! Which objects a file holds: lists are opened, other kinds are set aside, and what an API server
//! would drop or write itself is dropped.

use serde_json::Value;

use super::error::Refused;
use super::litmus;
use super::meta::{drop_nulls, drop_what_servers_write};
use crate::fields::problem::Problem;
use crate::kinds::{self, API_VERSION};

/// What is in a file.
#[derive(Default)]
pub(super) struct Objects {
    /// Objects of Chaos Mesh, by the look of them.
    pub(super) found: Vec<Object>,
    /// Objects of others, as `Kind/name`.
    pub(super) skipped: Vec<String>,
    pub(super) refused: Vec<Refused>,
}

/// One object of Chaos Mesh.
pub(super) struct Object {
    /// Which document of the file it is, or is in; from 1.
    pub(super) number: usize,
    /// `items[2]` in a List.
    pub(super) item: Option<String>,
    pub(super) kind: String,
    pub(super) value: Value,
}

impl Objects {
    /// Looks at apiVersion and kind before anything else: a file may hold the Namespace, too.
    pub(super) fn sort(values: Vec<Value>) -> Self {
        let mut objects = Self::default();
        for (index, value) in values.into_iter().enumerate() {
            objects.add(value, index + 1, None);
        }
        objects
    }

    fn add(&mut self, mut value: Value, number: usize, item: Option<String>) {
        drop_nulls(&mut value);
        let refuse =
            |problem| Refused { number, problems: vec![in_item(item.as_deref(), problem)] };
        let (version, kind) = match (text(&value, "apiVersion"), text(&value, "kind")) {
            (Ok(version), Ok(kind)) => (version, kind),
            (version, kind) => {
                let problems = version.err().into_iter().chain(kind.err());
                let problems = problems.map(|problem| in_item(item.as_deref(), problem));
                self.refused.push(Refused { number, problems: problems.collect() });
                return;
            }
        };
        let (group, _) = version.split_once('/').unwrap_or(("", &version));
        let ours = group == GROUP;
        if item.is_none()
            && let Some(items) = items(&kind, ours || version == "v1", &mut value)
        {
            for (index, object) in items.into_iter().enumerate() {
                self.add(object, number, Some(format!("items[{index}]")));
            }
            return;
        }
        if version != API_VERSION && (ours || kinds::is_known(&kind)) {
            self.refused.push(refuse(Problem::new(
                "apiVersion",
                format!("`{version}` is not Chaos Mesh; write `{API_VERSION}`"),
            )));
        } else if let Some(problem) = litmus::problem(group, &kind, &value) {
            self.refused.push(refuse(problem));
        } else if !ours {
            let name = value.pointer("/metadata/name").and_then(Value::as_str).unwrap_or("?");
            self.skipped.push(format!("{kind}/{name}"));
        } else if let Some(problem) = unplayable(&kind) {
            self.refused.push(refuse(problem));
        } else {
            drop_what_servers_write(&mut value);
            self.found.push(Object { number, item, kind, value });
        }
    }
}

/// The API group of [`API_VERSION`].
const GROUP: &str = "chaos-mesh.org";

/// The same problem, of an item of a List.
pub(super) fn in_item(item: Option<&str>, problem: Problem) -> Problem {
    match item {
        Some(item) => problem.under(item),
        None => problem,
    }
}

fn text(object: &Value, field: &str) -> Result<String, Problem> {
    match object.get(field) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(Problem::new(field, "is not a text; see any example")),
        None => Err(Problem::new(
            field,
            format!("missing; a document starts with `apiVersion: {API_VERSION}` and its kind"),
        )),
    }
}

/// The items of a List, as `kubectl get -o yaml` writes it.
fn items(kind: &str, listed: bool, value: &mut Value) -> Option<Vec<Value>> {
    if !listed || !kind.ends_with("List") {
        return None;
    }
    match value.get_mut("items")?.take() {
        Value::Array(items) => Some(items),
        _ => None,
    }
}

/// Why objects of a kind of Chaos Mesh cannot be played here, if they cannot.
fn unplayable(kind: &str) -> Option<Problem> {
    let supported = kinds::names();
    if kinds::is_played(kind) {
        return None;
    }
    let message = if kinds::is_elsewhere(kind) {
        format!(
            "kind {kind} is known to Chaos Mesh but the local stage cannot do it yet; use {supported}, a Workflow or a Schedule of them, or StatusCheck"
        )
    } else if let Some(right) = kinds::in_other_letters(kind) {
        format!("`{kind}` is not a kind of Chaos Mesh; write {right}")
    } else {
        format!(
            "`{kind}` is not a kind of Chaos Mesh; use {supported}, Schedule, Workflow or StatusCheck"
        )
    };
    Some(Problem::new("kind", message))
}
