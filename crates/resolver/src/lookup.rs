//! A lookup from start to end.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use domain::base::iana::Rtype;
use tokio::time::{Instant, timeout_at};

use crate::{
    config::Config,
    exchange::ask,
    hosts::Hosts,
    local,
    name::{self, QueryName},
    outcome::{Cause, Found, LookupError},
    resolv_conf::ResolvConf,
    search::{Candidate, Verdict, candidates},
    settings::Settings,
    warning::{Reporter, Warning},
};

/// Turns names into addresses. Cloning is cheap.
///
/// There is no cache and no merging of equal lookups: fifty concurrent lookups of one name are
/// fifty questions. A busy production service would want a cache; here it would hide the very
/// faults that somebody is looking for.
#[derive(Clone, Debug)]
pub struct Resolver {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    hosts: Hosts,
    resolv_conf: ResolvConf,
    /// Questions so far, for `rotate`.
    questions: AtomicUsize,
}

impl Resolver {
    /// A resolver that reports nothing about its files.
    ///
    /// They are not read yet, so that a program can start before its network is ready: a missing
    /// `resolv.conf` fails the lookups made while it is missing, not the start.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self::with_warnings(config, |_| {})
    }

    /// As [`new`](Self::new). `report` is called once for each part of the files that is ignored,
    /// when it is first read; it runs inside a lookup and should be quick.
    #[must_use]
    pub fn with_warnings(
        config: Config,
        report: impl Fn(&Warning) + Send + Sync + 'static,
    ) -> Self {
        let warnings = Arc::new(Reporter::new(report));
        let hosts = Hosts::new(config.hosts, Arc::clone(&warnings));
        let resolv_conf = ResolvConf::new(config.resolv_conf, config.port, warnings);
        // With `rotate`, many processes that start together must not all begin with one server.
        let questions = AtomicUsize::new(usize::from(rand::random::<u16>()));
        Self { inner: Arc::new(Inner { hosts, resolv_conf, questions }) }
    }

    /// Finds the addresses of `name`: [`find_locally`](Self::find_locally), else
    /// [`ask_dns`](Self::ask_dns).
    ///
    /// # Errors
    /// See [`Outcome`](crate::Outcome): the error says which of the seven it was, and its text says
    /// why.
    pub async fn lookup(&self, name: &str) -> Result<Found, LookupError> {
        match self.find_locally(name) {
            Some(found) => Ok(found),
            None => self.ask_dns(name).await,
        }
    }

    /// What is known without DNS: an address written as text, a name in the hosts file,
    /// `localhost`.
    ///
    /// For those who count or trace DNS lookups, and only these.
    #[must_use]
    pub fn find_locally(&self, name: &str) -> Option<Found> {
        local::find(name, &self.inner.hosts)
    }

    /// Asks the name servers, whatever is known locally.
    ///
    /// A lookup takes at most `timeout x attempts x servers x candidate names`, all taken from
    /// `resolv.conf`: with one server and one candidate name, at most `timeout x attempts`.
    /// Dropping the future ends it at once and leaves no socket behind.
    ///
    /// # Errors
    /// As [`lookup`](Self::lookup).
    pub async fn ask_dns(&self, name: &str) -> Result<Found, LookupError> {
        let result = self.inner.search(name).await;
        result.map_err(|cause| LookupError { name: name.to_owned(), cause })
    }
}

impl Inner {
    /// The whole lookup under one deadline. The steps inside have their own time-outs, which add up
    /// to the same figure; the deadline is the belt to their braces, so that no bug in the steps
    /// can make a caller wait longer.
    async fn search(&self, name: &str) -> Result<Found, Cause> {
        // Check the name first: a bad name is the caller's mistake, whatever state the
        // configuration is in.
        name::complete(name)?;
        let started = Instant::now();
        let settings = self.resolv_conf.current().await?;
        let candidates = candidates(name, &settings)?;
        let deadline = started + settings.worst_case(candidates.len());
        let search = self.try_each(&settings, &candidates);
        timeout_at(deadline, search).await.unwrap_or(Err(Cause::Timeout))
    }

    async fn try_each(
        &self,
        settings: &Settings,
        candidates: &[Candidate],
    ) -> Result<Found, Cause> {
        let mut verdict = Verdict::default();
        for candidate in candidates {
            match self.addresses(settings, &candidate.name).await {
                Ok(found) => return Ok(found),
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
    async fn addresses(&self, settings: &Settings, name: &QueryName) -> Result<Found, Cause> {
        match ask(settings, self.first_server(settings), name, Rtype::A).await {
            Err(Cause::NoData) if !settings.no_ipv6 => {
                match ask(settings, self.first_server(settings), name, Rtype::AAAA).await {
                    // "No such name" right after "that name exists" is a server's slip: the name
                    // does exist.
                    Err(Cause::Nxdomain) => Err(Cause::NoData),
                    answer => answer,
                }
            }
            answer => answer,
        }
    }

    /// The number of the server that the next question begins with.
    fn first_server(&self, settings: &Settings) -> usize {
        if settings.rotate { self.questions.fetch_add(1, Ordering::Relaxed) } else { 0 }
    }
}
