//! What is allowed in an HTTPChaos but hardly meant.

use super::{HttpChaos, HttpTarget, given};
use crate::problem::Problem;

impl HttpChaos {
    pub(super) fn oddities(&self, lints: &mut Vec<Problem>) {
        let abort = self.abort == Some(true);
        let delay = given(self.delay.as_deref());
        if !abort && delay.is_none() && self.replace.is_none() && self.patch.is_none() {
            lints.push(Problem::new(
                "abort",
                "nothing is done to the messages; add abort, delay, replace or patch",
            ));
        }
        if abort && (delay.is_some() || self.replace.is_some() || self.patch.is_some()) {
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
        if let Some(path) = given(self.path.as_deref()) {
            path_lints(path, lints);
        }
        let unread = match self.target {
            HttpTarget::Request => self.unread_of_requests(),
            HttpTarget::Response => self.unread_of_responses(),
        };
        for field in unread {
            lints.push(Problem::new(
                field,
                format!("target {:?} does not read it; remove it", self.target),
            ));
        }
    }

    fn unread_of_requests(&self) -> Vec<&'static str> {
        let replace = self.replace.as_ref();
        let fields = [
            ("code", self.code.is_some()),
            ("response_headers", !self.response_headers.is_empty()),
            ("replace.code", replace.is_some_and(|parts| parts.code.is_some())),
        ];
        given_fields(&fields)
    }

    fn unread_of_responses(&self) -> Vec<&'static str> {
        let replace = self.replace.as_ref();
        let fields = [
            ("replace.path", replace.is_some_and(|parts| parts.path.is_some())),
            ("replace.method", replace.is_some_and(|parts| parts.method.is_some())),
            ("replace.queries", replace.is_some_and(|parts| !parts.queries.is_empty())),
            ("patch.queries", self.patch.as_ref().is_some_and(|parts| !parts.queries.is_empty())),
        ];
        given_fields(&fields)
    }
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
