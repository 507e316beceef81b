//! What identifies an object in the engine.

use std::fmt;

/// Kind, namespace and name of an object; sorts in this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) kind: &'static str,
    pub(super) namespace: String,
    pub(super) name: String,
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{} in namespace {}", self.kind.to_lowercase(), self.name, self.namespace)
    }
}
