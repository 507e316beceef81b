//! Authoritative DNS: a signed zone with Unix time for its serial, and servers that copy it.
//!
//! The zone is made and signed by a `primary`, copied by each `secondary`, and asked for over UDP
//! and TCP. Next: `desk.rs`, where every message arrives; `primary.rs`, for the story.

pub mod answer;
pub mod collect;
pub mod control;
pub mod desk;
#[doc(hidden)]
pub mod fuzzing;
pub mod history;
pub mod host;
pub mod incoming;
pub mod key;
pub mod labels;
pub mod listen;
pub mod message;
pub mod metrics;
pub mod node;
pub mod notified;
pub mod notify;
pub mod outgoing;
pub mod policy;
pub mod primary;
pub mod published;
pub mod refused;
pub mod request;
pub mod secondary;
pub mod serial;
pub mod settings;
pub mod signer;
pub mod state;
#[cfg(test)]
mod tests;
pub mod tsig;
pub mod zone;

use instrument::{Service, StartError, traced};
use rocket::{Build, Rocket, get, routes};

use control::Control;
use metrics::Metrics;
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
