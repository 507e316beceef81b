//! What one kind of chaos has to say about itself; the life of an experiment is the same for all.
//!
//! The kinds are listed in [`crate::kinds`].

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::fault::Fault;
use crate::fields::duration::GoDuration;
use crate::fields::mode::Mode;
use crate::fields::problem::Problem;
use crate::fields::selector::Selector;
use crate::target::{Pod, Target};

/// The spec of one experiment.
pub trait Chaos: fmt::Debug + Send + Sync {
    /// The fields shared by all kinds.
    fn common(&self) -> Common<'_>;

    /// Does it strike once? Such an experiment ignores duration and pause.
    fn one_shot(&self) -> bool {
        false
    }

    /// Rules of this kind that Chaos Mesh checks when the object is created.
    fn check(&self, _problems: &mut Vec<Problem>) {}

    /// What is allowed but unlikely to be meant.
    fn lints(&self, _lints: &mut Vec<Problem>) {}

    /// Can this be done to the pods that the selector matches? Asked when there are some.
    ///
    /// # Errors
    /// The field that fits none of them.
    fn fits(&self, _selected: &[&Pod]) -> Result<(), Problem> {
        Ok(())
    }

    /// The fault to inject.
    ///
    /// # Errors
    /// The field that cannot be carried out, as the message of a `Failed` event.
    fn fault(&self) -> Result<Fault, Problem>;

    /// The pods at the other end, if this kind has any.
    fn other_end(&self) -> Option<OtherEnd<'_>> {
        None
    }

    /// The fault for a target on `side`, given the targets on the other one; `None` when nothing is
    /// done to it.
    fn aimed(&self, fault: &Arc<Fault>, _side: Side, _others: &[Target]) -> Option<Arc<Fault>> {
        Some(fault.clone())
    }

    /// How a local stage carries the fault out, in one sentence; `; ` separates its parts.
    fn mechanism(&self) -> String;
}

/// Reads the `spec` of a kind; the text is the path of the spec in its document. With mistakes there
/// may be a spec nevertheless, for further checks.
pub(crate) type Parse = fn(&Value, &str, &mut Vec<Problem>) -> Option<Arc<dyn Chaos>>;

/// How a kind is named and read.
#[derive(Debug)]
pub struct Kind {
    /// `DNSChaos`.
    pub name: &'static str,
    /// `dnsChaos`: the key of its payload in a Schedule.
    pub schedule_key: &'static str,
    /// The columns of `get` between NAME and AGE.
    pub columns: &'static [Column],
    /// Reads its `spec`.
    pub(crate) parse: Parse,
}

/// One column of `get`: its title and the field of the spec it shows.
#[derive(Debug)]
pub struct Column {
    /// `ACTION`.
    pub title: &'static str,
    /// `action`.
    pub field: &'static str,
}

/// The fields that every kind has.
#[derive(Clone, Copy, Debug)]
pub struct Common<'a> {
    /// Which pods.
    pub selector: &'a Selector,
    /// How many of them.
    pub mode: Mode,
    /// The parameter of the mode, empty when omitted.
    pub value: &'a str,
    /// How long, from the creation of the object.
    pub duration: Option<&'a str>,
    /// Another cluster to act on.
    pub remote_cluster: Option<&'a str>,
    /// What a record stands for.
    pub scope: Scope<'a>,
}

impl Common<'_> {
    /// The duration; an empty text counts as none, as Chaos Mesh fails to parse it and runs on.
    pub(crate) fn parsed_duration(&self) -> Option<GoDuration> {
        self.duration.and_then(|text| text.parse().ok())
    }

    /// The rules shared by all kinds.
    pub(crate) fn check(&self, problems: &mut Vec<Problem>) {
        self.selector.check(problems);
        problems.extend(self.mode.parameter(self.value).err());
        if let Some(Err(error)) =
            self.duration.filter(|text| !text.is_empty()).map(str::parse::<GoDuration>)
        {
            problems.push(Problem::new("duration", error));
        }
    }

    /// Fields that Chaos Mesh obeys and a local stage cannot obey.
    pub(crate) fn refusals(&self) -> Vec<Problem> {
        let mut refusals = self.selector.refusals();
        if self.remote_cluster.is_some_and(|name| !name.is_empty()) {
            refusals.push(Problem::new(
                "remoteCluster",
                "this stage is the only cluster there is; remove the field",
            ));
        }
        refusals
    }
}

/// What a record stands for.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    /// A pod.
    Pod,
    /// The named containers of a pod, or its first one when no name is given.
    Containers(&'a [String]),
}

impl Scope<'_> {
    /// The pod itself, or those of its containers that are named and exist (the first when none is
    /// named).
    #[must_use]
    pub fn targets(self, pod: &Pod) -> Vec<Target> {
        let target = |container: Option<&String>| Target {
            namespace: pod.namespace.clone(),
            pod: pod.name.clone(),
            uid: pod.uid.clone(),
            container: container.cloned(),
        };
        let containers = pod.containers.iter();
        match self {
            Scope::Pod => vec![target(None)],
            Scope::Containers([]) => {
                containers.take(1).map(|container| target(Some(container))).collect()
            }
            Scope::Containers(names) => containers
                .filter(|name| names.contains(name))
                .map(|container| target(Some(container)))
                .collect(),
        }
    }
}

/// A second selector; its pods have records, too.
#[derive(Clone, Copy, Debug)]
pub struct OtherEnd<'a> {
    /// Which pods.
    pub selector: &'a Selector,
    /// How many of them.
    pub mode: Mode,
    /// The parameter of the mode, empty when omitted.
    pub value: &'a str,
}

impl OtherEnd<'_> {
    /// The rules of Chaos Mesh; fields are below `target`.
    pub(crate) fn check(&self, problems: &mut Vec<Problem>) {
        let mut own = Vec::new();
        self.selector.check(&mut own);
        own.extend(self.mode.parameter(self.value).err());
        problems.extend(own.into_iter().map(|problem| problem.under("target")));
    }

    /// Fields that Chaos Mesh obeys and a local stage cannot obey.
    pub(crate) fn refusals(&self) -> Vec<Problem> {
        let refusals = self.selector.refusals().into_iter();
        refusals.map(|problem| problem.under("target")).collect()
    }
}

/// Which selector chose a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// `selector`.
    Selected,
    /// `target.selector`.
    Other,
}

impl Side {
    /// The key that Chaos Mesh writes into records.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Selected => ".",
            Self::Other => ".Target",
        }
    }
}
