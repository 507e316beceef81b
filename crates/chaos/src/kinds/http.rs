//! HTTPChaos: requests to a port, or the answers from it, are dropped, delayed or changed.

mod fault;
mod lints;
mod spec;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::fault::Fault;
use crate::fields::duration::GoDuration;
use crate::fields::problem::Problem;
use crate::fields::read::read;
use crate::kind::{Chaos, Column, Common, Kind, Scope};
use crate::target::Pod;
use spec::given;

pub use spec::{HttpChaos, HttpTarget, Patch, PatchBody, Replace, Tls};

pub(crate) static KIND: Kind = Kind {
    name: "HTTPChaos",
    schedule_key: "httpChaos",
    columns: &[Column { title: "DURATION", field: "duration" }],
    parse: |value, parent, problems| Some(Arc::new(read::<HttpChaos>(value, parent, problems)?)),
};

const METHODS: [&str; 9] =
    ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT"];

impl Chaos for HttpChaos {
    fn common(&self) -> Common<'_> {
        Common {
            selector: &self.selector,
            mode: self.mode,
            value: &self.value,
            duration: self.duration.as_deref(),
            remote_cluster: self.remote_cluster.as_deref(),
            scope: Scope::Pod,
        }
    }

    fn check(&self, problems: &mut Vec<Problem>) {
        if self.port < 0 {
            problems.push(Problem::new(
                "port",
                format!("{} is not a port; write 1 to 65535", self.port),
            ));
        }
        let replaced = self.replace.as_ref().and_then(|replace| replace.method.as_ref());
        for (field, method) in [("method", self.method.as_ref()), ("replace.method", replaced)] {
            let unknown = |method: &&String| {
                !method.is_empty()
                    && self.target == HttpTarget::Request
                    && !METHODS.contains(&method.as_str())
            };
            if let Some(method) = method.filter(unknown) {
                problems.push(Problem::new(
                    field,
                    format!("`{method}` is not a method; use one of {}", METHODS.join(", ")),
                ));
            }
        }
        if let Some(Err(error)) = given(self.delay.as_deref()).map(str::parse::<GoDuration>) {
            problems.push(Problem::new("delay", error));
        }
    }

    fn lints(&self, lints: &mut Vec<Problem>) {
        lints::add(self, lints);
    }

    fn fits(&self, selected: &[&Pod]) -> Result<(), Problem> {
        let has = |pod: &&Pod| {
            pod.ports.is_empty() || pod.ports.iter().any(|port| i64::from(*port) == self.port)
        };
        if selected.iter().any(has) {
            return Ok(());
        }
        let ports: BTreeSet<u16> = selected.iter().flat_map(|pod| pod.ports.clone()).collect();
        let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
        Err(Problem::new(
            "port",
            format!(
                "no pod that is selected has the port {}; write one of theirs, {} (the container's port, not the Service's)",
                self.port,
                ports.join(" or ")
            ),
        ))
    }

    fn fault(&self) -> Result<Fault, Problem> {
        fault::build(self).map(Fault::Http)
    }

    fn mechanism(&self) -> String {
        let side = match self.target {
            HttpTarget::Request => "requests to",
            HttpTarget::Response => "responses from",
        };
        let mut parts = Vec::new();
        let steps = [
            (self.abort == Some(true), "drops the connection without an answer"),
            (self.delay.is_some(), "waits"),
            (self.replace.is_some(), "exchanges parts"),
            (self.patch.is_some(), "adds parts"),
        ];
        parts.extend(steps.iter().filter(|(given, _)| *given).map(|(_, step)| *step));
        format!(
            "a reverse proxy on the path through the Service hits {side} port {} that match: it {}; calls to the pod's own address, and connections opened before, are not hit",
            self.port,
            if parts.is_empty() { "does nothing".to_owned() } else { parts.join(", then ") }
        )
    }
}

#[cfg(test)]
mod tests;
