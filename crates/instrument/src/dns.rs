//! The name resolver behind every outgoing call of a service.
//!
//! *Why not the one in the standard library?* Two reasons, and both are about telling the truth:
//! - `getaddrinfo` blocks a thread and says little more than "failed". We want every lookup
//!   counted, timed and traced with the reason it failed: `servfail` (the name server is in
//!   trouble) and `nxdomain` (no such name) need different repairs.
//! - Chaos Mesh's DNSChaos works by rewriting `/etc/resolv.conf` inside the running pod. A resolver
//!   that read that file once, or kept answers in a cache, would hide the fault. This one looks at
//!   the file before each lookup and caches nothing.
//!
//! It follows glibc, the C library of most containers, wherever the two can be compared; each
//! deliberate simplification is confessed where it is made. Read the files in this order:
//!
//! | file | one idea |
//! | --- | --- |
//! | `dns.rs` | a lookup from start to end |
//! | `outcome.rs` | the seven ways a lookup can end |
//! | `metrics.rs` | how lookups are counted, timed and traced |
//! | `config.rs` | which file, which port |
//! | `conf_file.rs` | noticing that the file changed |
//! | `settings.rs` | what the file says, and how long a lookup may take |
//! | `search.rs` | from `orders` to `orders.shop.svc.cluster.local.` |
//! | `exchange.rs` | whom to ask, how often, over UDP or TCP |
//! | `message.rs` | the bytes of a question and of its answer |

mod conf_file;
mod config;
mod exchange;
mod message;
mod metrics;
mod outcome;
mod search;
mod settings;

pub use conf_file::ConfFileError;
pub use config::{RESOLV_CONF, RESOLV_PORT, ResolverConfig};
pub use metrics::{DURATION_BUCKETS, DURATION_SECONDS, LOOKUPS_TOTAL};
pub use outcome::{Cause, LookupError, Outcome};
pub use search::BadName;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use domain::base::iana::Rtype;
use prometheus::Registry;
use tokio::time::Instant;
use tracing::Instrument;

use conf_file::ConfFile;
use metrics::{Metrics, Observation};
use search::{Candidate, QueryName, Verdict};
use settings::Settings;

/// Turns names into addresses. Cloning is cheap, and all clones share one set of metrics.
///
/// There is no cache and no merging of equal lookups: fifty concurrent lookups of one name are
/// fifty questions. A busy production service would want a cache; here it would hide the very
/// faults that a tale is about.
#[derive(Clone, Debug)]
pub struct Resolver {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    conf: ConfFile,
    port: u16,
    metrics: Metrics,
}

impl Resolver {
    /// Builds a resolver and registers its metrics, every label value already present at 0.
    ///
    /// `resolv.conf` is not read yet, so that a service can start before its network is ready: a
    /// missing file fails the lookups made while it is missing, not the start.
    ///
    /// # Errors
    /// The registry already holds the metrics of a resolver. Build one resolver per process and
    /// clone it.
    pub fn new(config: ResolverConfig, registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Metrics::register(registry)?;
        let conf = ConfFile::new(config.resolv_conf);
        let port = config.port;
        Ok(Self { inner: Arc::new(Inner { conf, port, metrics }) })
    }

    /// Finds the addresses of `name`, in the order in which the server listed them; never an empty
    /// list.
    ///
    /// An IP address written as text is returned as it is: no question is asked, so nothing is
    /// counted either.
    ///
    /// A lookup takes at most `timeout x attempts x servers x candidate names`, all taken from
    /// `resolv.conf`: with one server and one candidate name, at most `timeout x attempts`.
    /// Dropping the future ends it at once, leaves no socket behind, and counts as `timeout`:
    /// whoever was waiting ran out of patience.
    ///
    /// # Errors
    /// See [`Outcome`]: the error says which of the seven it was, and its text says why.
    pub async fn lookup(&self, name: &str) -> Result<Vec<IpAddr>, LookupError> {
        if let Ok(address) = name.parse() {
            return Ok(vec![address]);
        }
        let span = tracing::info_span!(
            "dns.lookup",
            otel.kind = "client",
            otel.status_code = tracing::field::Empty,
            // OpenTelemetry's word for it. A field called plain `name` would appear twice in JSON
            // logs, where `name` is the span's own.
            dns.question.name = name,
            outcome = tracing::field::Empty,
        );
        let observation = Observation::start(&self.inner.metrics, span.clone());
        let result = self.inner.search(name).instrument(span).await;
        observation.finish(result.as_ref().map_or_else(Cause::outcome, |_| Outcome::Ok));
        result.map_err(|cause| LookupError { name: name.to_owned(), cause })
    }
}

impl Inner {
    /// The whole lookup under one deadline. The steps inside have their own time-outs, which add up
    /// to the same figure; the deadline is the belt to their braces, so that no bug in the steps
    /// can make a caller wait longer.
    async fn search(&self, name: &str) -> Result<Vec<IpAddr>, Cause> {
        // Check the name first: a bad name is the caller's mistake, whatever state the
        // configuration is in.
        search::check(name)?;
        let started = Instant::now();
        let settings = self.conf.current().await?;
        let candidates = search::candidates(name, &settings)?;
        let deadline = started + settings.worst_case(candidates.len());
        let search = self.try_each(&settings, &candidates);
        tokio::time::timeout_at(deadline, search).await.unwrap_or(Err(Cause::Timeout))
    }

    async fn try_each(
        &self,
        settings: &Settings,
        candidates: &[Candidate],
    ) -> Result<Vec<IpAddr>, Cause> {
        let mut verdict = Verdict::default();
        for candidate in candidates {
            match self.addresses(settings, &candidate.name).await {
                Ok(addresses) => return Ok(addresses),
                Err(cause) => {
                    if verdict.add(candidate, cause).is_break() {
                        break;
                    }
                }
            }
        }
        Err(verdict.into_cause())
    }

    /// IPv4 first, and IPv6 only when the name exists without an IPv4 address. glibc sends both
    /// questions at once; asking one keeps "one lookup = one question" true in the usual case,
    /// which makes query counts easy to reason about.
    async fn addresses(&self, settings: &Settings, name: &QueryName) -> Result<Vec<IpAddr>, Cause> {
        let servers: Vec<_> =
            settings.nameservers.iter().map(|ip| SocketAddr::new(*ip, self.port)).collect();
        match exchange::ask(settings, &servers, name, Rtype::A).await {
            Err(Cause::NoData) => {
                match exchange::ask(settings, &servers, name, Rtype::AAAA).await {
                    // "No such name" right after "that name exists" is a server's slip: the name
                    // does exist.
                    Err(Cause::Nxdomain) => Err(Cause::NoData),
                    answer => answer,
                }
            }
            answer => answer,
        }
    }
}
