//! What a registry is told when it starts, each setting with a remedy.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use instrument::client::{Client, Limits};
use instrument::{Service, SettingError, StartError};

use crate::access::{Access, Push};
use crate::cache::Cache;
use crate::contents::Contents;
use crate::desk::{Counts, Desk};
use crate::library::Library;
use crate::limit::{Limiter, Refill, Rule};
use crate::metrics::Metrics;
use crate::quirks::{Body, Headers, Quirks, RetryAfter};
use crate::repositories::Repositories;
use crate::sessions::Sessions;
use crate::store::Store;
use crate::token::Tokens;
use crate::upstream::Upstream;

/// Docker Hub's, in seconds.
const SIX_HOURS: u64 = 21_600;

/// How long an upstream may take: to be connected to; to answer, and for each piece.
const PATIENCE: Limits = Limits { connect: Duration::from_secs(2), total: Duration::from_secs(10) };

/// Reads them all.
///
/// # Errors
/// One cannot be used.
pub fn desk(service: &Service) -> Result<Desk, StartError> {
    let store = store(service)?;
    let repositories = Repositories::new(store.clone());
    let metrics = Metrics::register(&service.registry)?;
    let sessions = Arc::new(Sessions::new(store.clone()));
    service.registry.register(Box::new(Contents::new(store.clone(), sessions.clone())?))?;
    Ok(Desk {
        access: access(service)?,
        library: library(service, &repositories, &metrics)?,
        repositories,
        store,
        sessions,
        limiter: Arc::new(Limiter::new(rule(service)?)),
        quirks: quirks(service)?,
        counts: choice(
            service,
            "PULL_COUNTS",
            &[("manifests", Counts::Manifests), ("images", Counts::Images)],
        )?,
        metrics,
    })
}

fn store(service: &Service) -> Result<Store, StartError> {
    let folder = service.env.text("REGISTRY_DIR")?.map(PathBuf::from);
    let shown = folder.as_ref().map(|folder| folder.display().to_string()).unwrap_or_default();
    let remedy = "set it to a number of bytes, or to 0 for as many as the disk has";
    let limit = service.env.parse("REGISTRY_BYTES", 0, remedy)?;
    let remedy = "set it to a folder that can be written to";
    Ok(Store::open(folder, limit).map_err(|why| wrong("REGISTRY_DIR", &shown, &why, remedy))?)
}

fn access(service: &Service) -> Result<Access, StartError> {
    let env = &service.env;
    let accounts = env.text("ACCOUNTS")?.unwrap_or_default();
    let remedy = "set it to name:password or name:password:limit, with commas";
    let tokens = Tokens::new(&accounts).map_err(|why| wrong("ACCOUNTS", "..", &why, remedy))?;
    let asks = choice(service, "REGISTRY_AUTH", &[("none", false), ("token", true)])?;
    if !asks && !accounts.is_empty() {
        let why = "with accounts, somebody has to ask who it is";
        return Err(wrong("REGISTRY_AUTH", "none", &why, "set it to token").into());
    }
    let push = [("accounts", Push::Accounts), ("anybody", Push::Anybody)];
    let url = env.text("REGISTRY_URL")?.map(|url| url.trim_end_matches('/').to_owned());
    Ok(Access {
        tokens: asks.then_some(tokens),
        push: choice(service, "REGISTRY_PUSH", &push)?,
        service: env.text("REGISTRY_SERVICE")?.unwrap_or_else(|| "registry".to_owned()),
        url,
        behind: env.text("PULL_SOURCE")?.map(|text| source(&text)).transpose()?,
    })
}

fn source(text: &str) -> Result<IpAddr, SettingError> {
    let remedy = "set it to an IP address, or not at all";
    text.parse().map_err(|why| wrong("PULL_SOURCE", text, &why, remedy))
}

fn rule(service: &Service) -> Result<Rule, StartError> {
    let env = &service.env;
    let limit = match env.text("PULL_LIMIT")?.as_deref() {
        None | Some("unlimited") => None,
        Some(_) => Some(env.parse("PULL_LIMIT", 0, "set it to a number, or to unlimited")?),
    };
    let remedy = "set it to a number of seconds, at least 1";
    let window = env.parse("PULL_WINDOW", SIX_HOURS, remedy)?;
    if window == 0 {
        return Err(wrong("PULL_WINDOW", "0", &"nothing fits into it", remedy).into());
    }
    let refill =
        choice(service, "PULL_REFILL", &[("window", Refill::Window), ("bucket", Refill::Bucket)])?;
    let refusals_count = env.parse("PULL_REFUSALS_COUNT", false, "set it to true or false")?;
    Ok(Rule { limit, window: Duration::from_secs(window), refill, refusals_count })
}

fn quirks(service: &Service) -> Result<Quirks, StartError> {
    Ok(Quirks {
        headers: choice(
            service,
            "PULL_HEADERS",
            &[
                ("hub", Headers::Hub),
                ("empty", Headers::Empty),
                ("bare", Headers::Bare),
                ("draft", Headers::Draft),
                ("silent", Headers::Silent),
            ],
        )?,
        retry_after: choice(
            service,
            "PULL_RETRY_AFTER",
            &[
                ("never", RetryAfter::Never),
                ("seconds", RetryAfter::Seconds),
                ("date", RetryAfter::Date),
            ],
        )?,
        body: choice(service, "PULL_REFUSAL", &[("oci", Body::Oci), ("plain", Body::Plain)])?,
    })
}

fn library(
    service: &Service,
    repositories: &Repositories,
    metrics: &Metrics,
) -> Result<Library, StartError> {
    let is_cache = choice(service, "REGISTRY_ROLE", &[("origin", false), ("cache", true)])?;
    if !is_cache {
        return Ok(Library::Origin(repositories.clone()));
    }
    let url = service.env.text("UPSTREAM")?.unwrap_or_default();
    let host = url.trim_end_matches('/').strip_prefix("http://");
    let Some(host) = host.filter(|host| !host.is_empty() && !host.contains('/')) else {
        let why = "a cache needs an upstream";
        return Err(wrong("UPSTREAM", &url, &why, "set it to http://host:port").into());
    };
    let user = service.env.text("UPSTREAM_USER")?;
    if user.as_ref().is_some_and(|user| !user.contains(':')) {
        let why = "there is no password";
        return Err(wrong("UPSTREAM_USER", "..", &why, "set it to name:password").into());
    }
    let resolver = service.resolver()?;
    let client = Client::with_limits(resolver, "upstream", &service.registry, PATIENCE)
        .map_err(|why| StartError::Other(why.to_string()))?;
    let upstream = Upstream::new(client, format!("http://{host}"), user.as_deref());
    let cache = Cache::new(repositories.clone(), upstream, metrics.clone());
    Ok(Library::Cache(Box::new(cache)))
}

/// One of a few words; the first one, if nothing is said.
fn choice<T: Copy>(service: &Service, name: &str, words: &[(&str, T)]) -> Result<T, SettingError> {
    let (first, _) = words[0];
    let text = service.env.text(name)?.unwrap_or_else(|| first.to_owned());
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        wrong(name, &text, &"there is no such choice", &format!("set it to {}", all.join(" or ")))
    })
}

fn wrong(name: &str, found: &str, why: &dyn std::fmt::Display, remedy: &str) -> SettingError {
    SettingError {
        name: name.to_owned(),
        found: found.to_owned(),
        why: why.to_string(),
        remedy: remedy.to_owned(),
    }
}
