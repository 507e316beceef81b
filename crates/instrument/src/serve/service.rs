//! A service under construction: what every service has, before its own routes are added.
//!
//! Settings come through [`Env`] rather than Rocket's figment: a wrong one is to end the start with
//! its name and a remedy, and tests pass settings as values. Rocket's own (`ROCKET_*`,
//! `Rocket.toml`) work as Rocket documents them. Next: `run.rs`, what happens to the service then.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use prometheus::Registry;
use rocket::fairing::AdHoc;
use rocket::figment::Figment;
use rocket::figment::providers::{Env as RocketEnv, Format, Toml};
use rocket::futures::future::BoxFuture;
use rocket::http::{Header, Status};
use rocket::response::{self, Responder};
use rocket::tokio::spawn;
use rocket::{Build, Request, Rocket, Route, catch, catchers};

use super::admin::Admin;
use super::connections::{Connections, UnknownMethod};
use super::failed::say;
use super::readiness::Readiness;
#[cfg(feature = "client")]
use crate::dns::{Resolver, resolver_config};
use crate::env::Env;
use crate::failures::Failures;
use crate::faults::Faults;
use crate::signals::GoldenSignals;
use crate::sockets::Listening;
use crate::start_error::StartError;
use crate::{memory, process, sockets, traces};

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
    signals: GoldenSignals,
    listening: Listening,
    pub(super) connections: Connections,
    pub(super) readiness: Readiness,
    pub(super) admin: Rocket<Build>,
    pub(super) tasks: Vec<(&'static str, BoxFuture<'static, ()>)>,
}

impl Service {
    /// Prepares a service without running it: metrics registered, admin routes mounted, nothing
    /// listening yet. Tests call this with [`Env::of`] and hand the result to the service's `build`
    /// function.
    ///
    /// # Errors
    /// If a setting cannot be used.
    pub fn new(name: &'static str, env: Env) -> Result<Self, StartError> {
        let registry = Registry::new();
        let failures = Failures::register(&registry)?;
        Self::with_registry(name, env, registry, failures)
    }

    pub(super) fn with_registry(
        name: &'static str,
        env: Env,
        registry: Registry,
        failures: Failures,
    ) -> Result<Self, StartError> {
        let (readiness, listening) = (Readiness::default(), Listening::default());
        process::register(&registry)?;
        sockets::register(&registry, listening.clone())?;
        memory::register(&registry)?;

        let port = env.parse("ADMIN_PORT", 9000_u16, "set it to a port from 1 to 65535")?;
        // Rocket on the admin port: no signal handling of its own.
        let figment =
            figment().merge(("port", port)).merge(("shutdown.ctrlc", false)).merge(NO_SIGNALS);
        let anybody = env.parse("ADMIN_CONTROL", false, "set it to true or false")?;
        let admin =
            Admin { name, registry: registry.clone(), readiness: readiness.clone(), anybody };
        let faults = Faults::register(&registry)?;
        Ok(Self {
            name,
            signals: GoldenSignals::register(&registry)?,
            connections: Connections::new(&env, &registry, &faults, failures)?,
            faults,
            admin: admin.mount(rocket::custom(figment)),
            tasks: Vec::new(),
            env,
            registry,
            readiness,
            listening,
        })
    }

    /// The Rocket application to mount the service's routes on, golden signals attached.
    pub fn rocket(&self) -> Rocket<Build> {
        // Signals are heard by `stop.rs`: readiness has to go before the listener does.
        let figment = figment().merge(("shutdown.ctrlc", false)).merge(NO_SIGNALS);
        let rocket = rocket::custom(figment).attach(self.signals.clone());
        let rocket = traces::attach_spans(rocket);
        let catchers = self.signals.counted(catchers![failed]);
        self.attach_readiness(rocket).register("/", traces::traced_catchers(catchers))
    }

    fn attach_readiness(&self, rocket: Rocket<Build>) -> Rocket<Build> {
        let (readiness, listening) = (self.readiness.clone(), self.listening.clone());
        rocket.attach(AdHoc::on_liftoff("ready", move |rocket| {
            let address = SocketAddr::new(rocket.config().address, rocket.config().port);
            let shutdown = rocket.shutdown();
            Box::pin(async move {
                let _ = listening.set(address);
                readiness.set(true);
                tracing::info!(%address, "ready");
                // No fairing: those for the shutdown run before the last request or after it,
                // depending on who listens.
                spawn(async move {
                    shutdown.await;
                    readiness.set(false);
                    tracing::info!("stopping");
                });
            })
        }))
    }

    /// Adds control routes to the admin port: `service.control(|admin| admin.manage(..).mount("/",
    /// routes![..]))`. Those that change something (any method but GET) answer this machine only,
    /// unless `ADMIN_CONTROL` is true.
    pub fn control(&mut self, add: impl FnOnce(Rocket<Build>) -> Rocket<Build>) {
        // `Rocket<Build>` is moved through its builder methods, so it is taken out and put back.
        self.admin = add(std::mem::replace(&mut self.admin, rocket::build()));
    }

    /// Which requests are streamed, by method and path: their bodies are read by their route while
    /// they arrive ([`Upload`](crate::Upload)), and neither a body nor an answer is too slow as
    /// long as something moves.
    pub fn stream(&mut self, requests: fn(rocket::http::Method, &str) -> bool) {
        self.connections.streamed = requests;
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
    #[cfg(feature = "client")]
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
/// catcher would do the same in HTML, but cannot be wrapped.
///
/// Rocket answers a known path with the wrong method like a path that it does not know, and a
/// method that it has no word for with 400. Here it is 405, with the methods that there are:
/// whoever writes a client learns what is wrong.
#[catch(default)]
fn failed(status: Status, request: &Request<'_>) -> (Status, Failed) {
    let unknown = request.local_cache(UnknownMethod::default).0.as_deref();
    let methods = match (unknown, status) {
        (Some(path), Status::BadRequest) => methods(request, path),
        // None if a route took it: then it has said itself what it did not find.
        (None, Status::NotFound) if request.route().is_none() => {
            methods(request, request.uri().path().as_str())
        }
        _ => String::new(),
    };
    let status = if methods.is_empty() { status } else { Status::MethodNotAllowed };
    say(status, request);
    let text = format!("{} {}\n", status.code, status.reason_lossy());
    (status, Failed { text, allow: (!methods.is_empty()).then(|| Header::new("Allow", methods)) })
}

/// The answer to what failed.
struct Failed {
    text: String,
    allow: Option<Header<'static>>,
}

impl<'r> Responder<'r, 'static> for Failed {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let mut response = self.text.respond_to(request)?;
        if let Some(allow) = self.allow {
            response.set_header(allow);
        }
        Ok(response)
    }
}

/// The methods of the routes that a path leads to.
fn methods(request: &Request<'_>, path: &str) -> String {
    let routes = request.rocket().routes().filter(|route| leads_to(path, route));
    let methods: BTreeSet<&str> = routes.map(|route| route.method.as_str()).collect();
    methods.into_iter().collect::<Vec<_>>().join(", ")
}

/// Whether a path is one of a route's: segment by segment, `<..>` at the end for any number.
fn leads_to(path: &str, route: &Route) -> bool {
    let mut asked = path.split('/').filter(|segment| !segment.is_empty());
    for segment in route.uri.path().split('/').filter(|segment| !segment.is_empty()) {
        if segment.ends_with("..>") {
            return true;
        }
        let is_here = asked.next().is_some_and(|own| segment.starts_with('<') || own == segment);
        if !is_here {
            return false;
        }
    }
    asked.next().is_none()
}

/// Rocket's configuration: our defaults, then `Rocket.toml`, then `ROCKET_*`.
fn figment() -> Figment {
    Figment::from(rocket::Config::default())
        // One second for requests in progress, then the connections are closed: exit within 2.5 s
        // of SIGTERM.
        .merge(("shutdown.grace", 1))
        .merge(("shutdown.mercy", 0))
        // Logs are read by programs.
        .merge(("cli_colors", false))
        .merge(Toml::file(RocketEnv::var_or("ROCKET_CONFIG", "Rocket.toml")).nested())
        .merge(RocketEnv::prefixed("ROCKET_").ignore(&["CONFIG", "PROFILE"]).global())
        .select(rocket::figment::Profile::from_env_or(
            "ROCKET_PROFILE",
            rocket::Config::DEFAULT_PROFILE,
        ))
}

const NO_SIGNALS: (&str, [&str; 0]) = ("shutdown.signals", []);
