//! What a Schedule remembers: the list of its experiments, and which of them may go.

use jiff::Timestamp;

use super::entry::{Entry, State};
use super::events::Happening;
use super::spawn::MANAGED_BY;
use super::world::{Key, World};
use crate::document::Scheduled;
use crate::schedule::{Child, Schedule};

impl World {
    /// Deletes the oldest experiments beyond the history limit, except those whose duration still
    /// runs.
    pub(super) fn collect_garbage(
        &mut self,
        key: &Key,
        uid: &str,
        schedule: &Schedule<Scheduled>,
        now: Timestamp,
    ) {
        let children = self.children(key, schedule);
        let limit = schedule.history_limit.unwrap_or(0) as usize;
        let excess = children.len().saturating_sub(limit);
        for child in &children[..excess] {
            let running = self.running_until(child, schedule, now);
            match running {
                Some(end) => {
                    self.tell_once(
                        key,
                        uid,
                        "Skip",
                        &child.name,
                        &Happening::SkipHistory(&child.name),
                        now,
                    );
                    let wake = self.objects[key].wake.into_iter().chain(end).min();
                    self.wake_at(key, wake);
                }
                // Upstream races here: a child that was never looked at may go before it strikes,
                // or after.
                _ if self.untouched(child) => {}
                _ => self.delete(child, now),
            }
        }
    }

    /// Does a child still run, and if so, until when, as far as that is known?
    fn running_until(
        &self,
        child: &Key,
        schedule: &Schedule<Scheduled>,
        now: Timestamp,
    ) -> Option<Option<Timestamp>> {
        let entry = &self.objects[child];
        match (&entry.state, schedule.child.experiment()) {
            (State::Workflow(state), _) => (!state.accomplished()).then_some(None),
            (_, Some(experiment)) => {
                let duration = experiment.chaos.common().parsed_duration()?;
                let end = entry.created.saturating_add(duration.as_signed()).ok()?;
                (end > now).then_some(Some(end))
            }
            _ => None,
        }
    }

    pub(super) fn list_active(
        &mut self,
        key: &Key,
        uid: &str,
        schedule: &Schedule<Scheduled>,
        now: Timestamp,
    ) {
        let mut active: Vec<String> =
            self.children(key, schedule).into_iter().map(|child| child.name).collect();
        active.sort();
        let Some(state) = self.state(key) else { return };
        state.told.retain(|(_, name)| active.contains(name));
        if state.status.active != active {
            state.status.active = active;
            self.tell(key, uid, &Happening::Updated("active"), now);
        }
    }

    /// The experiments of a Schedule, oldest first.
    pub(super) fn children(&self, key: &Key, schedule: &Schedule<Scheduled>) -> Vec<Key> {
        let mine =
            |entry: &Entry| entry.meta.labels.get(MANAGED_BY) == Some(&key.name) && !entry.gone;
        let mut children: Vec<(Timestamp, &Key)> = self
            .objects
            .iter()
            .filter(|(child, entry)| child.kind == schedule.child.kind() && mine(entry))
            .map(|(child, entry)| (entry.created, child))
            .collect();
        children.sort();
        children.into_iter().map(|(_, child)| child.clone()).collect()
    }

    /// Was this experiment made just now?
    fn untouched(&self, child: &Key) -> bool {
        matches!(&self.objects[child].state, State::Experiment(state) if state.desired.is_none())
    }
}
