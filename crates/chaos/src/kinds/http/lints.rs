//! What an HTTPChaos may say but hardly ever means.

use super::spec::{HttpChaos, HttpTarget, given};
use crate::fields::problem::Problem;

pub(super) fn add(spec: &HttpChaos, lints: &mut Vec<Problem>) {
    let abort = spec.abort == Some(true);
    let delay = given(spec.delay.as_deref());
    if !abort && delay.is_none() && spec.replace.is_none() && spec.patch.is_none() {
        lints.push(Problem::new(
            "abort",
            "nothing is done to the messages; add abort, delay, replace or patch",
        ));
    }
    if abort && (delay.is_some() || spec.replace.is_some() || spec.patch.is_some()) {
        lints.push(Problem::new(
            "abort",
            "comes first and drops the connection, so nothing else is done; remove the rest",
        ));
    }
    // Checked as a Go duration, but read in the pods by a parser without fractions.
    if delay.is_some_and(|delay| !delay.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        lints.push(Problem::new(
            "delay",
            "Chaos Mesh fails on fractions and signs in the pod; write whole units such as 1500ms",
        ));
    }
    if let Some(path) = given(spec.path.as_deref()) {
        path_lints(path, lints);
    }
    let unread = match spec.target {
        HttpTarget::Request => unread_of_requests(spec),
        HttpTarget::Response => unread_of_responses(spec),
    };
    for field in unread {
        lints.push(Problem::new(
            field,
            format!("target {:?} does not read it; remove it", spec.target),
        ));
    }
}

fn unread_of_requests(spec: &HttpChaos) -> Vec<&'static str> {
    let replace = spec.replace.as_ref();
    let fields = [
        ("code", spec.code.is_some()),
        ("response_headers", !spec.response_headers.is_empty()),
        ("replace.code", replace.is_some_and(|parts| parts.code.is_some())),
    ];
    given_fields(&fields)
}

fn unread_of_responses(spec: &HttpChaos) -> Vec<&'static str> {
    let replace = spec.replace.as_ref();
    let fields = [
        ("replace.path", replace.is_some_and(|parts| parts.path.is_some())),
        ("replace.method", replace.is_some_and(|parts| parts.method.is_some())),
        ("replace.queries", replace.is_some_and(|parts| !parts.queries.is_empty())),
        ("patch.queries", spec.patch.as_ref().is_some_and(|parts| !parts.queries.is_empty())),
    ];
    given_fields(&fields)
}

fn given_fields(fields: &[(&'static str, bool)]) -> Vec<&'static str> {
    fields.iter().filter(|(_, given)| *given).map(|(field, _)| *field).collect()
}

fn path_lints(path: &str, lints: &mut Vec<Problem>) {
    if !path.starts_with(['/', '*', '?']) {
        lints.push(Problem::new("path", format!("`{path}` matches nothing: paths start with `/`")));
    }
    if path.contains('=') && path.contains('?') {
        lints.push(Problem::new(
            "path",
            "is compared without the query, and `?` stands for one character; remove the query",
        ));
    }
}
