//! From `main` to exit: start, serve, drain, flush.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

use opentelemetry::propagation::TextMapCompositePropagator;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};
use opentelemetry_sdk::trace::SdkTracerProvider;
use prometheus::Registry;
use rocket::error::ErrorKind;
use rocket::fairing::AdHoc;
use rocket::futures::future::BoxFuture;
use rocket::tokio::runtime::{Builder, Runtime};
use rocket::tokio::task::{JoinSet, spawn_blocking};
use rocket::tokio::{pin, select, time};
use rocket::{Build, Ignite, Rocket};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;

use crate::env::{Env, SettingError};
use crate::service::{Readiness, Service, StartError};
use crate::{logs, memory, otlp, profile};

/// How long the last spans may take to leave.
const FLUSH: Duration = Duration::from_secs(1);

/// Runs a service until it is told to stop (SIGTERM, Ctrl-C). This is the whole of a service's
/// `main`.
///
/// Exit codes: 0 after a clean stop, 1 if requests had to be abandoned, 2 if the service could not
/// start; then one line on standard error says why and what to do.
pub fn run(
    name: &'static str,
    build: fn(&mut Service) -> Result<Rocket<Build>, StartError>,
) -> ExitCode {
    let heap = memory::Profiler::start();
    let stopped = start_and_serve(name, build);
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

fn start_and_serve(
    name: &'static str,
    build: fn(&mut Service) -> Result<Rocket<Build>, StartError>,
) -> Result<Stopped, StartError> {
    let (env, registry) = (Env::process(), Registry::new());
    // Before anything touches Rocket: the first logger that is set in a process stays, and Rocket
    // brings one.
    let tracer = telemetry(name, &env, &registry)?;
    let mut service = Service::with_registry(name, env, registry)?;
    let business = build(&mut service)?;
    let profiling = service.env.parse("HEAP_PROFILE", false, "set it to true or false")?;
    let runtime = runtime(&business)?;
    let (admin, readiness, tasks) = (service.admin, service.readiness, service.tasks);

    let rocket = runtime.block_on(async {
        if profiling {
            profile::activate().await.map_err(|why| StartError::Other(why.to_string()))?;
        }
        let admin = serve_admin(admin)?;
        let served = serve(business, readiness, tasks).await;
        if let Some(tracer) = tracer {
            let _ = spawn_blocking(move || otlp::shut_down(&tracer, FLUSH)).await;
        }
        admin.notify(); // last, so that the service can be watched while it stops
        served
    })?;
    Ok(Stopped { rocket, runtime })
}

/// Logs, traces and panics: everything that is global to the process, set up once, before anything
/// can log.
fn telemetry(
    name: &'static str,
    env: &Env,
    registry: &Registry,
) -> Result<Option<SdkTracerProvider>, StartError> {
    let asked = env.text("RUST_LOG")?;
    let filter =
        EnvFilter::try_new(asked.as_deref().unwrap_or(logs::DEFAULT_FILTER)).map_err(|why| {
            SettingError {
                name: "RUST_LOG".to_owned(),
                found: asked.clone().unwrap_or_default(),
                why: why.to_string(),
                remedy: "set it to e.g. info or warn,dns_leaker=debug".to_owned(),
            }
        })?;
    logs::bridge(registry, &filter, asked.is_some())?;
    opentelemetry::global::set_text_map_propagator(propagators(env)?);

    let provider = otlp::provider(env, name, registry)?;
    // Only what OpenTelemetry's conventions name is put on a span: where in the code and on which
    // thread it ran costs 1.5 to 3 us per span. Context activation is what lets a log line find its
    // ids.
    let spans = provider.as_ref().map(|provider| {
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer(name))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_context_activation(true)
    });
    let subscriber =
        tracing_subscriber::registry().with(filter).with(spans).with(logs::layer(std::io::stdout));
    tracing::subscriber::set_global_default(subscriber)
        .map_err(|why| StartError::Other(why.to_string()))?;

    // The standard hook can print a backtrace, for which it loads the program's debug information:
    // a step in memory that looks like a leak. A line in the log has the message and the place.
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "panicked")));
    Ok(provider)
}

fn propagators(env: &Env) -> Result<TextMapCompositePropagator, SettingError> {
    let wanted = env.text("OTEL_PROPAGATORS")?.unwrap_or_else(|| "tracecontext,baggage".to_owned());
    let mut propagators: Vec<Box<dyn opentelemetry::propagation::TextMapPropagator + Send + Sync>> =
        Vec::new();
    for name in wanted.split(',').map(str::trim) {
        match name {
            "tracecontext" => propagators.push(Box::new(TraceContextPropagator::new())),
            "baggage" => propagators.push(Box::new(BaggagePropagator::new())),
            "none" => {}
            _ => {
                return Err(SettingError {
                    name: "OTEL_PROPAGATORS".to_owned(),
                    why: format!("{name} is not a propagator of this build"),
                    found: wanted.clone(),
                    remedy: "set it to tracecontext, baggage, both with a comma, or none"
                        .to_owned(),
                });
            }
        }
    }
    Ok(TextMapCompositePropagator::new(propagators))
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

/// Serves the business until it is told to stop, then drains it. `None` if it did not drain in
/// time.
async fn serve(
    business: Rocket<Build>,
    readiness: Readiness,
    tasks: Vec<(&'static str, BoxFuture<'static, ()>)>,
) -> Result<Option<Rocket<Ignite>>, StartError> {
    let business = business.ignite().await.map_err(|why| start_error("ROCKET_PORT", why))?;
    let config = business.config();
    // Rocket waits one more second than this for requests that will not end. A little more than its
    // own limits is enough.
    let limit =
        Duration::from_secs(u64::from(config.shutdown.grace) + u64::from(config.shutdown.mercy));
    let limit = limit + Duration::from_millis(200);
    let (address, port) = (config.address, config.port);
    let shutdown = business.shutdown();

    let mut background = JoinSet::new();
    background.spawn(async move {
        readiness.wait().await;
        let mut running = JoinSet::new();
        for (name, task) in tasks {
            running.spawn(async move { (task.await, name).1 });
        }
        while let Some(ended) = running.join_next().await {
            tracing::error!(task = ended.unwrap_or("panicked"), "a background task ended");
        }
    });

    let launch = business.launch();
    pin!(launch);
    let result = select! {
        result = &mut launch => Some(result),
        () = shutdown => time::timeout(limit, &mut launch).await.ok(),
    };
    background.abort_all();
    match result {
        Some(Ok(rocket)) => Ok(Some(rocket)),
        Some(Err(why)) if !matches!(why.kind(), ErrorKind::Shutdown(..)) => {
            Err(start_error("ROCKET_PORT", why))
        }
        _ => {
            tracing::warn!(%address, port, "stopped with requests still in progress");
            Ok(None)
        }
    }
}

/// Serves the admin port on its own thread: busy workers must not keep the metrics from being read.
fn serve_admin(admin: Rocket<Build>) -> Result<rocket::Shutdown, StartError> {
    let (tell, told) = mpsc::sync_channel(1);
    let thread = std::thread::Builder::new().name("admin".to_owned()).spawn(move || {
        let runtime = match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(why) => return drop(tell.send(Err(StartError::Other(format!("no admin thread: {why}"))))),
        };
        runtime.block_on(async {
            let ready = tell.clone();
            let admin = admin.attach(AdHoc::on_liftoff("admin ready", move |rocket| {
                let shutdown = rocket.shutdown();
                tracing::info!(address = %SocketAddr::new(rocket.config().address, rocket.config().port), "admin ready");
                Box::pin(async move { drop(ready.send(Ok(shutdown))) })
            }));
            // After a clean stop nobody listens to this any more.
            if let Err(why) = admin.launch().await {
                let _ = tell.try_send(Err(start_error("ADMIN_PORT", why)));
            }
        });
    });
    thread.map_err(|why| StartError::Other(format!("no admin thread: {why}")))?;
    told.recv().map_err(|_| StartError::Other("the admin thread ended".to_owned()))?
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
