//! What a workflow wants done, and how the world does it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::super::check::CheckState;
use super::super::entry::{Entry, Owner, State};
use super::super::events::{Happening, Told};
use super::super::names;
use super::super::world::{Key, World};
use super::View;
use crate::document::{Body, ObjectMeta, Scheduled};
use crate::kinds;
use crate::snapshot;
use crate::workflow::{ABORT_ANNOTATION, Step};

/// Labels by which Chaos Mesh marks what a workflow has made.
const CONTROLLED_BY: &str = "chaos-mesh.org/controlled-by";
const OF_WORKFLOW: &str = "chaos-mesh.org/workflow";

/// Something to be done for a workflow.
pub(super) enum Order {
    /// Tell it.
    Tell(Told),
    /// Tell that the workflow cannot be played.
    Refuse(String),
    /// Make what a step embeds.
    Make(usize),
    /// Delete what a step has made.
    Delete(Key),
    /// Abort the workflow.
    Abort,
}

/// A sentence about a workflow.
pub(super) fn told(reason: &'static str, message: String) -> Order {
    Order::Tell(sentence(reason, message))
}

fn sentence(reason: &'static str, message: String) -> Told {
    Told { warning: false, reason, source: "workflow", message }
}

impl World {
    /// Takes one workflow as far as it gets without waiting.
    pub(in super::super) fn step_workflow(&mut self, key: &Key, now: Timestamp) {
        let Some(entry) = self.objects.get(key) else {
            return;
        };
        if entry.deleted.is_some() {
            self.delete_workflow(key, now);
            return;
        }
        // An abort may end steps that have been looked at already, so it is looked at once more.
        while self.advance_workflow(key, now) {}
        if let Some(entry) = self.objects.get_mut(key)
            && let State::Workflow(state) = &entry.state
        {
            entry.wake = state.wake().filter(|at| *at > now);
        }
    }

    /// Is there more to be done?
    fn advance_workflow(&mut self, key: &Key, now: Timestamp) -> bool {
        let verdicts: BTreeMap<Key, bool> = self
            .objects
            .iter()
            .filter_map(|(check, entry)| match &entry.state {
                State::StatusCheck(state) => Some((check.clone(), CheckState::verdict(state)?)),
                _ => None,
            })
            .collect();
        let Some(Entry { meta, uid, state: State::Workflow(state), .. }) =
            self.objects.get_mut(key)
        else {
            return false;
        };
        let aborted = meta.annotations.get(ABORT_ANNOTATION).is_some_and(|value| value == "true");
        let view =
            View { now, name: &key.name, aborted, verdict: &|check| verdicts.get(check).copied() };
        let orders = state.advance(&view, &mut self.rng);
        let uid = uid.clone();
        let more = !orders.is_empty();
        for order in orders {
            self.obey(key, &uid, order, now);
        }
        more
    }

    fn obey(&mut self, key: &Key, uid: &str, order: Order, now: Timestamp) {
        match order {
            Order::Tell(told) => self.tell(key, uid, &Happening::Other(told), now),
            Order::Refuse(error) => {
                let failed = Happening::Failed {
                    source: "workflow",
                    activity: "start workflow",
                    error: &error,
                };
                self.tell(key, uid, &failed, now);
            }
            Order::Make(index) => self.make(key, uid, index, now),
            Order::Delete(made) => {
                self.delete(&made, now);
                let deleted = if made.kind == kinds::STATUS_CHECK {
                    sentence("StatusCheckDeleted", format!("status check {} deleted", made.name))
                } else {
                    sentence("ChaosCRDeleted", format!("chaos CR {} deleted", made.name))
                };
                self.tell(key, uid, &Happening::Other(deleted), now);
            }
            Order::Abort => {
                if let Some(entry) = self.objects.get_mut(key) {
                    entry.meta.annotations.insert(ABORT_ANNOTATION.to_owned(), "true".to_owned());
                }
            }
        }
    }

    fn make(&mut self, key: &Key, uid: &str, index: usize, now: Timestamp) {
        let Some(State::Workflow(state)) = self.objects.get(key).map(|entry| &entry.state) else {
            return;
        };
        let (body, spec) = match &state.template(index).step {
            Step::Chaos { experiment, spec } => {
                (Body::Experiment(experiment.clone()), spec.clone())
            }
            Step::Schedule { schedule, spec } => {
                let schedule = schedule.map(|child| Scheduled::Experiment(child.clone()));
                (Body::Schedule(Arc::new(schedule)), spec.clone())
            }
            Step::StatusCheck { check, spec, .. } => {
                (Body::StatusCheck(check.clone()), spec.clone())
            }
            Step::Serial(_) | Step::Parallel(_) | Step::Suspend | Step::Task => return,
        };
        let node = &state.nodes[index];
        let (node_name, until) = (node.name.clone(), node.until);
        let mut made =
            Key { kind: body.kind(), namespace: key.namespace.clone(), name: String::new() };
        while made.name.is_empty() || self.objects.contains_key(&made) {
            made.name = names::child(&node_name, &mut self.rng);
        }
        let meta = ObjectMeta {
            name: made.name.clone(),
            namespace: made.namespace.clone(),
            labels: [
                (CONTROLLED_BY.to_owned(), node_name),
                (OF_WORKFLOW.to_owned(), key.name.clone()),
            ]
            .into(),
            annotations: [].into(),
        };
        let object = snapshot::Owner { kind: kinds::WORKFLOW.to_owned(), name: key.name.clone() };
        let owner = Owner { object, uid: uid.to_owned(), until };
        self.insert(made.clone(), meta, &body, spec, Some(owner), now);
        let created = if made.kind == kinds::STATUS_CHECK {
            sentence("StatusCheckCreated", format!("status check {} created", made.name))
        } else {
            sentence("ChaosCRCreated", format!("chaos CR {} created", made.name))
        };
        if let Some(State::Workflow(state)) =
            self.objects.get_mut(key).map(|entry| &mut entry.state)
        {
            state.nodes[index].made = Some(made);
        }
        self.tell(key, uid, &Happening::Other(created), now);
    }

    /// A workflow goes when everything that it has made is gone: until then its faults may be in
    /// place.
    fn delete_workflow(&mut self, key: &Key, now: Timestamp) {
        let Some(uid) = self.objects.get(key).map(|entry| entry.uid.clone()) else {
            return;
        };
        let mut left = false;
        for made in self.objects.values_mut() {
            if made.owner.as_ref().is_some_and(|owner| owner.uid == uid) && !made.gone {
                made.deleted.get_or_insert(now);
                left = true;
            }
        }
        if let Some(entry) = self.objects.get_mut(key) {
            entry.gone = !left;
            entry.wake = None;
        }
    }
}
