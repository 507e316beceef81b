//! A run: starts the threads, watches for signals, collects the result.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{Builder, JoinHandle},
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::{Notify, mpsc},
    task::spawn_blocking,
    time::{sleep, timeout},
};

use crate::{
    options::{Environment, Options},
    plan::{Plan, PlanError},
    record::{Counts, Shared},
    report::{Facts, Report, failed, metrics, serve_metrics, show_progress},
    send::{Connection, Scheduler, work},
};

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
    /// An image was neither pushed nor pulled.
    #[error("{image}: {why}")]
    Images {
        /// Which one.
        image: String,
        /// Why.
        why: String,
    },
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
    /// By SIGTERM: somebody tidies up, which is not a failure.
    Terminated,
    /// Before its time, because nobody was there.
    Deserted,
}

/// Does one run and returns its report.
///
/// # Errors
/// The options are wrong, or the run cannot start.
pub fn execute(options: &Options, environment: &Environment) -> Result<(Report, Ending), RunError> {
    let plan = Arc::new(Plan::new(options, environment)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut report, total, ending) = runtime.block_on(run(plan))?;
    let conditions = options.fail_if.iter();
    report.failed =
        conditions.filter_map(|condition| failed(condition, &report, &total.success)).collect();
    Ok((report, ending))
}

async fn run(plan: Arc<Plan>) -> Result<(Report, Counts, Ending), RunError> {
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
            let shared = Arc::clone(&shared);
            Some(tokio::spawn(serve_metrics(listener, Arc::new(move || metrics(&shared)))))
        }
    };
    let (start, cpu_before) = (Instant::now(), cpu_time());
    let (threads, finished) = Threads::start(&plan, &shared, start)?;
    let mut ending = tokio::select! {
        () = finished.notified() => Ending::Completed,
        _ = interrupt.recv() => Ending::Interrupted,
        _ = terminate.recv() => Ending::Terminated,
        () = nobody_there(&plan, &shared) => Ending::Deserted,
        () = show_progress(&shared, start, plan.schedule.duration()) => Ending::Completed,
    };
    // Rates are those of the schedule, without the wait for the last answers.
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
        cpu: cpu_time().saturating_sub(cpu_before),
        interrupted: matches!(ending, Ending::Interrupted | Ending::Terminated),
    };
    if let Some(admin) = admin {
        admin.abort();
    }
    let total = shared.total().clone();
    Ok((Report::new(&plan, &total, &facts), total, ending))
}

/// How long the first connection may take before somebody looks whether it can be had at all.
const FIRST_LOOK: Duration = Duration::from_millis(400);
/// How long that look waits for an answer of the kernel at the other end.
const LOOK: Duration = Duration::from_millis(600);

/// Resolves when nobody is there: not one connection could be opened, and another attempt fails
/// too. A run of an hour against a mistyped port has nothing to say after a second.
async fn nobody_there(plan: &Plan, shared: &Shared) {
    if plan.patient {
        return std::future::pending().await;
    }
    loop {
        sleep(FIRST_LOOK).await;
        if shared.total().connections_opened > 0 {
            return std::future::pending().await;
        }
        // A name server may take its time: that is not the same as nobody.
        match plan.resolver.lookup(&plan.target.host).await {
            Err(_) => return,
            Ok(found) => {
                let there = |ip| SocketAddr::new(ip, plan.target.port);
                let addresses: Vec<_> = found.addresses.into_iter().map(there).collect();
                if !matches!(timeout(LOOK, Connection::open(&addresses)).await, Ok(Ok(_))) {
                    return;
                }
            }
        }
    }
}

/// The threads of a run.
struct Threads {
    /// Ends the scheduler early.
    stop: Arc<AtomicBool>,
    /// Keeps the workers from waiting for what is in flight.
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
            let finish = NotifyOnDrop(Arc::clone(&finished));
            let abandon = Arc::clone(&abandon);
            workers.push(thread.spawn(move || {
                let _finish = finish;
                work(plan, shared, worker, arrivals, &abandon)
            })?);
            senders.push(sender);
        }
        let stop = Arc::new(AtomicBool::new(false));
        let finish = NotifyOnDrop(Arc::clone(&finished));
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

/// Notifies when a thread has ended, whether it returned or panicked.
struct NotifyOnDrop(Arc<Notify>);

impl Drop for NotifyOnDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// Processor time of this process so far, all threads.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
