//! A step of a Workflow that has begun.

use std::sync::Arc;

use jiff::Timestamp;

use crate::engine::key::Key;
use crate::workflow::{Template, Workflow};

/// A step that has begun. Parents come before their children.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) name: String,
    /// The spec as it was when the step began, and the step's place in it.
    pub(super) workflow: Arc<Workflow>,
    pub(super) template: usize,
    pub(super) parent: Option<usize>,
    pub(super) created: Timestamp,
    /// Its deadline.
    pub(super) end: Option<Timestamp>,
    /// The first deadline among its own and those of its ancestors.
    pub(super) until: Option<Timestamp>,
    /// It has asked for what it embeds to be made.
    pub(super) asked: bool,
    /// What it has made: an experiment, a Schedule or a check.
    pub(super) made: Option<Key>,
    /// What it has made was deleted again.
    pub(super) cleared: bool,
    pub(super) outcome: Option<NodeEnd>,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NodeEnd {
    Accomplished(&'static str),
    DeadlineExceed(&'static str),
    Aborted(&'static str),
}

impl Node {
    /// What it does.
    pub(super) fn template(&self) -> &Template {
        &self.workflow.templates[self.template]
    }
}
