//! The registry behind a cache: asked as any client asks, tokens and all.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use instrument::client::{Answer, CallError, Client, Download, Method};
use oci::Name;
use oci::challenge::{Challenge, Token};
use oci::manifest::{DOCKER_IMAGE, DOCKER_LIST, IMAGE, INDEX};
use rocket::http::Status;

use crate::refusal::{Code, Refusal};

/// Tokens that are kept at a time.
const MAX_TOKENS: usize = 1000;
/// What of an upstream's words is passed on.
const MAX_WORDS: usize = 500;

/// Where content comes from.
pub struct Upstream {
    client: Client,
    url: String,
    /// `Basic ..`, for who has an account there.
    basic: Option<String>,
    tokens: Mutex<HashMap<String, (String, Instant)>>,
}

impl Upstream {
    /// At this URL, as `name:password` or as nobody.
    pub fn new(client: Client, url: String, user: Option<&str>) -> Self {
        let basic = user.map(|user| format!("Basic {}", STANDARD.encode(user)));
        Self { client, url, basic, tokens: Mutex::default() }
    }

    /// Asks for what costs nothing.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn head(&self, name: &Name, path: &str) -> Result<Answer, CallError> {
        self.with_token(name, &Method::HEAD, path).await.map(|(answer, _)| answer)
    }

    /// Gets something.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn get(&self, name: &Name, path: &str) -> Result<(Answer, Body), CallError> {
        let (answer, body) = self.with_token(name, &Method::GET, path).await?;
        // To somebody else, who is not to see the token.
        match answer.header("location") {
            Some(elsewhere) if [301, 302, 303, 307, 308].contains(&answer.status) => {
                let here = if elsewhere.starts_with('/') { self.url.as_str() } else { "" };
                let elsewhere = format!("{here}{elsewhere}");
                let (answer, body) = self.client.download(&elsewhere, &[]).await?;
                Ok((answer, Body(Some(body))))
            }
            _ => Ok((answer, body)),
        }
    }

    /// Asks, and once more if a token is wanted that is not at hand.
    async fn with_token(
        &self,
        name: &Name,
        method: &Method,
        path: &str,
    ) -> Result<(Answer, Body), CallError> {
        let url = format!("{}/v2/{name}/{path}", self.url);
        let scope = format!("repository:{name}:pull");
        let known = self.tokens().get(&scope).filter(|(_, end)| *end > Instant::now()).cloned();
        let first = self.send(method, &url, known.as_ref().map(|(token, _)| token)).await?;
        let challenge = first.0.header("www-authenticate").and_then(Challenge::parse);
        let Some(challenge) = challenge.filter(|_| first.0.status == 401) else {
            return Ok(first);
        };
        let basic = self.basic.as_deref().map(|basic| ("Authorization", basic));
        let asked = self.client.ask(Method::GET, &challenge.url(&scope), basic.as_slice()).await?;
        let token = asked.json::<Token>().ok().filter(|_| asked.status == 200);
        let Some((text, seconds)) =
            token.as_ref().and_then(|token| Some((token.text()?.to_owned(), token.expires_in)))
        else {
            return Ok(first);
        };
        let second = self.send(method, &url, Some(&text)).await;
        self.keep(scope, text, seconds);
        second
    }

    async fn send(
        &self,
        method: &Method,
        url: &str,
        token: Option<&String>,
    ) -> Result<(Answer, Body), CallError> {
        let accepts = [IMAGE, INDEX, DOCKER_IMAGE, DOCKER_LIST, "*/*"].map(|kind| ("Accept", kind));
        let bearer = token.map(|token| format!("Bearer {token}"));
        let bearer = bearer.as_deref().map(|bearer| ("Authorization", bearer));
        let headers: Vec<_> = accepts.into_iter().chain(bearer).collect();
        if *method == Method::HEAD {
            Ok((self.client.ask(method.clone(), url, &headers).await?, Body(None)))
        } else {
            let (answer, body) = self.client.download(url, &headers).await?;
            Ok((answer, Body(Some(body))))
        }
    }

    /// For nine tenths of its time, by the own clock.
    fn keep(&self, scope: String, token: String, seconds: u64) {
        let mut tokens = self.tokens();
        if tokens.len() >= MAX_TOKENS {
            tokens.clear();
        }
        let end = Instant::now() + Duration::from_secs(seconds.min(3600)).mul_f64(0.9);
        tokens.insert(scope, (token, end));
    }

    fn tokens(&self) -> MutexGuard<'_, HashMap<String, (String, Instant)>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What comes after the head of an answer; nothing, to a HEAD.
pub struct Body(Option<Download>);

impl Body {
    /// The next bytes; none at the end.
    ///
    /// # Errors
    /// The connection broke, or nothing came for too long.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, CallError> {
        let Some(body) = &mut self.0 else { return Ok(None) };
        Ok(body.next().await?.map(Into::into))
    }
}

/// What an upstream's "no" becomes for whoever asked the cache.
///
/// *Lesson: pass on what is meant.* A cache that makes 500 of 429 hides from its clients that
/// waiting would help.
pub fn refusal(answer: &Answer, body: &[u8], what: (Code, &str)) -> Refusal {
    let words = || said(body);
    match answer.status {
        429 => {
            let words =
                words().unwrap_or_else(|| "the upstream's pull limit is reached".to_owned());
            let mut refusal = Refusal::new(Status::TooManyRequests, Code::TooManyRequests, words);
            for name in ["Retry-After", "ratelimit-limit", "ratelimit-remaining"] {
                if let Some(value) = answer.header(&name.to_ascii_lowercase()) {
                    refusal = refusal.with(name, value);
                }
            }
            refusal
        }
        404 => Refusal::not_found(what.0, what.1),
        401 | 403 => {
            let why = "the upstream does not let this cache have it; look at UPSTREAM_USER";
            Refusal::new(Status::Forbidden, Code::Denied, why)
        }
        status => {
            let why = format!("the upstream answered {status}");
            Refusal::new(Status::BadGateway, Code::Unknown, why)
        }
    }
}

/// The same for no answer at all.
pub fn no_answer(why: &CallError) -> Refusal {
    tracing::warn!(%why, "no answer from the upstream");
    Refusal::new(Status::BadGateway, Code::Unknown, "the upstream does not answer")
}

/// The first error's message, or the text itself.
fn said(body: &[u8]) -> Option<String> {
    let json: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let message = json.as_ref().and_then(|json| json["errors"][0]["message"].as_str());
    let text = message.or_else(|| std::str::from_utf8(body).ok())?.trim();
    let plain = text.chars().filter(|character| !character.is_control()).take(MAX_WORDS);
    Some(plain.collect()).filter(|text: &String| !text.is_empty())
}
