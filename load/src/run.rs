//! A run: starts the threads, watches for signals, collects the result.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, mpsc};
use tokio::task::spawn_blocking;

use crate::admin;
use crate::live;
use crate::options::{Environment, Options};
use crate::plan::{Plan, PlanError};
use crate::report::{Facts, Report};
use crate::scheduler::Scheduler;
use crate::tally::Shared;
use crate::worker::work;

/// A run that could not be done.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Wrong options.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The address for metrics is taken or not ours.
    #[error("cannot serve metrics on {address}: {source}; choose another address with --metrics")]
    Metrics {
        /// The address.
        address: SocketAddr,
        /// What the kernel said.
        source: io::Error,
    },
    /// Threads, runtimes or signal handlers could not be made.
    #[error("cannot start: {0}; is there a limit on processes or open files?")]
    Start(#[from] io::Error),
    /// A thread ended by a bug.
    #[error("a {0} thread panicked: the counts are not complete, so there is no report")]
    Panicked(&'static str),
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// At the end of its schedule.
    Completed,
    /// By SIGINT.
    Interrupted,
    /// By SIGTERM: somebody tidies up, which is no failure.
    Terminated,
}

/// Does one run and returns its report.
///
/// # Errors
/// The options are wrong, or the run cannot start.
pub fn execute(options: &Options, environment: &Environment) -> Result<(Report, Ending), RunError> {
    let plan = Arc::new(Plan::new(options, environment)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut report, ending) = runtime.block_on(run(plan))?;
    report.failed =
        options.fail_if.iter().filter_map(|condition| condition.holds(&report)).collect();
    Ok((report, ending))
}

async fn run(plan: Arc<Plan>) -> Result<(Report, Ending), RunError> {
    // Before anything is sent, so that no signal is missed.
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let shared = Arc::new(Shared::new(plan.workers));
    let admin = match plan.metrics {
        None => None,
        Some(address) => {
            let listener = TcpListener::bind(address)
                .await
                .map_err(|source| RunError::Metrics { address, source })?;
            Some(tokio::spawn(admin::serve(listener, Arc::clone(&shared))))
        }
    };
    let (start, cpu) = (Instant::now(), cpu());
    let (threads, finished) = Threads::start(&plan, &shared, start)?;
    let mut ending = tokio::select! {
        () = finished.notified() => Ending::Completed,
        _ = interrupt.recv() => Ending::Interrupted,
        _ = terminate.recv() => Ending::Terminated,
        () = live::show(&shared, start, plan.schedule.duration()) => Ending::Completed,
    };
    // Rates are those of the schedule: waiting for the last answers is no part of it.
    let ran = start.elapsed();
    let abandon = Arc::clone(&threads.abandon);
    abandon.store(ending != Ending::Completed, Ordering::Relaxed);
    let mut stopped = spawn_blocking(|| threads.stop());
    let stopped = tokio::select! {
        stopped = &mut stopped => stopped,
        signal = async {
            tokio::select! {
                _ = interrupt.recv() => Ending::Interrupted,
                _ = terminate.recv() => Ending::Terminated,
            }
        } => {
            ending = signal;
            abandon.store(true, Ordering::Relaxed);
            stopped.await
        }
    };
    stopped.map_err(|_| RunError::Panicked("stopping"))??;
    let facts = Facts {
        ran,
        cpu: self::cpu().saturating_sub(cpu),
        interrupted: ending != Ending::Completed,
    };
    if let Some(admin) = admin {
        admin.abort();
    }
    let report = Report::new(&plan, &shared.total(), &facts);
    Ok((report, ending))
}

/// The threads of a run.
struct Threads {
    /// Tells the scheduler that the run is over.
    stop: Arc<AtomicBool>,
    /// Tells the workers not to wait for what is in flight.
    abandon: Arc<AtomicBool>,
    scheduler: JoinHandle<()>,
    workers: Vec<JoinHandle<io::Result<()>>>,
}

impl Threads {
    /// Also returns what is notified when one of them has ended, which the scheduler does first
    /// unless there is a bug.
    fn start(
        plan: &Arc<Plan>,
        shared: &Arc<Shared>,
        start: Instant,
    ) -> io::Result<(Self, Arc<Notify>)> {
        let finished = Arc::new(Notify::new());
        let abandon = Arc::new(AtomicBool::new(false));
        let mut senders = Vec::new();
        let mut workers = Vec::new();
        for worker in 0..plan.workers {
            let (sender, arrivals) = mpsc::channel(plan.max_in_flight);
            let (plan, shared) = (Arc::clone(plan), Arc::clone(shared));
            let thread = Builder::new().name(format!("worker-{worker}"));
            let finish = Finish(Arc::clone(&finished));
            let abandon = Arc::clone(&abandon);
            workers.push(thread.spawn(move || {
                let _finish = finish;
                work(plan, shared, worker, arrivals, &abandon)
            })?);
            senders.push(sender);
        }
        let stop = Arc::new(AtomicBool::new(false));
        let finish = Finish(Arc::clone(&finished));
        let (plan, shared, stopped) = (Arc::clone(plan), Arc::clone(shared), Arc::clone(&stop));
        let scheduler = Builder::new().name("scheduler".to_owned()).spawn(move || {
            let _finish = finish;
            Scheduler { plan: &plan, shared: &shared, stop: &stopped, workers: senders }.run(start);
        })?;
        Ok((Self { stop, abandon, scheduler, workers }, finished))
    }

    /// Ends the scheduler if it still runs, and with it the workers.
    fn stop(self) -> Result<(), RunError> {
        self.stop.store(true, Ordering::Relaxed);
        self.scheduler.thread().unpark();
        self.scheduler.join().map_err(|_| RunError::Panicked("scheduler"))?;
        for worker in self.workers {
            worker.join().map_err(|_| RunError::Panicked("worker"))??;
        }
        Ok(())
    }
}

/// Tells that a thread has ended, whether it returned or panicked.
struct Finish(Arc<Notify>);

impl Drop for Finish {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// Processor time of this process so far, all threads.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
