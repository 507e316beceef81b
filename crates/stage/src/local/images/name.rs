//! What an image is called: `registry:5000/shop/vienna:v2`.

use std::fmt;
use std::str::FromStr;

use oci::{Name, Reference};

/// Where nobody says one.
const HTTP: u16 = 80;
/// What nobody asks for by name.
const LATEST: &str = "latest";

/// An image, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImageName {
    /// As it is written.
    text: String,
    /// The registry: a host, and a port if it is told.
    registry: Option<(String, Option<u16>)>,
    pub(super) repository: Name,
    pub(super) reference: Reference,
}

/// Not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an image is called host:port/repository:tag, or ...@sha256:digest; host and tag may be missing"
)]
pub(crate) struct BadImageName;

impl FromStr for ImageName {
    type Err = BadImageName;

    fn from_str(text: &str) -> Result<Self, BadImageName> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse().map_err(|_| BadImageName)?)),
            None => (text, None),
        };
        // The first part is a host if it looks like one: `team/app` is a repository.
        let is_host = |part: &str| part == "localhost" || part.contains(['.', ':']);
        let (host, rest) = match rest.split_once('/') {
            Some((host, rest)) if is_host(host) => (Some(host), rest),
            _ => (None, rest),
        };
        let (repository, tag) = rest.split_once(':').unwrap_or((rest, LATEST));
        let tag = Reference::Tag(tag.parse().map_err(|_| BadImageName)?);
        let registry = match host.map(|host| host.split_once(':').unwrap_or((host, ""))) {
            None => None,
            Some((host, port)) if port.is_empty() && !host.is_empty() => {
                Some((host.to_owned(), None))
            }
            Some(("", _)) => return Err(BadImageName),
            Some((host, port)) => {
                Some((host.to_owned(), Some(port.parse().map_err(|_| BadImageName)?)))
            }
        };
        Ok(Self {
            text: text.to_owned(),
            registry,
            repository: repository.parse().map_err(|_| BadImageName)?,
            reference: digest.map_or(tag, Reference::Digest),
        })
    }
}

impl ImageName {
    /// The host of its registry; none for an image of everybody's.
    pub(crate) fn host(&self) -> Option<&str> {
        self.registry.as_ref().map(|(host, _)| host.as_str())
    }

    /// The port of its registry.
    pub(crate) fn port(&self) -> u16 {
        self.registry.as_ref().and_then(|(_, port)| *port).unwrap_or(HTTP)
    }

    /// Whether it may be another one tomorrow, and nobody minds: then Kubernetes asks each time.
    pub(crate) fn is_latest(&self) -> bool {
        matches!(&self.reference, Reference::Tag(tag) if tag.as_str() == LATEST)
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_clients_read_it() {
        let digest = format!("sha256:{}", "0".repeat(64));
        let by_digest = format!("registry:5000/shop:v1@{digest}");
        for (text, host, port, repository, reference) in [
            ("tales:latest", None, 80, "tales", "latest"),
            ("team/app", None, 80, "team/app", "latest"),
            ("registry:5000/shop/graz:v2", Some("registry"), 5000, "shop/graz", "v2"),
            ("registry.demo/shop", Some("registry.demo"), 80, "shop", "latest"),
            ("localhost/shop:1", Some("localhost"), 80, "shop", "1"),
            (&by_digest, Some("registry"), 5000, "shop", &digest),
        ] {
            let name: ImageName = text.parse().unwrap();
            assert_eq!((name.host(), name.port()), (host, port), "{text}");
            let parts = (name.repository.to_string(), name.reference.to_string());
            assert_eq!(parts, (repository.to_owned(), reference.to_owned()), "{text}");
        }
        for bad in
            ["", ":v1", "Shop:v1", "a:5000/", "a:port/b:c", ":1/b", "a/../b", "a@sha256:0", "a:b:c"]
        {
            assert_eq!(bad.parse::<ImageName>(), Err(BadImageName), "{bad}");
        }
    }
}
