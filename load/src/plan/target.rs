//! The URL of the command line, taken apart.

use base64::{Engine, prelude::BASE64_STANDARD};
use hyper::header::HeaderValue;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::error::{PlanError, refuse};

/// The host and port of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// A name in the letters of DNS, or an address without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// A URL, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub(crate) target: Target,
    /// Path and query, before the paths of a profile.
    pub(crate) path: String,
    pub(crate) has_query: bool,
    /// What the header `host` says.
    pub(crate) host: HeaderValue,
    /// What the header `authorization` says, if the URL has a user.
    pub(crate) login: Option<HeaderValue>,
    /// To be shown: without the password.
    pub(crate) shown: String,
}

/// Takes a URL apart, as browsers do: a user, a name beyond ASCII and a query without a path are
/// fine.
pub(crate) fn parse(text: &str) -> Result<Parts, PlanError> {
    let shown = without_password(text);
    let bad = |why: &str| {
        let remedy = "write it as http://HOST[:PORT][/PATH]";
        PlanError::Option(format!("`{shown}` is not a URL{why}; {remedy}"))
    };
    if text.starts_with("https:") {
        return refuse(format!(
            "{shown}: TLS is not supported; use http://, as services inside a cluster do"
        ));
    }
    // `url` reads `http:host` and `http:///host`, too; people who write that mean something else.
    let rest = text.strip_prefix("http://").ok_or_else(|| bad(""))?;
    if rest.starts_with(['/', ':', '?', '#']) || rest.is_empty() {
        return Err(bad(": it has no host"));
    }
    if text.contains('#') {
        return refuse(format!("{shown}: what follows a # stays in a browser; leave it out"));
    }
    if text.contains(char::is_whitespace) {
        return Err(bad(": a blank is written as %20"));
    }
    let url = Url::parse(text).map_err(|why| bad(&format!(": {why}")))?;
    let host = match url.host() {
        Some(Host::Domain(name)) => name.to_owned(),
        Some(Host::Ipv4(address)) => address.to_string(),
        Some(Host::Ipv6(address)) => address.to_string(),
        None => return Err(bad(": it has no host")),
    };
    let port = url.port_or_known_default().filter(|port| *port > 0);
    let port = port.ok_or_else(|| bad(": there is no port 0"))?;
    let name = url.host_str().unwrap_or_default();
    let authority = url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    Ok(Parts {
        target: Target { host, port },
        has_query: url.query().is_some(),
        path,
        host: HeaderValue::from_str(&authority).map_err(|_| bad(""))?,
        login: login(&url),
        shown,
    })
}

/// Basic authentication (RFC 7617), as every client makes it of a user and a password in a URL.
fn login(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut pair: Vec<u8> = percent_decode_str(url.username()).collect();
    pair.push(b':');
    pair.extend(percent_decode_str(url.password().unwrap_or_default()));
    let text = format!("Basic {}", BASE64_STANDARD.encode(pair));
    let mut value = HeaderValue::from_str(&text).expect("base64 is plain ASCII");
    value.set_sensitive(true);
    Some(value)
}

/// A report is passed on; the password stays behind.
fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    match authority.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split_once(':').map_or(user, |(user, _)| user);
            format!("{scheme}://{user}@{host}{path}")
        }
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Parts {
        parse(text).unwrap_or_else(|why| panic!("{text}: {why}"))
    }

    #[test]
    fn a_query_on_a_bare_host_has_a_path_before_it() {
        assert_eq!(parts("http://shop?x=1").path, "/?x=1");
        assert_eq!(parts("http://shop").path, "/");
        assert_eq!(parts("http://shop/b?c=%20").path, "/b?c=%20");
    }

    #[test]
    fn a_user_becomes_a_header_and_the_password_is_not_shown() {
        let with = parts("http://ada:s%40crt@shop:8000/x");
        assert_eq!(with.login.unwrap(), "Basic YWRhOnNAY3J0");
        assert_eq!((with.host.to_str().unwrap(), with.target.port), ("shop:8000", 8000));
        assert_eq!(with.shown, "http://ada@shop:8000/x");
        assert!(!parse("https://ada:secret@shop/").unwrap_err().to_string().contains("secret"));
    }

    #[test]
    fn names_beyond_ascii_are_asked_for_in_the_letters_of_dns() {
        let parts = parts("http://bücher.example/");
        assert_eq!(parts.target.host, "xn--bcher-kva.example");
        assert_eq!(parts.host, "xn--bcher-kva.example");
    }

    #[test]
    fn addresses_keep_their_brackets_where_http_wants_them() {
        let parts = parts("http://[::1]:81/");
        assert_eq!((parts.target.host.as_str(), parts.host.to_str().unwrap()), ("::1", "[::1]:81"));
    }
}
