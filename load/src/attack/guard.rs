//! Where an attack may go. A typing error must not exhaust somebody else's server.

use std::net::IpAddr;

use crate::{options::Environment, plan::PlanError};

/// Where an attack may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// This machine, which is where the local stage is.
    ThisMachine,
    /// From inside a pod: this pod, and what has a name in the cluster and an address in it.
    Cluster,
    /// Wherever it is told to: the owner takes it upon themselves.
    Anywhere,
}

/// What to say when it may not.
const REMEDY: &str =
    "this profile exhausts what it is pointed at; give --i-own-this-target if that is yours";

impl Guard {
    /// The guard of a run that is to go to `host`.
    ///
    /// # Errors
    /// It must not go there, whatever the name leads to.
    pub(crate) fn new(
        environment: &Environment,
        i_own_this_target: bool,
        host: &str,
    ) -> Result<Self, PlanError> {
        let guard = match environment.kubernetes {
            _ if i_own_this_target => Self::Anywhere,
            Some(_) => Self::Cluster,
            None => Self::ThisMachine,
        };
        guard.check_name(host).map_err(PlanError::Option)?;
        if let Ok(address) = host.parse() {
            guard.check(host, address).map_err(PlanError::Option)?;
        }
        Ok(guard)
    }

    /// May this name or address have been meant, whatever it leads to?
    pub(crate) fn check_name(self, host: &str) -> Result<(), String> {
        // A bare name and one in `.svc` can only be had from the cluster's own name server.
        let in_cluster = !host.contains('.')
            || host.ends_with(".svc")
            || host.trim_end_matches('.').ends_with(".svc.cluster.local");
        match (self, host.parse::<IpAddr>()) {
            (Self::Cluster, Err(_)) if !in_cluster => Err(format!(
                "{host} is not a name of this cluster, such as shop or shop.default.svc: {REMEDY}"
            )),
            _ => Ok(()),
        }
    }

    /// May this address be called?
    pub(crate) fn check(self, host: &str, address: IpAddr) -> Result<(), String> {
        let is_name = host.parse::<IpAddr>().is_err();
        let shown = if is_name { format!("{host} is {address}, which") } else { host.to_owned() };
        let allowed = match self {
            Self::Anywhere => true,
            Self::ThisMachine => is_loopback(address),
            // Not by its number: a Service has a name.
            Self::Cluster => is_loopback(address) || is_name && is_private(address),
        };
        if allowed {
            return Ok(());
        }
        let place = match self {
            Self::Cluster => "this cluster",
            Self::ThisMachine | Self::Anywhere => "this machine, where the local stage is",
        };
        Err(format!("{shown} is not on {place}: {REMEDY}"))
    }
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Addresses that do not lead across the internet: RFC 1918, RFC 6598, RFC 4193.
fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            address.is_private() || first == 100 && second & 0xc0 == 64
        }
        IpAddr::V6(address) => address.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(guard: Guard, host: &str, address: &str) -> bool {
        guard.check_name(host).is_ok() && guard.check(host, address.parse().unwrap()).is_ok()
    }

    #[test]
    fn from_a_laptop_an_attack_stays_on_it() {
        let guard = Guard::ThisMachine;
        for address in ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"] {
            assert!(may(guard, "shop", address) && may(guard, address, address), "{address}");
        }
        for address in ["10.0.0.1", "192.168.1.1", "93.184.216.34", "0.0.0.0", "2001:db8::1"] {
            assert!(!may(guard, "shop", address) && !may(guard, address, address), "{address}");
        }
        let why = guard.check("shop", "10.0.0.1".parse().unwrap()).unwrap_err();
        assert!(why.contains("shop is 10.0.0.1") && why.contains("--i-own-this-target"), "{why}");
    }

    #[test]
    fn from_a_pod_it_stays_in_the_cluster() {
        let guard = Guard::Cluster;
        for host in ["orders", "orders.default.svc", "orders.default.svc.cluster.local."] {
            assert!(may(guard, host, "10.96.0.7") && may(guard, host, "fd00::7"), "{host}");
            assert!(!may(guard, host, "93.184.216.34"), "{host} may not lead outside");
        }
        assert!(!may(guard, "intranet.example", "10.96.0.7"), "not a name of the cluster");
        assert!(!may(guard, "10.96.0.7", "10.96.0.7"), "a number may be anybody's");
        assert!(may(guard, "127.0.0.1", "127.0.0.1") && may(guard, "orders", "100.64.0.1"));
    }

    #[test]
    fn an_owner_may_go_anywhere() {
        assert!(may(Guard::Anywhere, "www.example.com", "93.184.216.34"));
    }
}
