//! One request over a connection of its own: few are asked, and none waits for another.

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue, LOCATION, PROXY_AUTHORIZATION, USER_AGENT};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;

use super::access::Access;
use super::connection::Route;

/// Longer answers are not read: a month of samples of a thousand series has less.
const MOST_BYTES: usize = 512 * 1024 * 1024;

/// Status and body.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
    /// Where it sends us instead.
    pub(super) location: Option<String>,
}

/// Sends a form (or asks without one), and reads the whole answer.
///
/// # Errors
/// What went wrong, in one line; it may hold secrets.
pub(super) async fn ask(
    access: &Access,
    path: &str,
    form: Option<String>,
) -> Result<Answer, String> {
    let route = Route::to(&access.address);
    let stream = route.connect(&access.address).await?;
    let request = request(access, &route, path, form)?;
    match &access.tls {
        None => send(stream, request).await,
        Some(tls) => send(tls.encrypt(&access.address.host, stream).await?, request).await,
    }
}

fn request(
    access: &Access,
    route: &Route,
    path: &str,
    form: Option<String>,
) -> Result<Request<Full<Bytes>>, String> {
    let address = &access.address;
    let target = address.target(path);
    let proxy = route.forwards(address);
    // A proxy is told the whole address, a server only the path.
    let uri = match proxy {
        Some(_) => format!("http://{}{target}", address.authority()),
        None => target,
    };
    let method = if form.is_some() { Method::POST } else { Method::GET };
    let mut request = Request::builder().method(method).uri(uri);
    let headers = request.headers_mut().ok_or("the request cannot be made")?;
    let host = HeaderValue::from_str(&address.authority()).map_err(|why| why.to_string())?;
    headers.insert(HOST, host);
    headers.insert(USER_AGENT, HeaderValue::from_static("tale"));
    if let Some(login) = proxy.flatten() {
        headers.insert(PROXY_AUTHORIZATION, login);
    }
    if form.is_some() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    }
    headers.extend(access.headers.clone());
    let body = Full::new(Bytes::from(form.unwrap_or_default()));
    request.body(body).map_err(|why| why.to_string())
}

async fn send(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<Answer, String> {
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|why| chain(&why))?;
    let mut driver = JoinSet::new(); // it ends with this function
    driver.spawn(connection);
    let answer = sender.send_request(request).await.map_err(|why| chain(&why))?;
    let status = answer.status();
    let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let location = location.map(str::to_owned);
    let body = Limited::new(answer.into_body(), MOST_BYTES).collect().await;
    let body = body.map_err(|why| chain(&*why))?.to_bytes();
    Ok(Answer { status, body, location })
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Names and values as a form.
pub(super) fn form(fields: &[(&str, String)]) -> String {
    let fields = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
    fields.collect::<Vec<_>>().join("&")
}

fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => {
                encoded.push(byte as char);
            }
            b' ' => encoded.push('+'),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_encoded_as_browsers_do() {
        let text = form(&[("query", "a{b=\"ü\"} + 1&c".to_owned()), ("time", "1.5".to_owned())]);
        assert_eq!(text, "query=a%7Bb%3D%22%C3%BC%22%7D+%2B+1%26c&time=1.5");
    }
}
