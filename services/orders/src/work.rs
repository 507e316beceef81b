//! The work, and three ways to run it.
//!
//! A price takes CPU time, and a machine has only so much of it. What matters is who waits when
//! there is not enough:
//!
//! | mode | a price is computed | under overload |
//! | --- | --- | --- |
//! | `inline` | on the worker thread that serves requests | nobody is served: the worker cannot even accept |
//! | `thread-per-request` | on a thread of its own | all of them at once, each ever more slowly |
//! | `bounded` | by a few workers behind a short queue | those who fit are served in time, the others get 503 at once |
//!
//! The first two are bugs to look at, and `fault_active` says when one is on. A refused request
//! costs next to nothing and may be tried again; a request that is answered after its caller has
//! left costs the same as a good one.

mod metrics;
#[cfg(test)]
mod tests;

pub use metrics::{REJECTED_TOTAL, WORK_SECONDS, WORK_WAITING};

use std::num::NonZeroU16;
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::{self, available_parallelism};

use instrument::faults::Faults;
use instrument::{Service, StartError};
use prometheus::IntGauge;
use rocket::serde::json::Json;
use rocket::tokio::sync::{Semaphore, oneshot};
use rocket::tokio::task::spawn_blocking;
use rocket::{Route, State, get, put, routes};
use serde::{Deserialize, Serialize};

use crate::compute::price;
use metrics::Metrics;

/// What to write instead of an unknown mode.
pub const MODES: &str = "set it to one of inline, thread-per-request, bounded";

/// Threads of `thread-per-request` at a time. The bug is that services have no such limit; this one
/// spares laptops.
const THREADS_MAX: usize = 1000;

/// A way to run the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the table above says what each does")]
pub enum Mode {
    Inline,
    ThreadPerRequest,
    Bounded,
}

impl Mode {
    /// The modes that are bugs, and how `fault_active` names them.
    pub const FAULTS: [(Mode, &str); 2] =
        [(Mode::Inline, "work_inline"), (Mode::ThreadPerRequest, "work_thread_per_request")];
}

impl FromStr for Mode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "inline" => Ok(Mode::Inline),
            "thread-per-request" => Ok(Mode::ThreadPerRequest),
            "bounded" => Ok(Mode::Bounded),
            _ => Err("there is no such mode"),
        }
    }
}

/// Nothing is free to compute this price: try again later.
#[derive(Debug)]
pub struct Busy;

/// Computes prices.
pub struct Work {
    units: NonZeroU16,
    mode: RwLock<Mode>,
    /// One permit for each thread of `thread-per-request`.
    threads: Arc<Semaphore>,
    /// One permit for each worker of `bounded`.
    workers: Arc<Semaphore>,
    /// One permit for each price that may be computed or wait for a worker.
    admitted: Arc<Semaphore>,
    metrics: Metrics,
    faults: Faults,
}

impl Work {
    /// Work as the environment sets it.
    ///
    /// # Errors
    /// If a setting cannot be used.
    pub fn new(service: &Service) -> Result<Self, StartError> {
        let env = &service.env;
        const UNITS: NonZeroU16 = NonZeroU16::new(20).expect("20 is not 0");
        let units =
            env.parse("WORK_UNITS", UNITS, "set it to how much work a price is, 1 to 65535")?;
        let cores = available_parallelism()
            .map_or(NonZeroU16::MIN, |cores| cores.try_into().unwrap_or(NonZeroU16::MAX));
        let workers = env.parse("WORK_WORKERS", cores, "set it to a number from 1 to 65535")?.get();
        let queue = env.parse("WORK_QUEUE", 64_u16, "set it to a number from 0 to 65535")?;
        let work = Self {
            units,
            mode: RwLock::new(Mode::Bounded),
            threads: Arc::new(Semaphore::new(THREADS_MAX)),
            workers: Arc::new(Semaphore::new(workers.into())),
            admitted: Arc::new(Semaphore::new(usize::from(workers) + usize::from(queue))),
            metrics: Metrics::register(&service.registry)?,
            faults: service.faults.clone(),
        };
        work.switch(env.parse("WORK_MODE", Mode::Bounded, MODES)?);
        Ok(work)
    }

    /// The price of an item, in cents. It depends on the item only.
    ///
    /// # Errors
    /// If nothing is free to compute it.
    pub async fn price(&self, item: &str) -> Result<u64, Busy> {
        let (item, units) = (item.to_owned(), self.units);
        let seconds = self.metrics.seconds.clone();
        let job = move || {
            let _timer = seconds.start_timer(); // observes when it is dropped
            price(&item, units)
        };
        let price = match self.mode() {
            Mode::Inline => Ok(job()),
            Mode::ThreadPerRequest => self.on_a_thread(job).await,
            Mode::Bounded => self.by_a_worker(job).await,
        };
        if price.is_err() {
            self.metrics.rejected.inc();
        }
        price
    }

    async fn on_a_thread(&self, job: impl FnOnce() -> u64 + Send + 'static) -> Result<u64, Busy> {
        let permit = self.threads.clone().try_acquire_owned();
        let permit = permit.map_err(|_| Busy)?;
        let (sender, price) = oneshot::channel();
        let run = move || {
            let _permit = permit;
            let _ = sender.send(job()); // nobody listens any more if the request was given up
        };
        let thread = thread::Builder::new().name("price".to_owned());
        thread.spawn(run).map_err(|_| Busy)?; // the system has no thread left
        price.await.map_err(|_| Busy)
    }

    async fn by_a_worker(&self, job: impl FnOnce() -> u64 + Send + 'static) -> Result<u64, Busy> {
        let admitted = self.admitted.clone().try_acquire_owned().map_err(|_| Busy)?;
        let waiting = Waiting::start(&self.metrics.waiting);
        let worker = self.workers.clone().acquire_owned().await;
        let worker = worker.map_err(|_| Busy)?;
        drop(waiting);
        // The permits go with the work, not with the request: a caller who leaves does not free a
        // busy worker.
        let run = move || {
            let _permits = (admitted, worker);
            job()
        };
        spawn_blocking(run).await.map_err(|_| Busy)
    }

    fn mode(&self) -> Mode {
        *self.mode.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn switch(&self, mode: Mode) {
        *self.mode.write().unwrap_or_else(PoisonError::into_inner) = mode;
        for (fault, name) in Mode::FAULTS {
            self.faults.set(name, fault == mode);
        }
    }
}

/// Counts as waiting for as long as it lives.
struct Waiting(IntGauge);

impl Waiting {
    fn start(gauge: &IntGauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The switch, for the admin port: `PUT /work {"mode": "inline"}`.
pub(crate) fn control() -> Vec<Route> {
    routes![show, switch]
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    mode: Mode,
}

#[get("/work")]
fn show(work: &State<Arc<Work>>) -> Json<Switch> {
    Json(Switch { mode: work.mode() })
}

#[put("/work", data = "<wanted>")]
fn switch(wanted: Json<Switch>, work: &State<Arc<Work>>) -> Json<Switch> {
    work.switch(wanted.mode);
    wanted
}
