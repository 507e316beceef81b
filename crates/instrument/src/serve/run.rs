//! From `main` to exit: start, serve, drain, flush. Next: `stop.rs`, for the time between.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use prometheus::Registry;
use rocket::error::ErrorKind;
use rocket::fairing::AdHoc;
use rocket::futures::future::BoxFuture;
use rocket::tokio::runtime::{Builder, Runtime};
use rocket::tokio::task::{JoinSet, spawn_blocking};
use rocket::tokio::{pin, select, time};
use rocket::{Build, Ignite, Rocket, Shutdown};

use super::connections::{self, Connections, bind};
use super::delay::Delay;
use super::descriptors;
use super::readiness::Readiness;
use super::service::Service;
use super::stop::Signals;
use crate::env::Env;
use crate::failures::Failures;
use crate::memory::{self, profile};
use crate::start_error::StartError;
use crate::traces::Telemetry;

/// How long the last spans may take to leave.
const FLUSH: Duration = Duration::from_secs(1);

/// What a service does with its own settings, metrics and routes.
type BuildFn = fn(&mut Service) -> Result<Rocket<Build>, StartError>;

/// Runs a service until SIGTERM or Ctrl-C. This is the whole of a service's `main`.
///
/// Exit codes: 0 after a clean stop, 1 if requests had to be abandoned, 2 if the service could not
/// start; then one line on standard error says why and what to do.
// `#[inline]`, like the functions that it leads to, so that Rocket's generic parts are compiled
// in the program's crate and nowhere else. Compiled here, they came out 1.5 % slower.
#[inline]
pub fn run(
    name: &'static str,
    build: fn(&mut Service) -> Result<Rocket<Build>, StartError>,
) -> ExitCode {
    run_with(name, Env::process(), build)
}

/// The same with settings of your own, such as [`Env::process`] overruled by the command line.
#[inline]
pub fn run_with(
    name: &'static str,
    env: Env,
    build: fn(&mut Service) -> Result<Rocket<Build>, StartError>,
) -> ExitCode {
    let heap = memory::Profiler::start();
    let stopped = start_and_serve(name, env, build);
    // What the service still holds must count as held: the heap profile is written before anything
    // is dropped.
    heap.finish();
    match stopped {
        Ok(stopped) => {
            let clean = stopped.rocket.is_some();
            stopped.runtime.shutdown_background();
            ExitCode::from(u8::from(!clean))
        }
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "{name}: {why}");
            ExitCode::from(2)
        }
    }
}

/// A service that has stopped, everything it held still in place. `rocket` is missing if requests
/// were abandoned.
struct Stopped {
    rocket: Option<Rocket<Ignite>>,
    runtime: Runtime,
}

#[inline]
fn start_and_serve(name: &'static str, env: Env, build: BuildFn) -> Result<Stopped, StartError> {
    let registry = Registry::new();
    let failures = Failures::register(&registry)?;
    let telemetry = Telemetry::start(name, &env, &registry, failures.clone())?;
    log_panics();
    let mut service = Service::with_registry(name, env, registry, failures)?;
    let business = build(&mut service)?;
    let profiling = service.env.parse("HEAP_PROFILE", false, "set it to true or false")?;
    let delay = service.env.parse("SHUTDOWN_DELAY", Delay::default(), Delay::REMEDY)?;
    let runtime = runtime(&business)?;
    let (admin, readiness, tasks) = (service.admin, service.readiness, service.tasks);
    let connections = service.connections;

    let rocket = runtime.block_on(async {
        if profiling {
            profile::activate().await.map_err(|why| StartError::Other(why.to_string()))?;
        }
        let admin = serve_admin(admin)?;
        let served = serve(business, readiness, delay, tasks, connections).await;
        let _ = spawn_blocking(move || telemetry.flush(FLUSH)).await;
        admin.notify(); // last, so that the service can be watched while it stops
        served
    })?;
    Ok(Stopped { rocket, runtime })
}

/// The standard hook can print a backtrace, for which it loads the program's debug information: a
/// step in memory that looks like a leak. A line in the log has the message and the place.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "panicked")));
}

fn runtime(business: &Rocket<Build>) -> Result<Runtime, StartError> {
    let workers = business
        .figment()
        .extract_inner("workers")
        .map_err(|why| StartError::Rocket(format!("ROCKET_WORKERS: {why}")))?;
    // Rocket recognizes its own runtime by the threads' name.
    Builder::new_multi_thread()
        .worker_threads(workers)
        .thread_name("rocket-worker-thread")
        .enable_all()
        .build()
        .map_err(|why| {
            StartError::Other(format!(
                "cannot start {workers} worker threads: {why}; set ROCKET_WORKERS"
            ))
        })
}

/// Serves the business until it is asked to stop, then drains it. `None` if it did not drain in
/// time.
#[inline]
async fn serve(
    business: Rocket<Build>,
    readiness: Readiness,
    delay: Delay,
    tasks: Vec<(&'static str, BoxFuture<'static, ()>)>,
    connections: Connections,
) -> Result<Option<Rocket<Ignite>>, StartError> {
    let signals = Signals::listen()?;
    let (business, listener) = if connections.are_hardened() {
        let (business, listener) = bind(business).await?;
        (business, Some(listener))
    } else {
        (business, None)
    };
    let business = business.ignite().await.map_err(|why| start_error("ROCKET_PORT", why))?;
    let (address, port) = (business.config().address, business.config().port);

    let mut background = JoinSet::new();
    background.spawn(signals.stop(readiness.clone(), delay, business.shutdown()));
    background.spawn(run_background(readiness, tasks));
    let served = match listener {
        Some(listener) => connections::serve(business, listener, connections).await,
        None => launch(business).await,
    };
    background.abort_all();
    match served {
        Ok(Some(rocket)) => Ok(Some(rocket)),
        Err(why) if !matches!(why.kind(), ErrorKind::Shutdown(..)) => {
            Err(start_error("ROCKET_PORT", why))
        }
        _ => {
            tracing::warn!(%address, port, "stopped with requests still in progress");
            Ok(None)
        }
    }
}

/// Serves by Rocket's own listener. `None` if it did not drain in time.
#[inline]
async fn launch(business: Rocket<Ignite>) -> Result<Option<Rocket<Ignite>>, rocket::Error> {
    let config = business.config();
    // Rocket waits one more second than this for requests that will not end. A little more than its
    // own limits is enough.
    let limit =
        Duration::from_secs(u64::from(config.shutdown.grace) + u64::from(config.shutdown.mercy));
    let limit = limit + Duration::from_millis(200);
    let shutdown = business.shutdown();
    let launch = business.launch();
    pin!(launch);
    select! {
        result = &mut launch => result.map(Some),
        () = shutdown => time::timeout(limit, &mut launch).await.ok().transpose(),
    }
}

/// Runs a service's own tasks once it is ready.
async fn run_background(readiness: Readiness, tasks: Vec<(&'static str, BoxFuture<'static, ()>)>) {
    readiness.wait().await;
    let mut running = JoinSet::new();
    for (name, task) in tasks {
        running.spawn(async move {
            task.await;
            name
        });
    }
    while let Some(ended) = running.join_next().await {
        tracing::error!(task = ended.unwrap_or("panicked"), "a background task ended");
    }
}

/// Serves the admin port on its own thread: busy workers must not keep the metrics from being read.
/// Returns once it listens.
fn serve_admin(admin: Rocket<Build>) -> Result<Shutdown, StartError> {
    let (started, outcome) = channel();
    std::thread::Builder::new()
        .name("admin".to_owned())
        .spawn(move || {
            if let Err(why) = launch_admin(admin, &started) {
                // After a clean stop nobody listens to this any more.
                let _ = started.send(Err(why));
            }
        })
        .map_err(|why| StartError::Other(format!("no admin thread: {why}")))?;
    outcome.recv().map_err(|_| StartError::Other("the admin thread ended".to_owned()))?
}

/// Blocks until the admin server is stopped by what it sends to `started`.
fn launch_admin(
    admin: Rocket<Build>,
    started: &Sender<Result<Shutdown, StartError>>,
) -> Result<(), StartError> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| StartError::Other(format!("no admin thread: {why}")))?;
    descriptors::of_its_own();
    let started = started.clone();
    let ready = AdHoc::on_liftoff("admin ready", move |rocket| {
        let (address, shutdown) =
            (SocketAddr::new(rocket.config().address, rocket.config().port), rocket.shutdown());
        tracing::info!(%address, "admin ready");
        Box::pin(async move { drop(started.send(Ok(shutdown))) })
    });
    let launched = runtime.block_on(admin.attach(ready).launch());
    launched.map(drop).map_err(|why| start_error("ADMIN_PORT", why))
}

/// One line for what Rocket would print as pages of its insides. Asking for the kind also keeps
/// Rocket from panicking.
fn start_error(setting: &'static str, error: rocket::Error) -> StartError {
    match error.kind() {
        ErrorKind::Bind(why) | ErrorKind::Io(why) => StartError::Other(format!(
            "{setting}: cannot listen: {why}; stop what listens there, or set {setting} or ROCKET_ADDRESS"
        )),
        ErrorKind::Config(why) => StartError::Rocket(why.to_string()),
        other => StartError::Other(other.to_string()),
    }
}
