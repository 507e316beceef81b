//! A service under construction: what every service has, before its own routes are added.

use std::net::SocketAddr;
use std::sync::Arc;

use prometheus::Registry;
use rocket::fairing::AdHoc;
use rocket::figment::Figment;
use rocket::figment::providers::{Env as RocketEnv, Format, Toml};
use rocket::futures::future::BoxFuture;
use rocket::http::Status;
use rocket::tokio::sync::watch;
use rocket::{Build, Request, Rocket, catch, catchers};

use crate::admin::{self, Admin};
use crate::dns::{Resolver, resolver_config};
use crate::env::{Env, SettingError};
use crate::fairing::GoldenSignals;
use crate::faults::Faults;
use crate::signals::Signals;
use crate::sockets::Listening;
use crate::{memory, process, sockets, spans};

/// Why a service did not start. Each message is one line that says what to change.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting that cannot be used.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A metric that cannot be registered, such as a name used twice: a mistake in the code.
    #[error("a metric cannot be registered: {0}")]
    Metric(#[from] prometheus::Error),
    /// Rocket refuses its configuration (`ROCKET_*`, `Rocket.toml`).
    #[error("Rocket's configuration: {0}; see the ROCKET_* variables and Rocket.toml")]
    Rocket(String),
    /// Anything else that keeps a service from starting.
    #[error("{0}")]
    Other(String),
}

/// What [`crate::run`] hands to a service's `build` function.
pub struct Service {
    /// The service's name: in traces, and in front of error messages.
    pub name: &'static str,
    /// Where settings come from.
    pub env: Env,
    /// Where the service's own metrics go.
    pub registry: Registry,
    /// The bugs of this service, shown in `fault_active`.
    pub faults: Faults,
    pub(crate) signals: Arc<Signals>,
    pub(crate) readiness: Readiness,
    pub(crate) listening: Listening,
    pub(crate) admin: Rocket<Build>,
    pub(crate) tasks: Vec<(&'static str, BoxFuture<'static, ()>)>,
}

impl Service {
    /// Prepares a service without running it: metrics registered, admin routes mounted, nothing
    /// listening yet. Tests call this with [`Env::of`] and hand the result to the service's `build`
    /// function.
    ///
    /// # Errors
    /// If a setting cannot be used.
    pub fn new(name: &'static str, env: Env) -> Result<Self, StartError> {
        Self::with_registry(name, env, Registry::new())
    }

    pub(crate) fn with_registry(
        name: &'static str,
        env: Env,
        registry: Registry,
    ) -> Result<Self, StartError> {
        let (readiness, listening) = (Readiness::default(), Listening::default());
        process::register(&registry)?;
        sockets::register(&registry, listening.clone())?;
        memory::register(&registry)
            .map_err(|why| StartError::Other(format!("jemalloc's statistics: {why}")))?;

        let port = env.parse("ADMIN_PORT", 9000_u16, "set it to a port from 1 to 65535")?;
        // Rocket on the admin port: no signal handling of its own, and one line per problem in the
        // log, not in colours.
        let figment =
            figment().merge(("port", port)).merge(("shutdown.ctrlc", false)).merge(NO_SIGNALS);
        let admin = Admin { name, registry: registry.clone(), readiness: readiness.clone() };
        Ok(Self {
            name,
            signals: Arc::new(Signals::register(&registry)?),
            faults: Faults::register(&registry)?,
            admin: admin::mount(rocket::custom(figment), admin),
            tasks: Vec::new(),
            env,
            registry,
            readiness,
            listening,
        })
    }

    /// The Rocket application to mount the service's routes on, golden signals attached.
    pub fn rocket(&self) -> Rocket<Build> {
        let (ready, stopping, listening) =
            (self.readiness.clone(), self.readiness.clone(), self.listening.clone());
        rocket::custom(figment())
            .attach(GoldenSignals(self.signals.clone()))
            .attach(AdHoc::on_liftoff("ready", move |rocket| {
                let address = SocketAddr::new(rocket.config().address, rocket.config().port);
                Box::pin(async move {
                    let _ = listening.set(address);
                    ready.set(true);
                    tracing::info!(%address, "ready");
                })
            }))
            .attach(AdHoc::on_shutdown("not ready", move |_| {
                Box::pin(async move {
                    stopping.set(false);
                    tracing::info!("stopping");
                })
            }))
            .register("/", spans::traced_catchers(catchers![failed]))
    }

    /// Adds control routes to the admin port: `service.control(|admin| admin.manage(..).mount("/",
    /// routes![..]))`.
    pub fn control(&mut self, add: impl FnOnce(Rocket<Build>) -> Rocket<Build>) {
        // `Rocket<Build>` is moved through its builder methods, so it is taken out and put back.
        self.admin = add(std::mem::replace(&mut self.admin, rocket::build()));
    }

    /// Runs `task` in the background from the moment the service is ready until it stops.
    pub fn background(
        &mut self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        self.tasks.push((name, Box::pin(task)));
    }

    /// A resolver for outgoing calls, set by `RESOLV_CONF`, `RESOLV_PORT` and `HOSTS_FILE`.
    ///
    /// # Errors
    /// If one of them cannot be used.
    pub fn resolver(&self) -> Result<Resolver, StartError> {
        Ok(Resolver::new(resolver_config(&self.env)?, &self.registry)?)
    }

    /// The admin application, for tests:
    /// `rocket::local::asynchronous::Client::untracked(service.into_admin())`.
    pub fn into_admin(self) -> Rocket<Build> {
        self.admin
    }
}

/// Answers every error that a service does not catch itself, in one line of text. Rocket's own
/// catcher would do the same in HTML, but cannot be wrapped in a span.
#[catch(default)]
fn failed(status: Status, _: &Request<'_>) -> String {
    format!("{} {}\n", status.code, status.reason_lossy())
}

/// Rocket's configuration: our defaults, then `Rocket.toml`, then `ROCKET_*`.
fn figment() -> Figment {
    Figment::from(rocket::Config::default())
        // One second for requests in progress, then the connections are closed: exit within 2.5 s
        // of SIGTERM.
        .merge(("shutdown.grace", 1))
        .merge(("shutdown.mercy", 0))
        .merge(("cli_colors", false))
        .merge(Toml::file(RocketEnv::var_or("ROCKET_CONFIG", "Rocket.toml")).nested())
        .merge(RocketEnv::prefixed("ROCKET_").ignore(&["CONFIG", "PROFILE"]).global())
        .select(rocket::figment::Profile::from_env_or(
            "ROCKET_PROFILE",
            rocket::Config::DEFAULT_PROFILE,
        ))
}

const NO_SIGNALS: (&str, [&str; 0]) = ("shutdown.signals", []);

/// Whether the service wants traffic. Not ready before it listens, and not ready again once it was
/// asked to stop, so that Kubernetes takes it out of the Service before its port closes.
#[derive(Clone)]
pub(crate) struct Readiness(Arc<watch::Sender<bool>>);

impl Default for Readiness {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Readiness {
    pub(crate) fn is_ready(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the service is ready.
    pub(crate) async fn wait(&self) {
        // An error means that the sender is gone, but `self` is one.
        let _ = self.0.subscribe().wait_for(|ready| *ready).await;
    }

    fn set(&self, ready: bool) {
        self.0.send_replace(ready);
    }
}
