//! Asks what a StatusCheck wants to know: one HTTP request to a Service of the stage.
//!
//! Judged as Chaos Mesh does with Go's default client: redirects are followed, and an answer whose
//! body does not arrive is thrown away. What it would ask outside of the stage is an error instead.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use chaos::workflow::probe::{HttpProbe, ProbeAnswer};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Method, Url, redirect};

use crate::NamespacedName;
use crate::local::handle::StageView;

/// Requests in a chain of redirects; Go's client makes as many.
const MAX_REQUESTS: usize = 10;

/// Knows the addresses of the stage's Services.
pub(super) type Services = Arc<dyn Fn(&str) -> Option<IpAddr> + Send + Sync>;

/// Sends the request. Names are those of Services; nothing outside the stage is contacted.
///
/// # Errors
/// Why there is no answer.
pub(super) async fn ask(services: Services, request: &HttpProbe) -> Result<ProbeAnswer, String> {
    let url: Url =
        request.url.parse().map_err(|why| format!("`{}` is not a URL: {why}", request.url))?;
    on_stage(&services, &url)?;
    let known = services.clone();
    let follow = redirect::Policy::custom(move |attempt| {
        if attempt.previous().len() >= MAX_REQUESTS {
            return attempt.error(format!("redirected {MAX_REQUESTS} times"));
        }
        match on_stage(&known, attempt.url()) {
            Ok(()) => attempt.follow(),
            Err(why) => attempt.error(format!("redirected off the stage: {why}")),
        }
    });
    let client = Client::builder()
        .timeout(request.timeout)
        .redirect(follow)
        .dns_resolver(Arc::new(OfStage(services)))
        .no_proxy()
        .build()
        .map_err(root)?;
    let method = Method::from_bytes(request.method.as_bytes()).map_err(|why| why.to_string())?;
    let mut asked = client.request(method, url).body(request.body.clone());
    for (name, values) in &request.headers {
        for value in values {
            asked = asked.header(name, value);
        }
    }
    let mut answer = asked.send().await.map_err(root)?;
    // The body is read for whether it arrives, not for what is in it, so nothing of it is kept.
    let whole = loop {
        match answer.chunk().await {
            Ok(Some(_)) => {}
            Ok(None) => break true,
            Err(_) => break false,
        }
    };
    Ok(ProbeAnswer { status: answer.status().as_u16(), whole })
}

/// How `stage` names its Services: `service`, `service.namespace`, and longer forms of that.
pub(super) fn services(stage: StageView) -> Services {
    Arc::new(move |host| {
        let short = host.trim_end_matches('.');
        let short = short.trim_end_matches(".cluster.local");
        let short = short.trim_end_matches(".svc");
        let (name, namespace) = short.split_once('.').unwrap_or((short, "default"));
        stage.snapshot().service(&NamespacedName::new(namespace, name))?.ip
    })
}

fn on_stage(services: &Services, url: &Url) -> Result<(), String> {
    let host = url.host_str().unwrap_or_default();
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) if address.is_loopback() => Ok(()),
        Ok(address) => Err(format!("{address} is not on this stage")),
        Err(_) => services(host).map(drop).ok_or_else(|| nobody(host)),
    }
}

fn nobody(host: &str) -> String {
    format!("there is no Service `{host}` on this stage")
}

/// Resolves names as [`Services`] does, whatever the machine's own resolver thinks.
struct OfStage(Services);

impl Resolve for OfStage {
    fn resolve(&self, name: Name) -> Resolving {
        let found = (self.0)(name.as_str());
        Box::pin(async move {
            let address = found.ok_or_else(|| nobody(name.as_str()))?;
            // The port is the URL's own.
            let address = SocketAddr::from((address, 0));
            Ok(Box::new(std::iter::once(address)) as Addrs)
        })
    }
}

/// The reason below an error of the client, which by itself says only that something failed.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn root(error: reqwest::Error) -> String {
    let mut reason: &dyn Error = &error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    reason.to_string()
}

#[cfg(test)]
mod tests;
