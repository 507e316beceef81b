//! Waiting under a fault. It ends with the fault, whether its time is over or it is taken off, and
//! with the client.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chaos::fault::HttpFault;
use tokio::net::TcpStream;

use super::{Connection, Failure, faults};
use crate::local::network::traffic::{Route, at};

/// Holds a message back for `delay`; returns whether the fault was there all the time.
///
/// A client that ends its requests meanwhile counts as gone. It may only have nothing more to ask,
/// but from here that looks the same as giving up, and a request must not reach the pod long after
/// that.
pub(super) async fn delay(
    fault: &Arc<HttpFault>,
    delay: Duration,
    connection: &Connection<'_>,
) -> Result<bool, Failure> {
    let due = Instant::now() + delay;
    let mut changes = connection.route.traffic.http.changes();
    let mut client_gone = connection.client_gone.clone();
    loop {
        changes.borrow_and_update();
        let Some(until) = lasts(fault, connection.route) else {
            return Ok(false);
        };
        if due <= Instant::now() {
            return Ok(true);
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = at(Some(due.min(until))) => {}
            _ = client_gone.wait_for(|client_gone| *client_gone) => return Err(Failure::ClientGone),
        }
    }
}

/// When `fault` lapses; `None` when it is no longer on the pod, or another has taken its place.
pub(super) fn lasts(fault: &Arc<HttpFault>, route: &Route) -> Option<Instant> {
    let mut active = faults(route).into_iter();
    let this = active.find(|(other, _)| Arc::ptr_eq(fault, other));
    this.map(|(_, until)| until)
}

/// The first bytes of `client`, at most as many as fit; `None` without a fault, also when the last
/// one ends meanwhile.
pub(super) async fn first_bytes<'a>(
    client: &TcpStream,
    route: &Route,
    buffer: &'a mut [u8],
) -> Option<&'a [u8]> {
    let mut changes = route.traffic.http.changes();
    loop {
        changes.borrow_and_update();
        let lapse = faults(route).into_iter().map(|(_, until)| until).min()?;
        tokio::select! {
            _ = changes.changed() => {}
            () = at(Some(lapse)) => {}
            length = client.peek(buffer) => return Some(&buffer[..length.unwrap_or(0)]),
        }
    }
}
