//! Where the clients go: a name that is looked up anew every second, and an address that the guard
//! lets pass.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use resolver::Resolver;

use super::{counts::Failure, guard::Guard};
use crate::plan::Target;

/// A thousand clients a second need not ask a name server a thousand times.
const KEEP: Duration = Duration::from_secs(1);

/// Where the clients go.
pub(crate) struct Destination {
    target: Target,
    resolver: Resolver,
    guard: Guard,
    known: Mutex<Option<(Instant, Vec<SocketAddr>)>>,
}

impl Destination {
    pub(crate) fn new(target: Target, resolver: Resolver, guard: Guard) -> Self {
        Self { target, resolver, guard, known: Mutex::default() }
    }

    /// The addresses, in the order in which to try them. What the guard says counts each time: a
    /// name may lead somewhere else by now.
    pub(crate) async fn addresses(&self) -> Result<Vec<SocketAddr>, (Failure, String)> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((when, addresses)) = known
            && when.elapsed() < KEEP
        {
            return Ok(addresses);
        }
        let host = &self.target.host;
        let found = match host.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => {
                let found = self.resolver.lookup(host).await;
                found.map_err(|why| (Failure::Dns, why.to_string()))?.addresses
            }
        };
        for address in &found {
            self.guard.check(host, *address).map_err(|why| (Failure::Forbidden, why))?;
        }
        let port = self.target.port;
        let found: Vec<_> = found.into_iter().map(|ip| SocketAddr::new(ip, port)).collect();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((Instant::now(), found.clone()));
        Ok(found)
    }
}
