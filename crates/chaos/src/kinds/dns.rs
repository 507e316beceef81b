//! DNSChaos: names stop resolving, or resolve to nonsense.
//!
//! `action: error` answers SERVFAIL, `action: random` a random address. Only *new* lookups are hit:
//! a service that keeps its connections, or has read `resolv.conf` only once, does not notice.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::fault::{DnsAction, DnsFault, Fault};
use crate::fields::mode::Mode;
use crate::fields::patterns::Patterns;
use crate::fields::problem::Problem;
use crate::fields::read::read;
use crate::fields::selector::Selector;
use crate::kind::{Chaos, Column, Common, Kind, Scope};

pub(crate) static KIND: Kind = Kind {
    name: "DNSChaos",
    schedule_key: "dnsChaos",
    columns: &[
        Column { title: "ACTION", field: "action" },
        Column { title: "DURATION", field: "duration" },
    ],
    parse: |value, parent, problems| Some(Arc::new(read::<DnsChaos>(value, parent, problems)?)),
};

/// The `spec` of a DNSChaos.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DnsChaos {
    /// What a question that matches is answered with.
    pub action: DnsAction,
    /// Which pods.
    pub selector: Selector,
    /// How many of them.
    pub mode: Mode,
    /// The parameter of the mode.
    #[serde(default)]
    pub value: String,
    /// How long, from the creation of the object.
    pub duration: Option<String>,
    /// Names that are hit; none means all of them.
    #[serde(default)]
    pub patterns: Vec<String>,
    /// Containers to inject into; none means the first one.
    #[serde(default)]
    pub container_names: Vec<String>,
    /// Another cluster (refused on this stage).
    pub remote_cluster: Option<String>,
}

impl Chaos for DnsChaos {
    fn common(&self) -> Common<'_> {
        Common {
            selector: &self.selector,
            mode: self.mode,
            value: &self.value,
            duration: self.duration.as_deref(),
            remote_cluster: self.remote_cluster.as_deref(),
            scope: Scope::Containers(&self.container_names),
        }
    }

    fn lints(&self, lints: &mut Vec<Problem>) {
        for (index, pattern) in self.patterns.iter().enumerate() {
            let field = format!("patterns[{index}]");
            if pattern.bytes().any(|byte| byte.is_ascii_uppercase()) {
                lints.push(Problem::new(&field, format!("`{pattern}` has capital letters; matching is case-sensitive and resolvers ask in lower case")));
            }
            if !pattern.contains(['.', '*', '?', '[']) {
                lints.push(Problem::new(
                    field,
                    format!("a Service `{pattern}` is asked for with its namespace and cluster domain; write `{pattern}.*` to hit it"),
                ));
            }
        }
    }

    fn fault(&self) -> Result<Fault, Problem> {
        let patterns =
            Patterns::compile(&self.patterns).map_err(|error| Problem::new("patterns", error))?;
        Ok(Fault::Dns(DnsFault { action: self.action, patterns }))
    }

    fn mechanism(&self) -> String {
        let answer = match self.action {
            DnsAction::Error => "SERVFAIL",
            DnsAction::Random => "a random address",
        };
        "the pod's resolv.conf points at a chaos DNS server, which answers ".to_owned()
            + answer
            + " to names that match and forwards the rest"
    }
}
