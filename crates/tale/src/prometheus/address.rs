//! The address of a server: where to connect, and what may be said about it.

use anyhow::{Result, bail};
use hyper::Uri;

use super::secrets::Secrets;

/// An address without its secrets.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Address {
    pub(super) encrypted: bool,
    /// Without brackets, if it is one of IPv6.
    pub(super) host: String,
    pub(super) port: u16,
    /// In front of `/api/v1`, without a slash at its end.
    path: String,
    /// Behind each request, if the address had one: some proxies want a key there.
    query: Option<String>,
    /// User and password of the address.
    pub(super) login: Option<(String, String)>,
}

impl Address {
    /// Reads `http://user:password@host:9090/path?key=value`. What is secret in it goes to
    /// `secrets`.
    ///
    /// # Errors
    /// It is not such an address; the message does not repeat it.
    pub(super) fn read(text: &str, secrets: &mut Secrets) -> Result<Self> {
        const REMEDY: &str = "write e.g. http://127.0.0.1:9090 or https://prometheus.example.com";
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let encrypted = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            "" => bail!("--prometheus: the address has no http:// or https:// in front; {REMEDY}"),
            _ => bail!("--prometheus: only http and https are spoken; {REMEDY}"),
        };
        // Passwords hold characters that an address may not: the last @ before the path ends them.
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (login, authority) = match rest[..end].rsplit_once('@') {
            Some((login, authority)) => (Some(login), authority),
            None => (None, &rest[..end]),
        };
        let login = login.map(|login| {
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            secrets.add(password);
            secrets.add(&decoded(password));
            (decoded(user), decoded(password))
        });
        let plain =
            format!("http://{authority}{}", rest[end..].split('#').next().unwrap_or_default());
        let Ok(uri) = plain.parse::<Uri>() else {
            bail!("--prometheus: that is not an address; {REMEDY}");
        };
        let Some(host) = uri.host().filter(|host| !host.is_empty()) else {
            bail!("--prometheus: the address names no host; {REMEDY}");
        };
        let query = uri.query().map(str::to_owned);
        for (_, value) in
            query.iter().flat_map(|query| query.split('&')).filter_map(|it| it.split_once('='))
        {
            secrets.add(value);
            secrets.add(&decoded(value));
        }
        Ok(Self {
            encrypted,
            host: host.trim_matches(['[', ']']).to_owned(),
            port: uri.port_u16().unwrap_or(if encrypted { 443 } else { 80 }),
            path: uri.path().trim_end_matches('/').to_owned(),
            query,
            login,
        })
    }

    /// What a request asks for: a path below that of the address.
    pub(super) fn target(&self, path: &str) -> String {
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{path}{query}", self.path)
    }

    /// Host and port, as a `Host` header has them.
    pub(super) fn authority(&self) -> String {
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let usual = if self.encrypted { 443 } else { 80 };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }

    /// For people: no user, no password, no key.
    pub(super) fn shown(&self) -> String {
        let scheme = if self.encrypted { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority(), self.path)
    }

    /// Does it stay on this machine? Then no proxy stands between.
    pub(super) fn is_loopback(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost")
            || self.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

/// `%40` as `@`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(value) if *byte == b'%' => {
                bytes.push(value);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Address> {
        Address::read(text, &mut Secrets::default())
    }

    #[test]
    fn an_address_is_taken_apart_and_shown_without_its_secrets() {
        let mut secrets = Secrets::default();
        let text = "https://ci:p%40ss/w?rd@prometheus.example.com/tenant/?apikey=t0ken";
        // A password that holds a slash ends the authority early, as in every browser.
        assert!(Address::read(text, &mut secrets).is_err());
        let text = "https://ci:p%40ss:w@rd@prometheus.example.com/tenant/?apikey=t0ken";
        let address = Address::read(text, &mut secrets).unwrap();
        assert_eq!(address.shown(), "https://prometheus.example.com/tenant");
        assert_eq!(address.target("/api/v1/query"), "/tenant/api/v1/query?apikey=t0ken");
        assert_eq!(address.login, Some(("ci".to_owned(), "p@ss:w@rd".to_owned())));
        assert_eq!((address.port, address.encrypted), (443, true));
        assert_eq!(secrets.hidden("p%40ss:w@rd p@ss:w@rd t0ken"), "*** *** ***");
        let six = read("http://[::1]:9090").unwrap();
        assert_eq!((six.host.as_str(), six.authority().as_str()), ("::1", "[::1]:9090"));
        assert!(six.is_loopback() && read("http://127.1.2.3").unwrap().is_loopback());
        assert!(!read("http://localhost.example.com").unwrap().is_loopback());
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_it() {
        for text in [
            "",
            "prometheus:9090",
            "ftp://ci:s3cret@h",
            "http://",
            "http://ci:s3cret@",
            "http://a b:s3cret@h h/",
        ] {
            let why = read(text).unwrap_err().to_string();
            assert!(why.starts_with("--prometheus: ") && !why.contains("s3cret"), "{text}: {why}");
            assert!(why.contains("write e.g. http://127.0.0.1:9090"), "{text}: {why}");
        }
    }
}
