//! Name lookups of a service: counted, timed and traced.
//!
//! *Lesson: the rules are one thing, seeing them at work is another.* How a name becomes an address
//! is the business of the crate [`resolver`](../../resolver/README.md), which knows neither
//! Prometheus nor traces. This is the thin layer around it:
//!
//! | file | one idea |
//! | --- | --- |
//! | `dns.rs` | a lookup, and what is not counted as one |
//! | `dns/metrics.rs` | how lookups are counted, timed and traced |
//! | `dns/config.rs` | which files, which port |

mod config;
mod metrics;

pub use config::resolver_config;
pub use metrics::{DURATION_BUCKETS, DURATION_SECONDS, LOOKUPS_TOTAL};
pub use resolver::{
    BadName, Cause, Config as ResolverConfig, HOSTS_FILE, LookupError, Outcome, RESOLV_CONF,
    RESOLV_PORT, ResolvConfError,
};

use std::{net::IpAddr, sync::Arc};

use prometheus::Registry;
use tracing::{Instrument, field::Empty};

use metrics::{Metrics, Observation};

/// Turns names into addresses. Cloning is cheap, and all clones share one set of metrics.
///
/// There is no cache, and `resolv.conf` is looked at before each lookup: a fault in DNS shows at
/// once.
#[derive(Clone, Debug)]
pub struct Resolver {
    resolver: resolver::Resolver,
    metrics: Arc<Metrics>,
}

impl Resolver {
    /// Builds a resolver and registers its metrics, every label value already present at 0.
    ///
    /// Its files are not read yet, so that a service can start before its network is ready: a
    /// missing `resolv.conf` fails the lookups made while it is missing, not the start.
    ///
    /// # Errors
    /// The registry already holds the metrics of a resolver. Build one resolver per process and
    /// clone it.
    pub fn new(config: ResolverConfig, registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Arc::new(Metrics::register(registry)?);
        let resolver = resolver::Resolver::with_warnings(config, |warning| {
            tracing::warn!(%warning, "ignoring a part of the resolver configuration");
        });
        Ok(Self { resolver, metrics })
    }

    /// Finds the addresses of `name`, in the order in which the server listed them; never an empty
    /// list.
    ///
    /// What is known without DNS (an IP address written as text, a name in the hosts file,
    /// `localhost`) is returned as it is: no question is asked, so nothing is counted or traced
    /// either.
    ///
    /// Dropping the future ends the lookup at once, leaves no socket behind, and counts as
    /// `timeout`: whoever was waiting ran out of patience.
    ///
    /// # Errors
    /// See [`Outcome`]: the error says which of the seven it was, and its text says why.
    pub async fn lookup(&self, name: &str) -> Result<Vec<IpAddr>, LookupError> {
        if let Some(found) = self.resolver.find_locally(name) {
            return Ok(found.addresses);
        }
        // OpenTelemetry's names for what is known about a lookup. What is `Empty` here is filled in
        // at its end; a field that is not declared now could not be.
        let span = tracing::info_span!(
            "dns.lookup",
            otel.kind = "client",
            otel.status_code = Empty,
            dns.question.name = name,
            dns.answers = Empty,
            server.address = Empty,
            server.port = Empty,
            "error.type" = Empty,
        );
        let observation = Observation::start(&self.metrics, span.clone());
        let result = self.resolver.ask_dns(name).instrument(span).await;
        observation.finish(&result);
        result.map(|found| found.addresses)
    }
}
