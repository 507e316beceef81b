//! A tiny HTTP/1.1 server on loopback with keep-alive, for the tests of the client.

use std::sync::Arc;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
};

/// Answers every request with the same bytes and hands the request on; an empty answer keeps the
/// caller waiting.
pub(crate) struct HttpServer {
    pub(crate) port: u16,
    /// Each request as text, in the order of arrival.
    pub(crate) requests: mpsc::Receiver<String>,
    _task: JoinSet<()>,
}

/// Starts on 127.0.0.1 and a free port; stops when dropped.
pub(crate) async fn http(answer: impl Into<String>) -> HttpServer {
    let answer: Arc<str> = answer.into().into();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, requests) = mpsc::channel(16);
    let mut task = JoinSet::new();
    task.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(serve(stream, Arc::clone(&answer), sender.clone()));
        }
    });
    HttpServer { port, requests, _task: task }
}

async fn serve(mut stream: TcpStream, answer: Arc<str>, requests: mpsc::Sender<String>) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(length) => request.extend_from_slice(&buffer[..length]),
        }
        let text = String::from_utf8_lossy(&request).into_owned();
        if is_complete(&text) {
            request.clear();
            requests.send(text).await.unwrap();
            if !answer.is_empty() && stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

fn is_complete(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

/// The bytes of an answer.
pub(crate) fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}
