//! Asking over HTTP where a few bytes are expected: bounded in time and size, and no redirect leads
//! elsewhere.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::redirect::Policy;

/// The body of a good answer to `GET url`.
///
/// # Errors
/// No answer within the time, a longer one than `most` bytes, or another status than 2xx.
pub(crate) async fn get(url: &str, within: Duration, most: usize) -> Result<Vec<u8>> {
    let client = reqwest::Client::builder().timeout(within).redirect(Policy::none()).no_proxy();
    let client = client.build().context("cannot make an HTTP client")?;
    let answer = client.get(url).send().await.map_err(reqwest::Error::without_url)?;
    let status = answer.status();
    ensure!(status.is_success(), "HTTP {status}");
    body(answer, most).await
}

/// The whole body of an answer, if it is not longer than `most` bytes.
///
/// # Errors
/// It is longer, or does not arrive.
pub(crate) async fn body(mut answer: reqwest::Response, most: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
        ensure!(bytes.len() + chunk.len() <= most, "the answer is longer than {most} bytes");
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers one request with `head`, and then with bytes until the client has enough.
    async fn endless(head: &'static str) -> String {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(head.as_bytes()).await;
            while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
        });
        url
    }

    #[tokio::test]
    async fn an_answer_without_end_is_given_up_at_its_limit_and_a_redirect_is_not_followed() {
        let url = endless("HTTP/1.1 200 OK\r\n\r\n").await;
        let why = get(&url, Duration::from_secs(20), 10_000).await.unwrap_err();
        assert!(why.to_string().contains("longer than 10000 bytes"), "{why}");
        let url = endless("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n").await;
        let why = get(&url, Duration::from_secs(20), 10_000).await.unwrap_err();
        assert!(why.to_string().contains("302"), "{why}");
    }
}
