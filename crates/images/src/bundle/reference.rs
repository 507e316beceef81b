//! The whole name of an image: registry, repository, tag. Short names mean something else to every
//! engine, and are refused.

use std::fmt;
use std::str::FromStr;

use oci::name::{Name, Tag};
use serde::Deserialize;

/// `quay.io/prometheus/prometheus:v3.13.2`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Reference {
    /// The registry, `quay.io` or `localhost:5000`.
    pub registry: String,
    /// What it is called there.
    pub repository: String,
    /// Which one of that name.
    pub tag: String,
}

impl Reference {
    /// Where a registry is asked for it: Docker Hub answers at another name than its own.
    pub fn host(&self) -> &str {
        if self.registry == "docker.io" { "registry-1.docker.io" } else { &self.registry }
    }
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let whole = || format!("`{text}` is no whole name of an image: registry/name:tag");
        let (registry, rest) = text.split_once('/').ok_or_else(whole)?;
        if !registry.contains(['.', ':']) && registry != "localhost" {
            return Err(format!("{}; the registry is missing, e.g. docker.io/", whole()));
        }
        let (repository, tag) =
            rest.rsplit_once(':').ok_or_else(|| format!("{}; the tag is missing", whole()))?;
        let odd = |why: oci::name::BadName| format!("`{text}`: {why}");
        repository.parse::<Name>().map_err(odd)?;
        tag.parse::<Tag>().map_err(odd)?;
        let own = |text: &str| text.to_owned();
        Ok(Self { registry: own(registry), repository: own(repository), tag: own(tag) })
    }
}

impl TryFrom<String> for Reference {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}:{}", self.registry, self.repository, self.tag)
    }
}
