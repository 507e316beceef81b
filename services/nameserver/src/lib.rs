//! Authoritative DNS: a signed zone with Unix time for its serial, and servers that copy it.
//!
//! The zone is made and signed by a `primary`, copied by each `secondary`, and asked for over UDP
//! and TCP. What needs no network is in the crate `authority`: the zone, and what is answered. Here
//! are sockets, timers and settings. Next: `node.rs`, what belongs together; `primary.rs`, for the
//! story.

pub mod control;
pub mod host;
pub mod incoming;
pub mod listen;
pub mod node;
pub mod notify;
pub mod primary;
pub mod secondary;
pub mod settings;
#[cfg(test)]
mod tests;

use authority::metrics::Metrics;
use instrument::{Service, StartError, traced};
use rocket::{Build, Rocket, get, routes};

use control::Control;
use node::Node;

/// The service, ready to launch.
///
/// # Errors
/// If a setting cannot be used, or the DNS port is taken.
pub fn build(service: &mut Service) -> Result<Rocket<Build>, StartError> {
    let metrics = Metrics::register(&service.registry)?;
    let node = Node::new(&service.env, metrics, service.resolver()?)?;
    let control = Control::new(&node, service.faults.clone());
    service.control(|admin| control.mount(admin));
    service.background("dns", node.run());
    Ok(service.rocket().mount("/", traced(routes![index])))
}

#[get("/")]
fn index() -> &'static str {
    "DNS is served on DNS_PORT, over UDP and TCP; what can be changed, on the admin port\n"
}
