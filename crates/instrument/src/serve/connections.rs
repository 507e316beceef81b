//! Connections: who gets one, and for how long.
//!
//! Lesson: *a server pays for a connection before it knows what the client wants with it.* Whoever
//! opens connections and says nothing, says it slowly, or does not read the answer, costs memory
//! and descriptors for as long as he likes, unless somebody ends it. The same binary can do both:
//!
//! | `CONNECTIONS` | who accepts | ends a connection |
//! | --- | --- | --- |
//! | `hardened` | this folder | when it is one too many, or too slow in any of the ways below |
//! | `vulnerable` (a bug to look at) | Rocket 0.5 | when the client hangs up |
//!
//! Rocket 0.5 binds, accepts and serves by itself: there is no listener to hand it, its
//! `keep_alive` is no time-out, and it switches hyper's time-out for heads off. Three ways remain.
//! A proxy in front (nginx, or forty lines in the process) works with any server, but copies each
//! byte once more, and hides the client's address. A fork of Rocket has to be kept alive. The third
//! is here: accept and speak HTTP with hyper, as Rocket does, and ask Rocket for answers through
//! [`rocket::local`], the one door to its routes that is open. It was made for tests, and nothing
//! in it is: the request passes the same fairings, guards, routes and catchers.
//!
//! What differs from Rocket's own listener, and is the price:
//!
//! - A body is read before its route is asked, up to `CONNECTION_BODY_BYTES`. A slow sender keeps a
//!   connection, and no handler. A route that has to read a body while it arrives says so
//!   (`upload.rs`).
//! - A path that is not a valid URI is answered with 400, where Rocket's listener routes it.
//! - Neither TLS nor WebSockets nor HTTP/2: this project has none of them.
//! - Fairings for the shutdown run after the last request, not before.
//!
//! | file | one idea |
//! | --- | --- |
//! | `limits.rs` | how many, how long: the settings |
//! | `listener.rs` | one more connection, or not; what to do when there is no descriptor left |
//! | `table.rs` | who holds how many |
//! | `state.rs` | what a connection is doing, and since when |
//! | `sweep.rs` | one clock for all connections instead of a timer in each |
//! | `request.rs` | from hyper's request to Rocket's, body included |
//! | `upload.rs` | a body that a route reads while it arrives |
//! | `response.rs` | from Rocket's response to hyper's |
//! | `metrics.rs` | what is counted |
//!
//! The admin port stays with Rocket: it has a thread, descriptors and, in a cluster, a network
//! policy of its own.

mod limits;
mod listener;
mod metrics;
mod request;
mod response;
mod state;
mod sweep;
mod table;
mod upload;

pub(super) use listener::{bind, serve};
pub(super) use request::UnknownMethod;
pub(super) use upload::Streamed;
pub use upload::Upload;

use prometheus::Registry;

use crate::env::Env;
use crate::failures::Failures;
use crate::faults::Faults;
use crate::start_error::StartError;
use limits::{Handling, Limits};
use metrics::Metrics;

/// How `fault_active` names Rocket's own listener.
const FAULT: &str = "connections_vulnerable";

/// How connections are handled, as the environment sets it.
pub(super) struct Connections {
    handling: Handling,
    limits: Limits,
    metrics: Metrics,
    failures: Failures,
    /// Which requests are streamed.
    pub(super) streamed: Streamed,
}

impl Connections {
    /// Reads the settings and registers the metrics.
    ///
    /// # Errors
    /// If a setting cannot be used.
    pub(super) fn new(
        env: &Env,
        registry: &Registry,
        faults: &Faults,
        failures: Failures,
    ) -> Result<Self, StartError> {
        let remedy = "set it to hardened or vulnerable";
        let handling = env.parse("CONNECTIONS", Handling::Hardened, remedy)?;
        let limits = Limits::read(env)?;
        let metrics = Metrics::register(registry, &limits)?;
        faults.set(FAULT, handling == Handling::Vulnerable);
        Ok(Self { handling, limits, metrics, failures, streamed: |_, _| false })
    }

    pub(super) fn are_hardened(&self) -> bool {
        self.handling == Handling::Hardened
    }
}
