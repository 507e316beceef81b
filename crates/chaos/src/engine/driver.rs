//! The task that owns the world: it takes requests, carries out actions side by side, and wakes
//! when something is due.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

use super::Options;
use super::action::{Action, Done, Failure, carry_out, leaves_nothing, leftover, place};
use super::clock::Clock;
use super::probing::Probing;
use super::request::Request;
use super::world::World;
use crate::engine::journal::{Journal, Leftover};
use crate::injector::Injector;
use crate::snapshot::Operation;

/// The machine's clock may jump (a laptop sleeps), so the driver looks at it at least this often
/// while it waits.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// An engine that was told to stop tries this long to recover; what is left then lapses, or waits
/// in the journal.
const LAST_RECOVERY: Duration = Duration::from_secs(30);

/// See the module's description.
pub(super) struct Driver<I, C> {
    pub(super) world: World,
    injector: Arc<I>,
    pub(super) clock: C,
    pub(super) options: Options,
    journal: Arc<Mutex<Journal>>,
    /// The journal's number of every target that may be under a fault, by experiment and target.
    journalled: BTreeMap<(String, String), u64>,
    running: JoinSet<Done>,
    actions: HashMap<Id, Action>,
    probing: Probing,
    permits: Arc<Semaphore>,
    /// Counts rounds, so that others can wait for a change.
    round: watch::Sender<u64>,
    /// The last request changed nothing.
    pub(super) only_looked: bool,
    /// Everything is being deleted; the task ends when all is gone, or at this moment.
    stop_by: Option<Instant>,
}

impl<I: Injector, C: Clock> Driver<I, C> {
    pub(super) fn new(
        injector: Arc<I>,
        clock: C,
        options: Options,
        journal: Journal,
        round: watch::Sender<u64>,
    ) -> Self {
        Self {
            world: World::new(options.seed, options.default_maximum),
            injector,
            clock,
            permits: Arc::new(Semaphore::new(options.concurrency)),
            options,
            journal: Arc::new(Mutex::new(journal)),
            journalled: BTreeMap::new(),
            running: JoinSet::new(),
            actions: HashMap::new(),
            probing: Probing::default(),
            round,
            only_looked: false,
            stop_by: None,
        }
    }

    /// Undoes what an earlier process left behind; what fails stays in the journal.
    pub(super) async fn undo_leftovers(&mut self) {
        let mut undoing = JoinSet::new();
        for (number, leftover) in self.lock().open_entries().clone() {
            let (injector, permits, limit) =
                (self.injector.clone(), self.permits.clone(), self.options.operation_timeout);
            undoing.spawn(async move {
                let _permit = permits.acquire().await.ok()?;
                let Leftover { experiment, id, fault, target, .. } = &leftover;
                match tokio::time::timeout(limit, injector.recover(id, fault, target)).await {
                    Ok(Ok(())) => Some(number),
                    failed => {
                        tracing::warn!(experiment, %target, ?failed, "leftover fault not undone");
                        None
                    }
                }
            });
        }
        let mut undone = Vec::new();
        while let Some(task) = undoing.join_next().await {
            undone.extend(task.ok().flatten());
        }
        self.end_in_journal(&undone).await;
    }

    /// Runs until it is told to stop, or nobody is left to tell it, and all is recovered.
    pub(super) async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        loop {
            let injector = self.injector.clone();
            let actions = self.world.reconcile(self.clock.now(), &|| injector.pods());
            self.start(actions).await;
            let questions = std::mem::take(&mut self.world.questions);
            self.probing.ask(&self.injector, questions);
            let recovered = self.world.objects.is_empty() && self.running.is_empty();
            if self.stop_by.is_some_and(|stop_by| recovered || Instant::now() >= stop_by) {
                return;
            }
            // Somebody who waits looks at every round, so looking must not make one.
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
                Some((question, answer)) = self.probing.answered() => {
                    self.world.answer_check(&question, &answer, self.clock.now());
                }
                () = sleep => {}
            }
        }
    }

    /// Deletes everything; the loop goes on until it has recovered.
    pub(super) fn stop(&mut self) {
        self.stop_by = Some(Instant::now() + LAST_RECOVERY);
        let now = self.clock.now();
        let keys: Vec<_> = self.world.objects.keys().cloned().collect();
        keys.iter().for_each(|key| self.world.delete(key, now));
    }

    pub(super) fn pods(&self) -> Vec<crate::target::Pod> {
        self.injector.pods()
    }

    fn until_next_look(&self) -> Duration {
        let until = |wake: Timestamp| {
            Duration::try_from(wake.duration_since(self.clock.now())).unwrap_or(Duration::ZERO)
        };
        self.world.next_wake().map_or(LONGEST_SLEEP, until).min(LONGEST_SLEEP)
    }

    /// Writes what is about to be injected into the journal, then starts everything.
    async fn start(&mut self, actions: Vec<Action>) {
        let fresh: Vec<&Action> = actions
            .iter()
            .filter(|action| {
                action.operation == Operation::Apply
                    && !self.journalled.contains_key(&place(action))
            })
            .collect();
        let (places, leftovers): (Vec<_>, Vec<_>) =
            fresh.into_iter().map(|action| (place(action), leftover(action))).unzip();
        let written = if leftovers.is_empty() {
            Ok(Vec::new())
        } else {
            self.with_journal(|journal| journal.begin(leftovers)).await
        };
        match written {
            Ok(numbers) => self.journalled.extend(places.into_iter().zip(numbers)),
            Err(error) => tracing::error!(%error, "journal not written, so nothing is injected"),
        }
        for action in actions {
            let journalled = self.journalled.contains_key(&place(&action));
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
    async fn finish(&mut self, first: Result<(Id, Done), JoinError>) {
        let mut outcomes = Vec::new();
        let mut next = Some(first);
        while let Some(done) = next {
            let (id, outcome) = done.unwrap_or_else(|error| {
                (
                    error.id(),
                    Err(Failure {
                        message: format!("the injector broke off: {error}"),
                        partial: true,
                    }),
                )
            });
            if let Some(action) = self.actions.remove(&id) {
                outcomes.push((action, outcome));
            }
            next = self.running.try_join_next_with_id();
        }
        let gone: Vec<u64> = outcomes
            .iter()
            .filter(|(action, outcome)| leaves_nothing(action, outcome))
            .filter_map(|(action, _)| self.journalled.remove(&place(action)))
            .collect();
        if !gone.is_empty() {
            self.end_in_journal(&gone).await;
        }
        self.world.settle(outcomes, self.clock.now());
    }

    async fn end_in_journal(&mut self, numbers: &[u64]) {
        let numbers = numbers.to_vec();
        if let Err(error) = self.with_journal(move |journal| journal.end(&numbers)).await {
            tracing::warn!(%error, "journal not written; the next start will recover once more");
        }
    }

    /// Runs `work` where waiting for the disk holds up nobody.
    async fn with_journal<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Journal) -> std::io::Result<T> + Send + 'static,
    ) -> std::io::Result<T> {
        let journal = self.journal.clone();
        let written = tokio::task::spawn_blocking(move || {
            work(&mut journal.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
        });
        written.await.map_err(std::io::Error::other)?
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
