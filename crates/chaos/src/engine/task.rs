//! The task that owns the engine's state: it takes requests, carries out actions side by side, and
//! wakes when something is due.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

use super::action::{Action, Failure, Outcome, carry_out};
use super::clock::Clock;
use super::journal::{Journal, JournalEntry};
use super::open_faults::OpenFaults;
use super::options::Options;
use super::probes::Probes;
use super::request::Request;
use super::state::EngineState;
use super::steps;
use crate::dry_run::DryRun;
use crate::injector::Injector;

/// The machine's clock may jump (a laptop sleeps), so the task looks at it at least this often
/// while it waits.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// An engine that was asked to stop tries this long to recover; what is left then lapses, or waits
/// in the journal.
const LAST_RECOVERY: Duration = Duration::from_secs(30);

/// The engine's task, before and while it runs.
pub(super) struct EngineTask<I, C> {
    state: EngineState,
    injector: Arc<I>,
    clock: C,
    options: Options,
    open_faults: OpenFaults,
    running: JoinSet<Outcome>,
    actions: HashMap<Id, Action>,
    probes: Probes,
    permits: Arc<Semaphore>,
    /// Counts rounds, so that others can wait for a change.
    round: watch::Sender<u64>,
    /// The last request changed nothing.
    only_looked: bool,
    /// Everything is being deleted; the task ends when all is gone, or at this moment.
    stop_by: Option<Instant>,
}

impl<I: Injector, C: Clock> EngineTask<I, C> {
    pub(super) fn new(
        injector: Arc<I>,
        clock: C,
        options: Options,
        journal: Journal,
        round: watch::Sender<u64>,
    ) -> Self {
        Self {
            state: EngineState::new(options.seed, options.default_maximum),
            injector,
            clock,
            permits: Arc::new(Semaphore::new(options.concurrency)),
            options,
            open_faults: OpenFaults::new(journal),
            running: JoinSet::new(),
            actions: HashMap::new(),
            probes: Probes::default(),
            round,
            only_looked: false,
            stop_by: None,
        }
    }

    /// Recovers what an earlier process left behind; what fails stays in the journal.
    pub(super) async fn recover_earlier_faults(&mut self) {
        let mut recovering = JoinSet::new();
        for (number, entry) in self.open_faults.of_earlier_process() {
            let (injector, permits, limit) =
                (self.injector.clone(), self.permits.clone(), self.options.operation_timeout);
            recovering.spawn(async move {
                let _permit = permits.acquire().await.ok()?;
                let JournalEntry { experiment, id, fault, target, .. } = &entry;
                match tokio::time::timeout(limit, injector.recover(id, fault, target)).await {
                    Ok(Ok(())) => Some(number),
                    failed => {
                        tracing::warn!(experiment, %target, ?failed, "earlier fault not recovered");
                        None
                    }
                }
            });
        }
        let mut recovered = Vec::new();
        while let Some(task) = recovering.join_next().await {
            recovered.extend(task.ok().flatten());
        }
        self.open_faults.end_numbers(recovered).await;
    }

    /// Runs until it is asked to stop, or every handle is dropped, and all is recovered.
    pub(super) async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        loop {
            let injector = self.injector.clone();
            let now = self.clock.now();
            let actions = steps::reconcile(&mut self.state, now, &|| injector.pods());
            self.start(actions).await;
            let probes = std::mem::take(&mut self.state.probes);
            self.probes.send(&self.injector, probes);
            let recovered = self.state.objects.is_empty() && self.running.is_empty();
            if self.stop_by.is_some_and(|stop_by| recovered || Instant::now() >= stop_by) {
                return;
            }
            // A caller that waits looks at every round, so looking must not start one.
            if !self.only_looked {
                self.round.send_modify(|round| *round += 1);
            }
            self.only_looked = false;
            let sleep = tokio::time::sleep(self.until_next_look());
            tokio::select! {
                request = requests.recv(), if self.stop_by.is_none() => match request {
                    Some(request) => self.answer(request),
                    None => self.stop(),
                },
                Some(done) = self.running.join_next_with_id() => self.finish(done).await,
                Some((request, answer)) = self.probes.answered() => {
                    steps::record_answer(&mut self.state, &request, &answer, self.clock.now());
                }
                () = sleep => {}
            }
        }
    }

    /// Answers one request. A caller that no longer waits is not an error.
    fn answer(&mut self, request: Request) {
        let (now, state) = (self.clock.now(), &mut self.state);
        self.only_looked = request.only_looks();
        match request {
            Request::Apply(document, reply) => drop(reply.send(state.apply(&document, now))),
            Request::Delete(name, reply) => {
                drop(reply.send(state.resolve(&name).map(|key| state.delete(&key, now))));
            }
            Request::Pause(name, pause, reply) => {
                drop(reply.send(state.resolve(&name).and_then(|key| state.pause(&key, pause))));
            }
            Request::Get(reply) => drop(reply.send(state.snapshot(now))),
            Request::DryRun(document, reply) => {
                let (pods, maximum) = (self.injector.pods(), self.options.default_maximum);
                drop(reply.send(DryRun::rehearse(&document, Ok(&pods), maximum, now)));
            }
            Request::Stop => self.stop(),
        }
    }

    /// Deletes everything; the loop goes on until it has recovered.
    fn stop(&mut self) {
        self.stop_by = Some(Instant::now() + LAST_RECOVERY);
        let now = self.clock.now();
        let keys: Vec<_> = self.state.objects.keys().cloned().collect();
        keys.iter().for_each(|key| self.state.delete(key, now));
    }

    fn until_next_look(&self) -> Duration {
        let until = |wake: Timestamp| {
            Duration::try_from(wake.duration_since(self.clock.now())).unwrap_or(Duration::ZERO)
        };
        self.state.next_wake().map_or(LONGEST_SLEEP, until).min(LONGEST_SLEEP)
    }

    /// Writes what is about to be injected into the journal, then starts everything.
    async fn start(&mut self, actions: Vec<Action>) {
        self.open_faults.begin(&actions).await;
        for action in actions {
            let journalled = self.open_faults.contains(&action);
            let task = carry_out(
                self.injector.clone(),
                self.permits.clone(),
                self.options.operation_timeout,
                action.clone(),
                journalled,
            );
            let id = self.running.spawn(task).id();
            self.actions.insert(id, action);
        }
    }

    /// Takes in one finished action and all others that have finished meanwhile.
    async fn finish(&mut self, first: Result<(Id, Outcome), JoinError>) {
        let mut outcomes = Vec::new();
        let mut next = Some(first);
        while let Some(done) = next {
            let (id, outcome) = done.unwrap_or_else(|error| {
                let message = format!("the injector broke off: {error}");
                (error.id(), Err(Failure { message, partial: true }))
            });
            if let Some(action) = self.actions.remove(&id) {
                outcomes.push((action, outcome));
            }
            next = self.running.try_join_next_with_id();
        }
        self.open_faults.end(&outcomes).await;
        steps::record_outcomes(&mut self.state, outcomes, self.clock.now());
    }
}
