//! The servers that the benchmarks compare: one handler, instrumented more or less.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ExitCode};

use instrument::{GoldenSignals, Service, StartError, traced};
use rocket::fairing::AdHoc;
use rocket::{Build, Rocket, get, routes};

/// The variable by which a benchmark starts itself as a server.
pub(crate) const ROLE: &str = "BENCH_ROLE";

/// How much is attached to the handler.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Role {
    /// Rocket, and nothing else.
    Bare,
    /// The three lines of `examples/own_rocket.rs`.
    Signals,
    /// All of `examples/full.rs`.
    Service,
    /// The same with Rocket's own listener.
    Vulnerable,
}

impl Role {
    /// The value of `CONNECTIONS` that it needs.
    pub(crate) fn connections(self) -> &'static str {
        if self == Self::Vulnerable { "vulnerable" } else { "hardened" }
    }

    /// How the variable names it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Signals => "signals",
            Self::Service => "service",
            Self::Vulnerable => "vulnerable",
        }
    }
}

/// Serves, if this process was started as a server.
pub(crate) fn serve() -> Option<ExitCode> {
    Some(match std::env::var(ROLE).ok()?.as_str() {
        "bare" => launch(rocket()),
        "signals" => {
            let signals = GoldenSignals::default();
            launch(rocket().attach(signals.clone()).mount("/metrics", signals))
        }
        _ => instrument::run("bench", service),
    })
}

#[get("/hello/<name>")]
fn hello(name: &str) -> String {
    format!("Hello, {name}!")
}

fn service(service: &mut Service) -> Result<Rocket<Build>, StartError> {
    Ok(service.rocket().mount("/", traced(routes![hello])))
}

/// The same handler, allocator, runtime and number of threads as the service.
fn rocket() -> Rocket<Build> {
    let figment = rocket::Config::figment().merge(("log_level", "off"));
    let ready = AdHoc::on_liftoff("ready", |rocket| {
        let address = SocketAddr::new(rocket.config().address, rocket.config().port);
        Box::pin(async move { println!("{{\"address\":\"{address}\",\"message\":\"ready\"}}") })
    });
    rocket::custom(figment).attach(ready).mount("/", routes![hello])
}

fn launch(rocket: Rocket<Build>) -> ExitCode {
    let _ = rocket::execute(rocket.launch());
    ExitCode::SUCCESS
}

/// The address of the business port, from the server's own "ready" line.
pub(crate) fn address(server: &mut Child) -> SocketAddr {
    let lines = BufReader::new(server.stdout.take().unwrap()).lines().map_while(Result::ok);
    let line = lines.into_iter().find(|line| line.contains("\"message\":\"ready\"")).unwrap();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    line["address"].as_str().unwrap().parse().unwrap()
}
