//! Everybody's mailbox, phone and chat on a stage: an HTTP server that keeps what Alertmanager
//! sends, and gives it back to whoever asks for `/messages`.
//!
//! The local stage has it in its own process; in a cluster it is a pod, which calls [`exec`].

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{JoinHandle, JoinSet};

use crate::Notification;
use crate::event::unix_now;

/// Notifications kept; the oldest go first.
const KEPT: usize = 1_000;
/// One notification of 64 KiB already holds more alerts than a room can read.
const MAX_BYTES: usize = 1024 * 1024;

/// Where it listens as a pod.
pub const PORT: u16 = 8080;

/// Where the messages are shown, as a JSON list of [`Notification`]s, oldest first.
pub const MESSAGES: &str = "/messages";

/// What was received. Clones see the same messages.
#[derive(Clone, Default)]
pub struct Inbox {
    messages: Arc<Mutex<VecDeque<Notification>>>,
}

#[derive(Deserialize)]
struct Payload {
    receiver: String,
    status: String,
    alerts: Vec<serde_json::Value>,
}

impl Inbox {
    /// Opens one at `ip`; port 0 takes any that is free. Returns where it is, and its task.
    ///
    /// # Errors
    /// The port cannot be opened.
    pub async fn start(
        ip: impl Into<IpAddr>,
        port: u16,
    ) -> io::Result<(Self, SocketAddr, JoinHandle<()>)> {
        let listener = TcpListener::bind((ip.into(), port)).await?;
        let address = listener.local_addr()?;
        let inbox = Self::default();
        let task = tokio::spawn(serve(listener, inbox.clone()));
        Ok((inbox, address, task))
    }

    /// All messages kept, oldest first.
    pub fn messages(&self) -> Vec<Notification> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn keep(&self, notification: Notification) {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        if messages.len() == KEPT {
            messages.pop_front();
        }
        messages.push_back(notification);
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        if request.method() == Method::GET {
            return Ok(self.show(request.uri().path()));
        }
        let channel = request.uri().path().trim_start_matches('/').to_owned();
        let body =
            Limited::new(request.into_body(), MAX_BYTES).collect().await.ok().map(|b| b.to_bytes());
        let payload: Option<Payload> = body.and_then(|body| serde_json::from_slice(&body).ok());
        let mut response = Response::new(Full::default());
        match payload {
            Some(Payload { receiver, status, alerts }) => {
                self.keep(Notification { at: unix_now(), channel, receiver, status, alerts });
            }
            None => *response.status_mut() = StatusCode::BAD_REQUEST,
        }
        Ok(response)
    }

    fn show(&self, path: &str) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::default());
        match (path, serde_json::to_vec(&self.messages())) {
            (MESSAGES, Ok(messages)) => *response.body_mut() = Full::from(messages),
            ("/healthz", _) => {}
            _ => *response.status_mut() = StatusCode::NOT_FOUND,
        }
        response
    }
}

/// Serves at every address of its pod, until SIGTERM.
///
/// # Errors
/// The port cannot be opened.
pub async fn exec() -> io::Result<()> {
    let (_, _, mut serving) = Inbox::start(Ipv4Addr::UNSPECIFIED, PORT).await?;
    // As process 1 of its container it would not end by a signal that it does not wait for.
    let mut end = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = &mut serving => {}
        _ = end.recv() => {}
    }
    Ok(())
}

async fn serve(listener: TcpListener, inbox: Inbox) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        // Alertmanager uses one connection per channel; more than 64 is somebody else.
        if connections.len() >= 64 {
            connections.join_next().await;
        }
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let inbox = inbox.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| inbox.clone().answer(request));
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(300));
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_alertmanager_sends_can_be_read_again() {
        let (inbox, address, task) = Inbox::start([127, 0, 0, 1], 0).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let alerts = serde_json::json!([{"status": "firing", "labels": {"alertname": "A"}}]);
        let sent = serde_json::json!({"receiver": "default/a/mail", "status": "firing",
            "alerts": alerts, "version": "4"});
        let post = http.post(format!("http://{address}/email")).json(&sent).send().await.unwrap();
        assert_eq!(post.status(), 200);
        let nonsense = http.post(format!("http://{address}/email")).body("{").send().await.unwrap();
        assert_eq!(nonsense.status(), 400);
        let shown = http.get(format!("http://{address}{MESSAGES}")).send().await.unwrap();
        let shown: Vec<Notification> = shown.json().await.unwrap();
        assert_eq!(shown, inbox.messages());
        assert!(shown.len() == 1 && shown[0].channel == "email" && shown[0].reports("A", "firing"));
        task.abort();
    }
}
