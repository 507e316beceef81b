//! Asking registries and web servers, with TLS and by way of the proxy that the environment names.
//!
//! Redirects are followed, a challenge for a token is answered with the one that everybody gets,
//! and a token goes to nobody but who asked for it.

use std::collections::HashMap;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, LOCATION, RANGE, USER_AGENT, WWW_AUTHENTICATE};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::client::proxy::matcher::Matcher;
use kube::client::Body;
use oci::challenge::{Challenge, Token};

use super::FetchError;

/// How long a connection may take, and how long a server may say nothing.
const CONNECT: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_secs(30);
/// A redirect leads to a redirect, but not for ever.
const REDIRECTS: usize = 5;
/// Longest token, in bytes.
const TOKEN: usize = 1 << 16;

/// Whoever is asked for images and files.
pub(super) struct Web {
    clients: HashMap<String, kube::Client>,
    tokens: HashMap<String, String>,
    /// Who is asked in place of a host: `quay.io`, or `*`, and a URL without a path.
    mirrors: Vec<(String, Uri)>,
}

impl Web {
    pub(super) fn new(mirrors: Vec<(String, Uri)>) -> Self {
        Self { clients: HashMap::new(), tokens: HashMap::new(), mirrors }
    }

    /// The URL of a path on a host, or on who is asked in its place.
    pub(super) fn url(&self, host: &str, path: &str) -> String {
        let mirror = self.mirrors.iter().find(|(of, _)| of == host || of == "*");
        match mirror {
            Some((_, mirror)) => format!("{}{path}", mirror.to_string().trim_end_matches('/')),
            None => format!("https://{host}{path}"),
        }
    }

    /// An answer with a body that is yet to be read, from this byte on if the server can do that.
    /// `scope` is what a registry is asked a token for.
    pub(super) async fn get(
        &mut self,
        url: &str,
        accept: &str,
        from: u64,
        scope: &str,
    ) -> Result<Response<Body>, FetchError> {
        let mut uri = parse(url)?;
        let first = origin(&uri);
        for _ in 0..REDIRECTS {
            let key = format!("{} {scope}", origin(&uri));
            let token = self.tokens.get(&key).cloned();
            let response = self.once(&uri, accept, from, token.as_deref()).await?;
            let status = response.status();
            if status == StatusCode::UNAUTHORIZED && token.is_none() && origin(&uri) == first {
                let token = self.token(&response, url, scope).await?;
                self.tokens.insert(key, token);
            } else if status.is_redirection() {
                let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
                let to = to.ok_or_else(|| FetchError::answer(url, "a redirect to nowhere"))?;
                uri = absolute(&uri, to)?;
            } else if status.is_success() {
                return Ok(response);
            } else {
                return Err(FetchError::answer(url, status.to_string()));
            }
        }
        Err(FetchError::answer(url, "one redirect after the other"))
    }

    async fn once(
        &mut self,
        uri: &Uri,
        accept: &str,
        from: u64,
        token: Option<&str>,
    ) -> Result<Response<Body>, FetchError> {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::get(path).header(ACCEPT, accept).header(USER_AGENT, "tale");
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if from > 0 {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        let wrong =
            |why: &dyn std::error::Error| FetchError::answer(uri, crate::connect::words(why));
        let request = request.body(Body::empty()).map_err(|why| wrong(&why))?;
        let client = self.client(uri)?;
        let answer = tokio::time::timeout(SILENCE, client.send(request)).await;
        let answer = answer.map_err(|_| FetchError::answer(uri, "no answer"))?;
        answer.map_err(|why| wrong(&why))
    }

    /// One client for each server: who is asked again is asked over the same connection.
    fn client(&mut self, uri: &Uri) -> Result<kube::Client, FetchError> {
        let origin = origin(uri);
        if let Some(client) = self.clients.get(&origin) {
            return Ok(client.clone());
        }
        let mut config = kube::Config::new(parse(&origin)?);
        config.connect_timeout = Some(CONNECT);
        config.read_timeout = Some(SILENCE);
        config.default_retry = false;
        config.proxy_url = Matcher::from_env().intercept(uri).map(|proxy| proxy.uri().clone());
        let client = kube::Client::try_from(config);
        let client = client.map_err(|why| FetchError::answer(uri, crate::connect::words(&why)))?;
        self.clients.insert(origin, client.clone());
        Ok(client)
    }

    /// What a registry gives to everybody who asks.
    async fn token(
        &mut self,
        refusal: &Response<Body>,
        url: &str,
        scope: &str,
    ) -> Result<String, FetchError> {
        let says = refusal.headers().get(WWW_AUTHENTICATE).and_then(|says| says.to_str().ok());
        let challenge = says.and_then(Challenge::parse);
        let challenge = challenge.ok_or_else(|| FetchError::answer(url, "it wants a password"))?;
        let realm = challenge.url(scope);
        let response = self.once(&parse(&realm)?, "application/json", 0, None).await?;
        if !response.status().is_success() {
            return Err(FetchError::answer(realm, response.status().to_string()));
        }
        let bytes = read(response, TOKEN, &realm).await?;
        let token: Option<Token> = serde_json::from_slice(&bytes).ok();
        let token = token.as_ref().and_then(Token::text).map(str::to_owned);
        token.ok_or_else(|| FetchError::answer(realm, "an answer without a token"))
    }
}

/// A body of at most so many bytes.
pub(super) async fn read(
    response: Response<Body>,
    most: usize,
    url: &str,
) -> Result<Vec<u8>, FetchError> {
    let mut body = response.into_body();
    let mut bytes = Vec::new();
    while let Some(piece) = next(&mut body, url).await? {
        if bytes.len() + piece.len() > most {
            return Err(FetchError::answer(url, format!("more than {most} bytes")));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// The next piece of a body; none at its end.
pub(super) async fn next(body: &mut Body, url: &str) -> Result<Option<Bytes>, FetchError> {
    loop {
        let frame = tokio::time::timeout(SILENCE, body.frame()).await;
        let frame = frame.map_err(|_| {
            FetchError::answer(url, format!("nothing came for {} s", SILENCE.as_secs()))
        })?;
        let Some(frame) = frame else { return Ok(None) };
        let frame = frame.map_err(|why| FetchError::answer(url, crate::connect::words(&why)))?;
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
}

fn parse(url: &str) -> Result<Uri, FetchError> {
    let uri: Uri = url.parse().map_err(|_| FetchError::answer(url, "it is no URL"))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(_)) => Ok(uri),
        _ => Err(FetchError::answer(url, "it is no URL of http or https")),
    }
}

/// Where a redirect leads; never from https to http.
fn absolute(from: &Uri, to: &str) -> Result<Uri, FetchError> {
    let to = if to.starts_with('/') { format!("{}{to}", origin(from)) } else { to.to_owned() };
    let to = parse(&to)?;
    if from.scheme_str() == Some("https") && to.scheme_str() != Some("https") {
        return Err(FetchError::answer(to, "a redirect away from https"));
    }
    Ok(to)
}

fn origin(uri: &Uri) -> String {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    format!("{}://{authority}", uri.scheme_str().unwrap_or("https"))
}
