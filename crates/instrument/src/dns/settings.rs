//! What `resolv.conf` says, within glibc's limits, and the arithmetic of how long a lookup may
//! take.

use std::{net::IpAddr, path::Path, time::Duration};

/// glibc's limits (`resolv/resolv.h` and `man 5 resolv.conf`). Values beyond them are cut, not
/// refused, as glibc does.
const MAX_NDOTS: u32 = 15;
const MAX_TIMEOUT_SECONDS: u32 = 30;
const MAX_ATTEMPTS: u32 = 5;

/// The part of `resolv.conf` that this resolver acts upon.
///
/// Left out on purpose: `rotate` (a fixed order makes query counts predictable), `edns0` (without
/// EDNS an answer is at most 512 bytes over UDP, plenty for addresses, and TCP takes the rest),
/// `sortlist` and the rare compatibility switches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// Asked in this order; at most three.
    pub(super) nameservers: Vec<IpAddr>,
    /// Suffixes for short names, in this order.
    pub(super) search: Vec<String>,
    /// A name with fewer dots than this goes through the search list first. Kubernetes sets 5.
    pub(super) ndots: usize,
    /// How long to wait for one server, 1 to 30 s.
    pub(super) timeout: Duration,
    /// How often to go through the list of servers, 1 to 5.
    pub(super) attempts: usize,
}

impl Settings {
    /// Reads what can be read and reports the rest as a warning: a typo in one option must not take
    /// the service down. `path` is only for the message.
    pub(super) fn parse(path: &Path, text: &[u8]) -> Self {
        let (mut config, problems) = resolv_conf::Config::parse_with_errors(text);
        for problem in problems {
            tracing::warn!(path = %path.display(), %problem, "ignoring a part of the resolver configuration");
        }
        // Three servers, as glibc. The search list is taken before that cut: older C libraries stop
        // at six suffixes, but Kubernetes allows 32 and today's glibc reads them all.
        let search = config.get_last_search_or_domain().cloned().collect();
        config.glibc_normalize();
        Self {
            nameservers: config.nameservers.iter().map(IpAddr::from).collect(),
            search,
            ndots: usize_of(config.ndots.min(MAX_NDOTS)),
            // glibc takes 0 seconds as 1. Zero attempts would ask nobody; one is the least that
            // makes sense.
            timeout: Duration::from_secs(config.timeout.clamp(1, MAX_TIMEOUT_SECONDS).into()),
            attempts: usize_of(config.attempts.clamp(1, MAX_ATTEMPTS)),
        }
    }

    /// The order in which `servers` are asked: all of them, then all of them again, `attempts`
    /// times.
    ///
    /// Each turn gets the same `timeout`. (glibc doubles it along the list and divides it by the
    /// length of the list; the manual page promises what is done here.)
    pub(super) fn turns<'a, S>(
        &self,
        servers: &'a [S],
    ) -> impl Iterator<Item = &'a S> + use<'a, S> {
        std::iter::repeat_n(servers, self.attempts).flatten()
    }

    /// The longest that a lookup of this many candidate names may take.
    pub(super) fn worst_case(&self, candidates: usize) -> Duration {
        let turns = self.attempts.saturating_mul(self.nameservers.len()).saturating_mul(candidates);
        self.timeout.saturating_mul(u32::try_from(turns).unwrap_or(u32::MAX))
    }
}

fn usize_of(small: u32) -> usize {
    usize::try_from(small).expect("at most 15, by the limits above")
}

#[cfg(test)]
mod tests;
