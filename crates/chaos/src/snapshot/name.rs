//! How people name an object.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::kinds;

/// `name`, `kind/name` or `namespace/kind/name`; the kind in any case, its plural, or `wf`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// The namespace; any when omitted.
    pub namespace: Option<String>,
    /// The kind; any when omitted.
    pub kind: Option<String>,
    /// The object's name.
    pub name: String,
}

/// The text has too many parts.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{0}` is not the name of an object; write name, kind/name or namespace/kind/name")]
pub struct NameError(String);

impl Name {
    /// Does the name mean this object?
    #[must_use]
    pub fn means(&self, kind: &str, namespace: &str, name: &str) -> bool {
        let same_kind = |wanted: &String| {
            // `get` prints the kind with its API group.
            let wanted = wanted.strip_suffix(".chaos-mesh.org").unwrap_or(wanted);
            let short = kind == kinds::WORKFLOW && wanted == "wf";
            short
                || wanted.eq_ignore_ascii_case(kind)
                || wanted.eq_ignore_ascii_case(&format!("{kind}s"))
        };
        self.name == name
            && self.kind.as_ref().is_none_or(same_kind)
            && self.namespace.as_ref().is_none_or(|wanted| wanted == namespace)
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let part = |part: &str| Some(part.to_owned());
        match text.split('/').collect::<Vec<_>>().as_slice() {
            [name] => Ok(Self { namespace: None, kind: None, name: (*name).to_owned() }),
            [kind, name] => {
                Ok(Self { namespace: None, kind: part(kind), name: (*name).to_owned() })
            }
            [namespace, kind, name] => {
                Ok(Self { namespace: part(namespace), kind: part(kind), name: (*name).to_owned() })
            }
            _ => Err(NameError(text.to_owned())),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.namespace.iter().chain(&self.kind) {
            write!(out, "{part}/")?;
        }
        out.write_str(&self.name)
    }
}
