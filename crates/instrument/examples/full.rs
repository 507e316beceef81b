//! A service with all there is: an admin port, traces, logs, profiles, settings, an orderly stop.

use std::process::ExitCode;

use instrument::{Service, StartError, traced};
use rocket::{Build, Rocket, get, routes};

fn main() -> ExitCode {
    instrument::run("greeter", build)
}

fn build(service: &mut Service) -> Result<Rocket<Build>, StartError> {
    Ok(service.rocket().mount("/", traced(routes![hello])))
}

#[get("/hello/<name>")]
fn hello(name: &str) -> String {
    tracing::info!(name, "greeting");
    format!("Hello, {name}!\n")
}
