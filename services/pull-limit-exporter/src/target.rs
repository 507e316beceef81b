//! Whom to ask about what, and as whom.

use std::borrow::Cow;
use std::fmt;

use oci::{Name, Reference};
use percent_encoding::percent_decode_str;
use url::Url;

/// At once; more is a scan, not a probe.
const MAX: usize = 50;
/// What Docker has made to be asked about: its limit is everybody's.
const DOCKER_HUB: &str = "registry-1.docker.io/ratelimitpreview/test:latest";

/// A registry, and an image that it has.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// `https` or `http`.
    pub is_secret: bool,
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whose image.
    pub name: Name,
    /// Which one.
    pub reference: Reference,
    /// As whom; nobody, if there is none.
    pub account: Option<Account>,
}

/// Who asks.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Who.
    pub name: String,
    /// Never shown.
    pub password: String,
}

/// Without the password.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, reference, .. } = self;
        write!(f, "{}/{name} {reference} as {}", self.registry(), self.who())
    }
}

impl Target {
    /// All of them: `http://registry:8000/shop:v1`, `https://ada:secret@registry.example/a/b:v1`,
    /// or `docker.io`; with commas.
    ///
    /// # Errors
    /// One of them is none, named by its place: there may be a password in it.
    pub fn all(text: &str) -> Result<Vec<Self>, String> {
        let parts = text.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty());
        let targets = parts.enumerate().map(|(place, part)| {
            Self::parse(part).map_err(|why| format!("target {}: {why}", place + 1))
        });
        let targets: Vec<Self> = targets.collect::<Result<_, _>>()?;
        if targets.len() > MAX {
            return Err(format!("more than {MAX} targets"));
        }
        for (place, target) in targets.iter().enumerate() {
            let same = |other: &&Self| other.labels() == target.labels();
            if targets[..place].iter().any(|other| same(&other)) {
                return Err(format!("target {}: the same registry as the same user", place + 1));
            }
        }
        Ok(targets)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let text = match text.rsplit_once('@') {
            None if text == "docker.io" => format!("https://{DOCKER_HUB}"),
            Some((user, "docker.io")) => {
                format!("https://{}@{DOCKER_HUB}", user.trim_start_matches("https://"))
            }
            _ => text.to_owned(),
        };
        let url = Url::parse(&text).map_err(|why| why.to_string())?;
        let is_secret = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err("it begins neither with https:// nor with http://".to_owned()),
        };
        let path = url.path().trim_start_matches('/');
        let (name, reference) = match path.split_once('@') {
            Some((name, digest)) => (name, digest),
            None => path.rsplit_once(':').unwrap_or((path, "latest")),
        };
        let host = url.host_str().ok_or("it has no host")?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err("it is registry/image:tag, and nothing more".to_owned());
        }
        Ok(Self {
            is_secret,
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port_or_known_default().ok_or("it has no port")?,
            name: name.parse().map_err(|why| format!("{name:?}: {why}"))?,
            reference: reference.parse().map_err(|why| format!("{reference:?}: {why}"))?,
            account: account(&url)?,
        })
    }

    /// The registry as a label: without the port that everybody uses.
    pub fn registry(&self) -> String {
        let usual = if self.is_secret { 443 } else { 80 };
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }

    /// Who asks, as a label.
    pub fn who(&self) -> &str {
        self.account.as_ref().map_or("anonymous", |account| account.name.as_str())
    }

    /// Both.
    pub fn labels(&self) -> [String; 2] {
        [self.registry(), self.who().to_owned()]
    }

    /// What is asked for.
    pub fn path(&self) -> String {
        format!("/v2/{}/manifests/{}", self.name, self.reference)
    }
}

fn account(url: &Url) -> Result<Option<Account>, String> {
    let plain = |text: &str| {
        let text = percent_decode_str(text).decode_utf8();
        text.map(Cow::into_owned).map_err(|_| "name or password is no text".to_owned())
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        (name, Some(password)) if !name.is_empty() => {
            Ok(Some(Account { name: plain(name)?, password: plain(password)? }))
        }
        _ => Err("an account is name:password@".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_registry_an_image_and_perhaps_somebody() {
        let text =
            "docker.io, ada:s%40cret@docker.io,http://Registry:8000/a/shop:v1,http://[::1]:5000/b";
        let targets = Target::all(text).unwrap();
        let shown: Vec<String> = targets.iter().map(|target| format!("{target:?}")).collect();
        assert_eq!(
            shown,
            [
                "registry-1.docker.io/ratelimitpreview/test latest as anonymous",
                "registry-1.docker.io/ratelimitpreview/test latest as ada",
                "registry:8000/a/shop v1 as anonymous",
                "[::1]:5000/b latest as anonymous",
            ]
        );
        assert_eq!(targets[1].account.as_ref().unwrap().password, "s@cret");
        assert_eq!(targets[2].path(), "/v2/a/shop/manifests/v1");
        assert!(targets[1].is_secret && !targets[2].is_secret);
        assert_eq!((targets[3].host.as_str(), targets[3].port), ("::1", 5000));
    }

    #[test]
    fn what_is_none_is_named_by_its_place_and_without_its_password() {
        for bad in [
            "registry:8000/a",
            "ftp://a/b",
            "http://a",
            "http://a/B",
            "http://a/b:-",
            "http://a/b?c",
            "http://ada@a/b",
            "http://:hidden@a/b",
            "docker.io,docker.io",
            "http://a:x/b",
            "http://ada:hidden@a/B",
        ] {
            let why = Target::all(bad).unwrap_err();
            assert!(why.starts_with("target ") && !why.contains("hidden"), "{bad}: {why}");
        }
    }
}
