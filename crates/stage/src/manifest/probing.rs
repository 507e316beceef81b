//! What is looked at from outside: Probe, as the black-box exporter's users write it.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use super::{Labels, Metadata};

/// `monitoring.coreos.com/v1` Probe. (A pod's own checks are [`super::Probe`].)
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BlackBoxProbe {
    /// Name, namespace, labels.
    pub metadata: Metadata,
    /// What is asked, and how.
    pub spec: ProbeSpec,
}

/// What is asked, and how.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ProbeSpec {
    /// Label `job` of the samples; `probe/<namespace>/<name>` when left out.
    #[serde(default)]
    pub job_name: Option<String>,
    /// Only `http_2xx` exists on this stage.
    #[serde(default = "http_2xx")]
    pub module: String,
    /// Time between probes (real clock); one second on the stage clock.
    #[serde(default)]
    pub interval: Option<String>,
    /// Who is asked.
    pub targets: ProbeTargets,
}

/// Who is asked.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ProbeTargets {
    /// Fixed targets.
    pub static_config: StaticTargets,
}

/// Fixed targets.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StaticTargets {
    /// URLs, `http://` when they name no scheme.
    #[serde(rename = "static")]
    pub urls: Vec<String>,
    /// Labels of the samples.
    #[serde(default)]
    pub labels: Labels,
}

fn http_2xx() -> String {
    "http_2xx".into()
}

/// The parts of a target that a probe needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// With the query.
    pub(crate) path: String,
}

impl Target {
    /// Reads a URL; `None` unless it is plain HTTP.
    pub(crate) fn parse(url: &str) -> Option<Self> {
        let rest = match url.split_once("://") {
            Some(("http", rest)) => rest,
            Some(_) => return None,
            None => url,
        };
        let uri: hyper::Uri = format!("http://{rest}").parse().ok()?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Some(Self {
            host: uri.host().filter(|host| !host.is_empty())?.to_owned(),
            port: uri.port_u16().unwrap_or(80),
            path: path.to_owned(),
        })
    }

    /// The address, when the host is one.
    pub(crate) fn ip(&self) -> Option<Ipv4Addr> {
        self.host.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_plain_http() {
        let parsed = |url| Target::parse(url).map(|t| (t.host, t.port, t.path));
        let web = |port, path: &str| Some(("web.demo".to_owned(), port, path.to_owned()));
        assert_eq!(parsed("http://web.demo:8000/a?b=c"), web(8000, "/a?b=c"));
        assert_eq!(parsed("web.demo:8000"), web(8000, "/"));
        assert_eq!(parsed("http://web.demo"), web(80, "/"));
        for wrong in ["https://web.demo", "ftp://web.demo", "", "http://", "http://a b"] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }
}
