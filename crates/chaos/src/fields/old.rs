//! Fields of Chaos Mesh 1.x, which thousands of files on the web still have. Since 2.0 they mean
//! nothing, so a message says what took their place.

use std::borrow::Cow;

use serde_json::Value;

use crate::fields::problem::Problem;

/// Old fields of a `spec`, and what to write today.
const OLD: [(&str, &str); 4] = [
    (
        "scheduler",
        "is a field of Chaos Mesh 1.x; since 2.0 a document of kind Schedule repeats an experiment: put its cron text into `schedule`, the kind of this one into `type`, and this spec below it",
    ),
    ("containerName", "is a field of Chaos Mesh 1.x; write `containerNames: [NAME]`"),
    (
        "scope",
        "is a field of Chaos Mesh 1.x; since 2.0 `patterns` say which names are hit, and without them all are",
    ),
    ("externalTarget", "is a field of an early Chaos Mesh; write `externalTargets: [ADDRESS]`"),
];

/// The `spec` without its old fields, each of which is a problem.
pub(crate) fn without<'v>(
    spec: &'v Value,
    parent: &str,
    problems: &mut Vec<Problem>,
) -> Cow<'v, Value> {
    let mut rest = Cow::Borrowed(spec);
    for (name, message) in OLD {
        if spec.get(name).is_some() {
            problems.push(Problem::new(format!("{parent}.{name}"), message));
            if let Value::Object(fields) = rest.to_mut() {
                fields.remove(name);
            }
        }
    }
    rest
}
