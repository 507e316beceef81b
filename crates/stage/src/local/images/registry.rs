//! Asks a registry, as a container runtime does: without TLS, with a token where one is wanted.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use oci::challenge::{Challenge, Token};
use oci::manifest::{DOCKER_IMAGE, DOCKER_LIST, IMAGE, INDEX};
use reqwest::header::{ACCEPT, AUTHORIZATION, HOST, WWW_AUTHENTICATE};
use reqwest::{Method, Response, StatusCode, Url};
use serde_json::Value;

use super::name::ImageName;
use super::pull::NotPulled;

/// Where a host is, as seen from a namespace; none if it is not on this stage.
pub(super) type Find = Arc<dyn Fn(&str, &str) -> Option<Ipv4Addr> + Send + Sync>;

/// As many seconds for a connection, and for each piece of an answer.
const CONNECT: Duration = Duration::from_secs(2);
const SILENCE: Duration = Duration::from_secs(10);
/// What is read of a refusal or a token.
const MAX_TEXT: usize = 64 * 1024;
/// What is shown of a refusal.
const SHOWN: usize = 300;

/// The client that all pulls share.
pub(super) fn client() -> reqwest::Client {
    let client = reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        // A new connection for each request: a fault shows within one.
        .pool_max_idle_per_host(0)
        // It would lead off the stage.
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy();
    client.build().expect("a client without TLS needs nothing from this machine")
}

/// One registry, for one pull.
pub(super) struct Registry<'r> {
    pub(super) http: &'r reqwest::Client,
    pub(super) find: &'r Find,
    pub(super) address: SocketAddrV4,
    pub(super) image: &'r ImageName,
    pub(super) namespace: &'r str,
    /// Asked for once, when the registry wants one.
    pub(super) token: Option<String>,
}

impl Registry<'_> {
    /// Asks for `manifests` or `blobs` of the repository. An answer that is no success is an error.
    pub(super) async fn ask(
        &mut self,
        method: Method,
        what: &str,
        which: &str,
    ) -> Result<Response, NotPulled> {
        let response = self.send(method.clone(), what, which).await?;
        let response = match response.status() {
            StatusCode::UNAUTHORIZED if self.token.is_none() => {
                self.token = Some(self.get_token(&response).await?);
                self.send(method, what, which).await?
            }
            _ => response,
        };
        if response.status().is_success() { Ok(response) } else { Err(refusal(response).await) }
    }

    async fn send(&self, method: Method, what: &str, which: &str) -> Result<Response, NotPulled> {
        let (address, name) = (self.address, &self.image.repository);
        let host = format!("{}:{}", self.image.host().unwrap_or_default(), self.image.port());
        let url = format!("http://{address}/v2/{name}/{what}/{which}");
        let mut request = self.http.request(method, url).header(HOST, host);
        // A line each, as clients in Go do it.
        for kind in [IMAGE, INDEX, DOCKER_IMAGE, DOCKER_LIST, "*/*"] {
            request = request.header(ACCEPT, kind);
        }
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        request.send().await.map_err(NotPulled::no_answer)
    }

    async fn get_token(&self, refused: &Response) -> Result<String, NotPulled> {
        let header = refused.headers().get(WWW_AUTHENTICATE).and_then(|h| h.to_str().ok());
        let challenge = header.and_then(Challenge::parse).ok_or(NotPulled::Challenge)?;
        let asked = challenge.url(&format!("repository:{}:pull", self.image.repository));
        let away = || NotPulled::Away(challenge.realm.clone());
        let mut url = Url::parse(&asked).map_err(|_| away())?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let ip = (self.find)(&host, self.namespace).filter(|_| url.scheme() == "http");
        let ip = ip.ok_or_else(away)?;
        let named = format!("{host}:{}", url.port_or_known_default().unwrap_or_default());
        url.set_ip_host(ip.into()).map_err(|()| away())?;
        let response = self.http.get(url).header(HOST, named).send().await;
        let response = response.map_err(NotPulled::no_answer)?;
        if !response.status().is_success() {
            return Err(refusal(response).await);
        }
        let text = text(response, MAX_TEXT).await?;
        let token = serde_json::from_slice::<Token>(&text).ok();
        token.as_ref().and_then(Token::text).map(str::to_owned).ok_or(NotPulled::NoToken)
    }
}

/// The body, if it is no longer than that.
pub(super) async fn text(mut response: Response, most: usize) -> Result<Vec<u8>, NotPulled> {
    let mut all = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(NotPulled::no_answer)? {
        if all.len() + piece.len() > most {
            return Err(NotPulled::TooLong { most: most as u64 });
        }
        all.extend_from_slice(&piece);
    }
    Ok(all)
}

/// `429 Too Many Requests: toomanyrequests: You have reached your pull rate limit.`
async fn refusal(response: Response) -> NotPulled {
    let status = response.status();
    let text = text(response, MAX_TEXT).await.unwrap_or_default();
    NotPulled::Refused { status: status.to_string(), said: said(&text) }
}

/// A registry's error as runtimes show it, or the text of something in between.
fn said(body: &[u8]) -> String {
    let json = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let error = &json["errors"][0];
    let all = match (error["code"].as_str(), error["message"].as_str()) {
        (Some(code), Some(message)) => {
            format!(": {}: {message}", code.to_lowercase().replace('_', " "))
        }
        _ if body.is_empty() => String::new(),
        _ => format!(": {}", String::from_utf8_lossy(body)),
    };
    let words = all.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().filter(|c| !c.is_control()).take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_the_registrys_words() {
        let hub = br#"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}"#;
        assert_eq!(said(hub), ": toomanyrequests: You have reached your pull rate limit.");
        assert_eq!(said(b"Too\nMany \x1b[31m"), ": Too Many [31m");
        assert_eq!(said(b""), "");
        assert_eq!(said(&[b'x'; 1000]).len(), SHOWN);
    }
}
