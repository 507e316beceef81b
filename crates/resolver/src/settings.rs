//! What `resolv.conf` says, within glibc's limits, and the arithmetic of how long a lookup may
//! take.

use std::{net::SocketAddr, time::Duration};

/// glibc's limits (`resolv/resolv.h` and `man 5 resolv.conf`). Values beyond them are cut, not
/// refused, as glibc does.
const MAX_NDOTS: u32 = 15;
const MAX_TIMEOUT_SECONDS: u32 = 30;
const MAX_ATTEMPTS: u32 = 5;

/// The part of `resolv.conf` that this crate acts upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Asked in this order; at most three.
    pub(crate) nameservers: Vec<SocketAddr>,
    /// Suffixes for short names, in this order. Older C libraries stop at six; Kubernetes allows
    /// 32, and today's glibc reads them all.
    pub(crate) search: Vec<String>,
    /// A name with fewer dots than this goes through the search list first. Kubernetes sets 5.
    pub(crate) ndots: usize,
    /// How long to wait for one server, 1 to 30 s.
    pub(crate) timeout: Duration,
    /// How often to go through the list of servers, 1 to 5.
    pub(crate) attempts: usize,
    /// `rotate`: each question begins with the next server.
    pub(crate) rotate: bool,
    /// `use-vc`: TCP only ("virtual circuit").
    pub(crate) tcp_only: bool,
    /// `edns0`: announce that longer answers fit into a UDP packet (RFC 6891).
    pub(crate) edns: bool,
    /// `no-aaaa`: never ask for IPv6 addresses.
    pub(crate) no_ipv6: bool,
    /// `no-tld-query`: a name without a dot is asked with suffixes only.
    pub(crate) no_top_level: bool,
}

impl Default for Settings {
    /// What an empty file says.
    fn default() -> Self {
        Self {
            nameservers: Vec::new(),
            search: Vec::new(),
            ndots: 1,
            timeout: Duration::from_secs(5),
            attempts: 2,
            rotate: false,
            tcp_only: false,
            edns: false,
            no_ipv6: false,
            no_top_level: false,
        }
    }
}

impl Settings {
    pub(crate) fn set_ndots(&mut self, ndots: u32) {
        self.ndots = usize_of(ndots.min(MAX_NDOTS));
    }

    /// glibc takes 0 seconds as 1.
    pub(crate) fn set_timeout(&mut self, seconds: u32) {
        self.timeout = Duration::from_secs(seconds.clamp(1, MAX_TIMEOUT_SECONDS).into());
    }

    /// Zero attempts would ask nobody; one is the least that makes sense.
    pub(crate) fn set_attempts(&mut self, attempts: u32) {
        self.attempts = usize_of(attempts.clamp(1, MAX_ATTEMPTS));
    }

    /// May `name` be asked without a suffix, when there are suffixes?
    pub(crate) fn may_ask_alone(&self, name: &str) -> bool {
        !self.no_top_level || name.contains('.')
    }

    /// The order in which servers are asked: all of them, beginning with number `first`, then all
    /// of them again, once for each round.
    ///
    /// Each turn gets the same `timeout`. (glibc doubles it along the list and divides it by the
    /// length of the list; the manual page promises what is done here.)
    pub(crate) fn turns(&self, first: usize) -> impl Iterator<Item = SocketAddr> + use<'_> {
        let count = self.nameservers.len();
        let skipped = first.checked_rem(count).unwrap_or(0);
        self.nameservers.iter().copied().cycle().skip(skipped).take(count * self.rounds())
    }

    /// The longest that a lookup of this many candidate names may take.
    pub(crate) fn worst_case(&self, candidates: usize) -> Duration {
        let turns = self.rounds().saturating_mul(self.nameservers.len()).saturating_mul(candidates);
        self.timeout.saturating_mul(u32::try_from(turns).unwrap_or(u32::MAX))
    }

    /// Over TCP each server is asked once: the kernel has repeated whatever was lost.
    /// (`resolv/res_send.c`: "at most one attempt per server".)
    fn rounds(&self) -> usize {
        if self.tcp_only { 1 } else { self.attempts }
    }
}

fn usize_of(small: u32) -> usize {
    usize::try_from(small).expect("at most 15, by the limits above")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// So many servers, each recognized by its port: 1, 2, 3.
    fn servers(count: u16) -> Vec<SocketAddr> {
        (1..=count).map(|port| SocketAddr::from(([127, 0, 0, 1], port))).collect()
    }

    fn ports(settings: &Settings, first: usize) -> Vec<u16> {
        settings.turns(first).map(|server| server.port()).collect()
    }

    #[test]
    fn servers_take_turns_in_the_order_of_the_file() {
        let settings = Settings { nameservers: servers(2), attempts: 2, ..Settings::default() };
        assert_eq!(ports(&settings, 0), [1, 2, 1, 2]);
    }

    #[test]
    fn every_round_begins_with_the_same_server_whichever_that_is() {
        let settings = Settings { nameservers: servers(3), attempts: 2, ..Settings::default() };
        assert_eq!(ports(&settings, 1), [2, 3, 1, 2, 3, 1]);
        assert_eq!(ports(&settings, usize::MAX), ports(&settings, usize::MAX % 3));
        assert_eq!(ports(&Settings::default(), 7), []);
    }

    #[test]
    fn over_tcp_each_server_is_asked_once() {
        let settings = Settings {
            nameservers: servers(2),
            attempts: 5,
            tcp_only: true,
            ..Settings::default()
        };
        assert_eq!(ports(&settings, 0), [1, 2]);
        assert_eq!(settings.worst_case(1), settings.timeout * 2);
    }

    proptest! {
        #[test]
        fn with_one_server_and_one_name_the_worst_case_is_timeout_times_attempts(timeout in 1_u32..=30, attempts in 1_u32..=5) {
            let mut settings = Settings { nameservers: servers(1), ..Settings::default() };
            settings.set_timeout(timeout);
            settings.set_attempts(attempts);
            prop_assert_eq!(settings.worst_case(1), Duration::from_secs(u64::from(timeout * attempts)));
        }

        #[test]
        fn the_worst_case_is_the_sum_of_all_turns(count in 1_u16..=3, attempts in 1_u32..=5, first in any::<usize>(), candidates in 1_usize..=7) {
            let mut settings = Settings { nameservers: servers(count), ..Settings::default() };
            settings.set_attempts(attempts);
            let turns = settings.turns(first).count() * candidates;
            prop_assert_eq!(settings.worst_case(candidates), settings.timeout * u32::try_from(turns).unwrap());
        }
    }
}
