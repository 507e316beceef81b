//! Which zones to ask which servers about.

use domain::base::Name;

/// A zone and a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The zone, without its last dot.
    pub zone: String,
    /// The server as it was given.
    pub server: String,
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// At once; more is a scan, not a probe.
const MAX: usize = 200;

impl Target {
    /// Each zone with each server; both lists with commas.
    ///
    /// # Errors
    /// One of them is no name, or no `host` or `host:port`.
    pub fn all(zones: &str, servers: &str) -> Result<Vec<Self>, String> {
        let parts = |text: &str| -> Vec<String> {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            parts.map(str::to_owned).collect()
        };
        let (zones, servers) = (parts(zones), parts(servers));
        if zones.is_empty() != servers.is_empty() {
            return Err("zones and servers go together".to_owned());
        }
        if zones.len() * servers.len() > MAX {
            return Err(format!("more than {MAX} zones on servers"));
        }
        let mut targets = Vec::new();
        for zone in &zones {
            let name: Name<Vec<u8>> = zone.parse().map_err(|why| format!("{zone:?}: {why}"))?;
            for server in &servers {
                let (host, port) = split(server)?;
                let zone = name.to_string().to_ascii_lowercase();
                targets.push(Self { zone, server: server.clone(), host, port });
            }
        }
        Ok(targets)
    }
}

/// The host and the port of `host` or `host:port`.
///
/// # Errors
/// It is neither.
pub fn split(server: &str) -> Result<(String, u16), String> {
    let wrong = || format!("{server:?} is not host or host:port");
    let plain = server.parse::<std::net::IpAddr>().is_ok();
    let (host, port) = match server.rsplit_once(':') {
        Some((host, port)) if !plain => (host, port.parse().map_err(|_| wrong())?),
        _ => (server, 53),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() || port == 0 { Err(wrong()) } else { Ok((host.to_owned(), port)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_zone_is_asked_for_at_every_server() {
        let targets = Target::all("Example.org., b", "ns1, [::1]:5353, ::1, 192.0.2.1:54").unwrap();
        assert_eq!(targets.len(), 8);
        let ports: Vec<_> = targets[..4].iter().map(|one| (one.host.as_str(), one.port)).collect();
        assert_eq!(ports, [("ns1", 53), ("::1", 5353), ("::1", 53), ("192.0.2.1", 54)]);
        assert_eq!(targets[0].zone, "example.org");
    }

    #[test]
    fn what_is_no_target_is_named() {
        for (zones, servers) in
            [("a", ""), ("", "b"), ("a..b", "c"), ("a", "b:dns"), ("a", ":53"), ("a", "b:0")]
        {
            assert!(Target::all(zones, servers).is_err(), "{zones} {servers}");
        }
    }
}
