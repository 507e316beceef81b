//! Your first metrics: a greeting, counted.
//!
//! `GET /hello/<name>?<caps>` greets and counts the name. Everything else you see on `/metrics`
//! comes from `instrument`: the golden signals of the very same requests. Next: `metrics.rs`, for
//! what a label may hold.

pub mod metrics;
#[cfg(test)]
mod tests;

use instrument::{Service, StartError, traced};
use rocket::{Build, Rocket, State, get, routes};

use metrics::Metrics;

/// The service, ready to launch. `main` hands this function to `instrument::run`, which prepares a
/// [`Service`]: settings, a registry for metrics, and an admin port that shows them.
///
/// # Errors
/// If `NAMES_MAX` is not a number.
pub fn build(service: &mut Service) -> Result<Rocket<Build>, StartError> {
    // A setting: the variable, what it is when unset, and what to write instead of a wrong value.
    let remedy = "set it to how many names get a series of their own";
    let names = service.env.parse("NAMES_MAX", 100, remedy)?;
    // The metrics of this service's own, on the same `/metrics` as those that every service has.
    let metrics = Metrics::register(&service.registry, names)?;
    // A Rocket application as usual, except that `service.rocket()` is `rocket::build()` with the
    // golden signals attached, and `traced` puts a span around each of the routes.
    Ok(service.rocket().manage(metrics).mount("/", traced(routes![index, hello])))
}

#[get("/")]
fn index() -> &'static str {
    "Say hello: GET /hello/<your name>, louder with ?caps=true\n"
}

#[get("/hello/<name>?<caps>")]
fn hello(name: &str, caps: Option<bool>, metrics: &State<Metrics>) -> String {
    metrics.greeted(name);
    let name = if caps.unwrap_or(false) { name.to_uppercase() } else { name.to_owned() };
    format!("Hello, {name}!\n")
}
