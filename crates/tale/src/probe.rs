//! Asks what a StatusCheck wants to know: one HTTP request to a Service of the stage.

use chaos::probe::{HttpProbe, ProbeAnswer};
use reqwest::{Client, Method, Url, redirect};
use stage::local::LocalStage;
use std::net::{IpAddr, SocketAddr};

/// Sends the request. Names are those of Services; nothing outside the stage is contacted.
///
/// # Errors
/// Why there is no answer.
pub(crate) async fn ask(stage: &LocalStage, request: &HttpProbe) -> Result<ProbeAnswer, String> {
    let url: Url = request
        .url
        .parse()
        .map_err(|why| format!("`{}` is no URL: {why}", request.url))?;
    let mut client = Client::builder()
        .timeout(request.timeout)
        .redirect(redirect::Policy::none())
        .no_proxy();
    let host = url.host_str().unwrap_or_default();
    match host.parse::<IpAddr>() {
        Ok(address) if address.is_loopback() => {}
        Ok(address) => return Err(format!("{address} is not on this stage")),
        Err(_) => {
            let address = service(stage, host)
                .ok_or_else(|| format!("there is no Service `{host}` on this stage"))?;
            client = client.resolve(host, address);
        }
    }
    let client = client.build().map_err(|why| why.to_string())?;
    let method = Method::from_bytes(request.method.as_bytes()).map_err(|why| why.to_string())?;
    let mut asked = client.request(method, url).body(request.body.clone());
    for (name, values) in &request.headers {
        for value in values {
            asked = asked.header(name, value);
        }
    }
    let answer = asked
        .send()
        .await
        .map_err(|why| why.without_url().to_string())?;
    Ok(ProbeAnswer {
        status: answer.status().as_u16(),
    })
}

/// The address of `service`, `service.namespace`, and longer forms of that; the port is the URL's own.
fn service(stage: &LocalStage, host: &str) -> Option<SocketAddr> {
    let short = host.trim_end_matches('.');
    let short = short.trim_end_matches(".cluster.local");
    let short = short.trim_end_matches(".svc");
    let (name, namespace) = short.split_once('.').unwrap_or((short, "default"));
    Some(SocketAddr::from((stage.service_ip(namespace, name)?, 0)))
}
