//! The URL of the command line, taken apart.

use hyper::{Uri, header::HeaderValue};

use super::error::{PlanError, refuse};

/// The host and port of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// A name, or an address without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// Host and port, the path before those of the profile, and the `host` header.
pub(crate) fn parse(url: &str) -> Result<(Target, String, HeaderValue), PlanError> {
    let bad = || {
        PlanError::Option(format!("`{url}` is not a URL; write it as http://HOST[:PORT][/PATH]"))
    };
    if url.starts_with("https:") {
        return refuse(format!(
            "{url}: TLS is not supported; use http://, as services inside a cluster do"
        ));
    }
    let uri: Uri = url.parse().map_err(|_| bad())?;
    let authority = uri.authority().filter(|_| uri.scheme_str() == Some("http")).ok_or_else(bad)?;
    // Fails for `user@host`.
    let after_host = authority.as_str().strip_prefix(authority.host()).ok_or_else(bad)?;
    if authority.host().is_empty()
        || (!after_host.is_empty() && authority.port_u16().is_none_or(|port| port == 0))
    {
        return Err(bad());
    }
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let header = HeaderValue::from_str(authority.as_str()).map_err(|_| bad())?;
    Ok((Target { host, port: authority.port_u16().unwrap_or(80) }, path.to_owned(), header))
}
