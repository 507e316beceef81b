//! The life of a Schedule: which tick is due, making experiments, passing on a pause, forgetting
//! old ones.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::entry::{Entry, Owner, State};
use super::events::Happening;
use super::names;
use super::world::{Key, World, whole_second};
use crate::document::{ObjectMeta, Scheduled};
use crate::kinds;
use crate::schedule::{Child, ConcurrencyPolicy, Schedule};
use crate::snapshot::{self, ScheduleStatus};

/// The label by which a Schedule knows its experiments (in all namespaces, as upstream).
pub(super) const MANAGED_BY: &str = "managed-by";

/// Chaos Mesh gives up on a Schedule that missed more ticks than this.
const MAX_MISSED: usize = 100;
const TOO_MANY_MISSED: &str = "too many missed start time (> 100). Set or decrease .spec.startingDeadlineSeconds or check clock skew";

/// See the module's description.
#[derive(Debug)]
pub(super) struct ScheduleState {
    schedule: Arc<Schedule<Scheduled>>,
    pub(super) status: ScheduleStatus,
    /// It gave up, and has said so.
    stuck: bool,
    /// Experiments about which a `Forbid` or `Skip` event has been told.
    pub(super) told: BTreeSet<(&'static str, String)>,
}

/// What is due at a moment.
#[derive(Debug, PartialEq, Eq)]
enum Due {
    /// Nothing until the next tick, if there is one.
    Nothing(Option<Timestamp>),
    /// A tick has passed; of several only the latest counts.
    Tick,
    /// Too many ticks have passed.
    TooMany,
}

impl ScheduleState {
    pub(super) fn new(schedule: Arc<Schedule<Scheduled>>) -> Self {
        Self { schedule, status: ScheduleStatus::default(), stuck: false, told: BTreeSet::new() }
    }

    /// Takes over a changed spec; the last run is not forgotten.
    pub(super) fn replace(&mut self, schedule: Arc<Schedule<Scheduled>>) {
        self.schedule = schedule;
        self.stuck = false;
    }
}

impl World {
    /// Takes one Schedule as far as it gets without waiting.
    pub(super) fn step_schedule(&mut self, key: &Key, now: Timestamp) {
        let Some((entry, schedule)) = self.schedule(key) else {
            return;
        };
        let (paused, deleted, uid) =
            (entry.meta.paused(), entry.deleted.is_some(), entry.uid.clone());
        if deleted {
            let owned = self
                .objects
                .values_mut()
                .filter(|child| child.owner.as_ref().is_some_and(|owner| owner.uid == uid));
            owned.for_each(|child| child.deleted = child.deleted.or(Some(now)));
            if let Some(entry) = self.objects.get_mut(key) {
                entry.gone = true;
            }
            return;
        }
        self.pass_on_pause(key, &uid, &schedule, paused, now);
        self.wake_at(key, None);
        if !paused {
            self.fire(key, &uid, &schedule, now);
        }
        self.collect_garbage(key, &uid, &schedule, now);
        self.list_active(key, &uid, &schedule, now);
    }

    /// Experiments pause with their Schedule; Workflows cannot.
    fn pass_on_pause(
        &mut self,
        key: &Key,
        uid: &str,
        schedule: &Schedule<Scheduled>,
        paused: bool,
        now: Timestamp,
    ) {
        for child in self.children(key, schedule) {
            if schedule.child.experiment().is_none() {
                if paused {
                    let happening = Happening::NotPausable(schedule.child.kind());
                    self.tell_once(key, uid, "NotSupported", &child.name, &happening, now);
                }
                continue;
            }
            let child = self.objects.get_mut(&child);
            if let Some(child) = child.filter(|child| child.meta.paused() != paused) {
                child.set_paused(paused);
            }
        }
    }

    fn fire(&mut self, key: &Key, uid: &str, schedule: &Schedule<Scheduled>, now: Timestamp) {
        let Some((entry, _)) = self.schedule(key) else {
            return;
        };
        let (created, last) = (entry.created, last_run(entry));
        match due(schedule, last.unwrap_or(created), now) {
            Due::Nothing(next) => self.wake_at(key, next),
            Due::TooMany => {
                let told = self.state(key).map(|state| std::mem::replace(&mut state.stuck, true));
                if told == Some(false) {
                    let failed = Happening::Failed {
                        source: "schedule-cron",
                        activity: "get run time",
                        error: TOO_MANY_MISSED,
                    };
                    self.tell(key, uid, &failed, now);
                }
            }
            Due::Tick => match self.unfinished_child(key, schedule, now) {
                Some(child) if schedule.concurrency_policy == ConcurrencyPolicy::Forbid => {
                    // The tick is caught up with when that experiment finishes, which brings us
                    // here again.
                    self.tell_once(key, uid, "Forbid", &child, &Happening::Forbid(&child), now);
                }
                _ => self.spawn(key, uid, schedule, now),
            },
        }
    }

    fn spawn(&mut self, key: &Key, uid: &str, schedule: &Schedule<Scheduled>, now: Timestamp) {
        let mut child = Key {
            kind: schedule.child.kind(),
            namespace: key.namespace.clone(),
            name: String::new(),
        };
        while child.name.is_empty() || self.objects.contains_key(&child) {
            child.name = names::child(&key.name, &mut self.rng);
        }
        let meta = ObjectMeta {
            name: child.name.clone(),
            namespace: child.namespace.clone(),
            labels: [(MANAGED_BY.to_owned(), key.name.clone())].into(),
            annotations: [].into(),
        };
        let until = self.objects[key].owner.as_ref();
        let owner = Owner {
            object: snapshot::Owner { kind: kinds::SCHEDULE.to_owned(), name: key.name.clone() },
            until: until.and_then(|owner| owner.until),
            uid: uid.to_owned(),
        };
        self.tell(key, uid, &Happening::Spawned(&child.name), now);
        self.insert(
            child,
            meta,
            &schedule.child.body(),
            schedule.payload.clone(),
            Some(owner),
            now,
        );
        // The moment, not the tick: that is why `@every` drifts.
        let time = whole_second(now);
        if let Some(state) = self.state(key) {
            state.status.time = Some(time);
        }
        self.wake_at(key, schedule.cron.next(time));
        self.tell(key, uid, &Happening::Updated("lastScheduleTime"), now);
    }

    fn unfinished_child(
        &self,
        key: &Key,
        schedule: &Schedule<Scheduled>,
        now: Timestamp,
    ) -> Option<String> {
        let unfinished = |child: &Key| match &self.objects[child] {
            Entry { state: State::Experiment(state), created, owner, .. } => {
                let end = state.end(*created, owner.as_ref(), self.default_maximum);
                !state.finished(end, now)
            }
            Entry { state: State::Workflow(state), .. } => !state.accomplished(),
            _ => false,
        };
        self.children(key, schedule).into_iter().find(unfinished).map(|child| child.name)
    }

    fn schedule(&self, key: &Key) -> Option<(&Entry, Arc<Schedule<Scheduled>>)> {
        let entry = self.objects.get(key)?;
        match &entry.state {
            State::Schedule(state) => Some((entry, state.schedule.clone())),
            _ => None,
        }
    }

    pub(super) fn state(&mut self, key: &Key) -> Option<&mut ScheduleState> {
        match &mut self.objects.get_mut(key)?.state {
            State::Schedule(state) => Some(state),
            _ => None,
        }
    }

    pub(super) fn wake_at(&mut self, key: &Key, wake: Option<Timestamp>) {
        if let Some(entry) = self.objects.get_mut(key) {
            entry.wake = wake;
        }
    }

    pub(super) fn tell_once(
        &mut self,
        key: &Key,
        uid: &str,
        topic: &'static str,
        child: &str,
        happening: &Happening<'_>,
        now: Timestamp,
    ) {
        let first = self.state(key).map(|state| state.told.insert((topic, child.to_owned())));
        if first == Some(true) {
            self.tell(key, uid, happening, now);
        }
    }
}

fn last_run(entry: &Entry) -> Option<Timestamp> {
    match &entry.state {
        State::Schedule(state) => state.status.time,
        _ => None,
    }
}

/// Walks from the last run (or the creation) to now. A starting deadline moves the start forward.
fn due(schedule: &Schedule<Scheduled>, last: Timestamp, now: Timestamp) -> Due {
    let deadline = schedule.starting_deadline_seconds.map(SignedDuration::from_secs);
    let earliest = deadline
        .and_then(|deadline| now.checked_sub(deadline).ok())
        .map_or(last, |limit| limit.max(last));
    let missed = schedule.cron.ticks(earliest, now, MAX_MISSED + 1).len();
    match missed {
        0 => Due::Nothing(schedule.cron.next(earliest)),
        1..=MAX_MISSED => Due::Tick,
        _ => Due::TooMany,
    }
}
