//! `name:port`, looked up again each time: behind a name there may be other servers by now.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use instrument::dns::{LookupError, Resolver};

/// A server by name or address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The name, or the address.
    pub name: String,
    /// The port.
    pub port: u16,
}

impl Host {
    /// All addresses behind it: a Kubernetes Service without an address of its own has each pod's.
    ///
    /// # Errors
    /// The name is not found.
    pub async fn resolve(&self, resolver: &Resolver) -> Result<Vec<SocketAddr>, LookupError> {
        let address = |ip: IpAddr| SocketAddr::new(ip, self.port);
        Ok(resolver.lookup(&self.name).await?.into_iter().map(address).collect())
    }

    /// Reads several, with commas between them.
    ///
    /// # Errors
    /// Which one is wrong.
    pub fn list(text: &str) -> Result<Vec<Self>, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(str::parse).collect()
    }
}

impl FromStr for Host {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.rsplit_once(':').and_then(|(name, port)| Some((name, port.parse().ok()?)));
        match parts {
            Some((name, port)) if !name.is_empty() => {
                let name = name.trim_start_matches('[').trim_end_matches(']');
                Ok(Self { name: name.to_owned(), port })
            }
            _ => Err(format!("{text:?} is not host:port")),
        }
    }
}
