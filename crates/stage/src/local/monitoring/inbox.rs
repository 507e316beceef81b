//! Everybody's mailbox, phone and chat on this stage: an HTTP server that keeps what Alertmanager
//! sends.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::Notification;
use crate::event::unix_now;

/// Notifications kept; the oldest go first.
const KEPT: usize = 1_000;
/// One notification of 64 KiB already holds more alerts than a room can read.
const MAX_BYTES: usize = 1024 * 1024;

/// What was received. Clones see the same messages.
#[derive(Clone, Default)]
pub(crate) struct Inbox {
    messages: Arc<Mutex<VecDeque<Notification>>>,
}

#[derive(Deserialize)]
struct Payload {
    receiver: String,
    status: String,
    alerts: Vec<serde_json::Value>,
}

impl Inbox {
    pub(crate) async fn start(ip: Ipv4Addr) -> io::Result<(Self, SocketAddr, JoinHandle<()>)> {
        let listener = TcpListener::bind((ip, 0)).await?;
        let address = listener.local_addr()?;
        let inbox = Self::default();
        let task = tokio::spawn(serve(listener, inbox.clone()));
        Ok((inbox, address, task))
    }

    /// All messages kept, oldest first.
    pub(crate) fn messages(&self) -> Vec<Notification> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn keep(&self, notification: Notification) {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        if messages.len() == KEPT {
            messages.pop_front();
        }
        messages.push_back(notification);
    }

    async fn receive(
        self,
        request: Request<Incoming>,
    ) -> Result<Response<Empty<Bytes>>, Infallible> {
        let channel = request.uri().path().trim_start_matches('/').to_owned();
        let body =
            Limited::new(request.into_body(), MAX_BYTES).collect().await.ok().map(|b| b.to_bytes());
        let payload: Option<Payload> = body.and_then(|body| serde_json::from_slice(&body).ok());
        let mut response = Response::new(Empty::new());
        match payload {
            Some(Payload { receiver, status, alerts }) => {
                self.keep(Notification { at: unix_now(), channel, receiver, status, alerts });
            }
            None => *response.status_mut() = StatusCode::BAD_REQUEST,
        }
        Ok(response)
    }
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
            let service = service_fn(move |request| inbox.clone().receive(request));
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(300));
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
