//! What is asked: HEAD of a manifest, which costs nothing, and a token for it, which costs nothing
//! either.
//!
//! *Lesson: who measures must not spend what he measures.* A script that pulls to see how many
//! pulls are left is one of those who use them up. There is no GET of a manifest in this service.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use oci::challenge::{Challenge, Token};
use oci::manifest::{DOCKER_IMAGE, DOCKER_LIST, IMAGE, INDEX};
use oci::ratelimit::{Limit, read};
use rocket::tokio::task::JoinSet;
use url::Url;

use crate::client::{Client, Reply, To};
use crate::finding::{Failure, Finding, Said};
use crate::target::Target;

/// Registries that are remembered at a time.
const MAX_KNOWN: usize = 1000;

/// Asks. Cloning is cheap, and clones share their tokens.
#[derive(Clone)]
pub struct Prober {
    client: Client,
    known: Arc<Mutex<HashMap<[String; 2], Known>>>,
}

/// What is remembered of a registry.
#[derive(Clone, Default)]
struct Known {
    /// A token, and until when.
    token: Option<(String, Instant)>,
    last_success: Option<f64>,
}

impl Prober {
    /// By this client.
    pub fn new(client: Client) -> Self {
        Self { client, known: Arc::default() }
    }

    /// Asks all of them at once.
    pub async fn round(&self, targets: &[Target]) -> Vec<Finding> {
        let mut running = JoinSet::new();
        for (place, target) in targets.iter().cloned().enumerate() {
            let prober = self.clone();
            running.spawn(async move { (place, prober.target(&target).await) });
        }
        let mut found = running.join_all().await;
        found.sort_by_key(|(place, _)| *place);
        found.into_iter().map(|(_, finding)| finding).collect()
    }

    async fn target(&self, target: &Target) -> Finding {
        let labels = target.labels();
        let said = self.said(target, &labels).await;
        let last_success = self.remember(&labels, |known| {
            if said.is_ok() {
                known.last_success = Some(now());
            }
            known.last_success
        });
        Finding { labels, said, last_success }
    }

    async fn said(&self, target: &Target, labels: &[String; 2]) -> Result<Said, Failure> {
        let token = self.token(labels);
        let mut reply = self.head(target, token).await?;
        let challenge = reply.header("www-authenticate").and_then(Challenge::parse);
        if let Some(challenge) = challenge.filter(|_| reply.status == 401) {
            let token = self.new_token(target, labels, &challenge).await?;
            reply = self.head(target, Some(token)).await?;
        }
        let limit = read(|name| reply.header(name));
        match reply.status {
            200 => {}
            // Refused, and told how it stands: that is an answer.
            429 if matches!(limit, Limit::Limited { .. }) => {}
            429 => return Err(Failure::TooManyRequests),
            401 | 403 => return Err(Failure::Unauthorized),
            404 => return Err(Failure::NoImage),
            _ => return Err(Failure::Status),
        }
        let source = reply.header("docker-ratelimit-source").map(str::to_owned);
        Ok(Said { limit, source })
    }

    async fn head(&self, target: &Target, token: Option<String>) -> Result<Reply, Failure> {
        let Target { is_secret, port, .. } = *target;
        let accepts = [IMAGE, INDEX, DOCKER_IMAGE, DOCKER_LIST, "*/*"];
        let mut headers: Vec<_> = accepts.map(|kind| ("Accept", kind.to_owned())).into();
        headers.extend(token.map(|token| ("Authorization", format!("Bearer {token}"))));
        let to = To { is_secret, host: &target.host, port };
        self.client.ask(Method::HEAD, &to, &target.path(), &headers).await
    }

    async fn new_token(
        &self,
        target: &Target,
        labels: &[String; 2],
        challenge: &Challenge,
    ) -> Result<String, Failure> {
        let url = challenge.url(&format!("repository:{}:pull", target.name));
        let url = Url::parse(&url).map_err(|_| Failure::Malformed)?;
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err(Failure::Malformed);
        };
        let is_secret = url.scheme() == "https";
        // A password does not leave a secret place for an open one.
        if target.is_secret && !is_secret {
            return Err(Failure::Tls);
        }
        let basic = target.account.as_ref().map(|account| {
            let text = STANDARD.encode(format!("{}:{}", account.name, account.password));
            ("Authorization", format!("Basic {text}"))
        });
        let to = To { is_secret, host: host.trim_matches(['[', ']']), port };
        let path = url[url::Position::BeforePath..url::Position::AfterQuery].to_owned();
        let reply = self.client.ask(Method::GET, &to, &path, basic.as_slice()).await?;
        match reply.status {
            200 => {}
            400 | 401 | 403 => return Err(Failure::Unauthorized),
            429 => return Err(Failure::TooManyRequests),
            _ => return Err(Failure::Status),
        }
        let token: Token = serde_json::from_slice(&reply.body).map_err(|_| Failure::Malformed)?;
        let text = token.text().ok_or(Failure::Malformed)?.to_owned();
        // For nine tenths of its time, by the own clock.
        let span = Duration::from_secs(token.expires_in.min(3600)).mul_f64(0.9);
        let token = Some((text.clone(), Instant::now() + span));
        self.remember(labels, |known| known.token = token);
        Ok(text)
    }

    fn remember<T>(&self, labels: &[String; 2], change: impl FnOnce(&mut Known) -> T) -> T {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // Anybody may ask about anything, on `/probe`.
        if known.len() >= MAX_KNOWN && !known.contains_key(labels) {
            known.clear();
        }
        change(known.entry(labels.clone()).or_default())
    }

    fn token(&self, labels: &[String; 2]) -> Option<String> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (token, end) = known.get(labels)?.token.clone()?;
        (end > Instant::now()).then_some(token)
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
