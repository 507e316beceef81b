//! How a Prometheus is reached: its address, and what it wants to see. Secrets come from files or
//! from the environment; arguments can be read in the list of processes.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use super::address::Address;
use super::secrets::Secrets;
use super::tls::Tls;

/// Variables of the environment, for pipelines: a bearer token, USER:PASSWORD, and headers, one per
/// line.
const TOKEN: &str = "TALE_PROMETHEUS_TOKEN";
const BASIC_AUTH: &str = "TALE_PROMETHEUS_BASIC_AUTH";
const HEADERS: &str = "TALE_PROMETHEUS_HEADERS";

/// Files that say how to reach a Prometheus.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// Certificates to trust besides those of the system, PEM.
    pub ca: Option<PathBuf>,
    /// A bearer token.
    pub token: Option<PathBuf>,
    /// `USER:PASSWORD`.
    pub basic_auth: Option<PathBuf>,
    /// `Name: value`, one per line.
    pub headers: Option<PathBuf>,
}

/// A server, and all that a request to it carries.
#[derive(Clone)]
pub struct Access {
    pub(super) address: Address,
    pub(super) headers: HeaderMap,
    pub(super) secrets: Secrets,
    pub(super) tls: Option<Tls>,
}

impl Access {
    /// A server that wants to see nothing, on this machine.
    pub(super) fn open(url: &str) -> Result<Self> {
        let mut secrets = Secrets::default();
        let address = Address::read(url, &mut secrets)?;
        Ok(Self { address, headers: HeaderMap::new(), secrets, tls: None })
    }

    /// A server of the user's, with what files and environment say about it.
    ///
    /// # Errors
    /// An address, a file or a variable that cannot be used; the message holds no secret.
    pub fn new(url: &str, files: &Files) -> Result<Self> {
        let mut access = Self::open(url)?;
        let login = access.address.login.take();
        let login = login.map(|(user, password)| format!("{user}:{password}"));
        let token = text("--token-file", files.token.as_deref(), TOKEN)?;
        let basic = text("--basic-auth-file", files.basic_auth.as_deref(), BASIC_AUTH)?.or(login);
        if token.is_some() && basic.is_some() {
            bail!(
                "a token and a user with a password are both there, and only one can be sent; keep one of them"
            );
        }
        if let Some(token) = token {
            access.secrets.add(&token);
            access.authorize(&format!("Bearer {token}"), "the token")?;
        }
        if let Some(basic) = basic {
            let Some((_, password)) = basic.split_once(':') else {
                bail!("user and password: there is no colon; write USER:PASSWORD");
            };
            access.secrets.add(password);
            let encoded = base64(basic.as_bytes());
            access.secrets.add(&encoded);
            access.authorize(&format!("Basic {encoded}"), "user and password")?;
        }
        if let Some(lines) = text("--header-file", files.headers.as_deref(), HEADERS)? {
            access.add_headers(&lines)?;
        }
        if access.address.encrypted {
            access.tls = Some(Tls::new(files.ca.as_deref())?);
        } else if files.ca.is_some() {
            bail!("--ca-file: the address is not https; leave it out, or write https");
        }
        Ok(access)
    }

    fn authorize(&mut self, value: &str, what: &str) -> Result<()> {
        let Ok(mut value) = HeaderValue::from_str(value) else {
            bail!("{what}: holds characters that no header can hold");
        };
        value.set_sensitive(true);
        self.headers.insert(AUTHORIZATION, value);
        Ok(())
    }

    fn add_headers(&mut self, lines: &str) -> Result<()> {
        let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
        for (number, line) in lines.enumerate() {
            let header = line.split_once(':').and_then(|(name, value)| {
                let name: HeaderName = name.trim().parse().ok()?;
                Some((name, HeaderValue::from_str(value.trim()).ok()?, value))
            });
            let Some((name, value, text)) = header else {
                bail!("headers: line {} is none; write e.g. X-Scope-OrgID: team", number + 1);
            };
            self.secrets.add(text);
            self.headers.insert(name, value);
        }
        Ok(())
    }
}

/// What a file holds, or else a variable, without the blanks around it. Empty is nothing.
fn text(argument: &str, file: Option<&Path>, variable: &str) -> Result<Option<String>> {
    let text = match file {
        Some(file) => std::fs::read_to_string(file)
            .with_context(|| format!("{argument} {}: cannot be read", file.display()))?,
        None => match std::env::var(variable) {
            Ok(text) => text,
            Err(std::env::VarError::NotPresent) => return Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => bail!("{variable}: is not text"),
        },
    };
    let text = text.trim();
    if text.is_empty() && file.is_some() {
        bail!("{argument}: the file is empty");
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// As a header has it: RFC 4648 with padding.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for index in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * index) & 63) as usize];
            text.push(if index <= chunk.len() { letter as char } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_rfc_4648_are_met() {
        for (text, wanted) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), wanted);
        }
    }
}
