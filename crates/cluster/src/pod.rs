//! Questions to one port of one pod: handed on by the API server, or through a port-forward.
//!
//! The API server asks from outside of the pod, as a client of its network: a right of its own
//! (`pods/proxy`) that not everybody has, and a NetworkPolicy such as kube-prometheus' stands in
//! its way. A port-forward begins inside the pod, on its loopback address: it costs a WebSocket
//! per question, passes every NetworkPolicy, and is what a control route takes for its own machine.

use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use serde_json::Value;

use crate::api::{Api, ApiError, LOOK_TIME_OUT};

/// A port of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodPort {
    /// The pod's namespace.
    pub namespace: String,
    /// Its name.
    pub pod: String,
    /// The port, of HTTP.
    pub port: u16,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// GET, as a rule.
    pub method: Method,
    /// Path and query.
    pub target: String,
    /// What the body is.
    pub content_type: String,
    /// Nothing, as a rule.
    pub body: Bytes,
}

impl Question {
    /// To read something.
    pub fn get(target: impl Into<String>) -> Self {
        let content_type = "application/json".to_owned();
        Self { method: Method::GET, target: target.into(), content_type, body: Bytes::new() }
    }
}

impl PodPort {
    /// Where the pod itself is.
    pub fn path(&self) -> String {
        crate::kinds::POD.path(&self.namespace, &self.pod)
    }

    /// Asks through the API server; when that does not hand the question on, through a
    /// port-forward.
    ///
    /// # Errors
    /// Neither way leads to an answer; the error is that of the first.
    pub async fn ask(
        &self,
        api: &Api,
        question: Question,
        within: Duration,
    ) -> Result<(StatusCode, Bytes), ApiError> {
        let key = format!("{}:{}", self.path(), self.port);
        if api.inside().contains(&key) {
            return self.ask_inside(api, question, within).await;
        }
        let Question { method, target, content_type, body } = question.clone();
        let path = format!("{}{target}", self.proxy());
        let first = api.raw(method, &path, &content_type, body.to_vec(), within).await;
        match &first {
            Ok((status, body)) if !is_of_the_server(*status, body) => return first,
            Err(ApiError::Unreachable { .. }) => return first,
            Ok(_) | Err(_) => {}
        }
        let second = self.ask_inside(api, question, within).await;
        if second.is_ok() {
            // A NetworkPolicy is silent: nobody waits for that twice.
            api.inside().insert(key);
        }
        second.or(first)
    }

    /// Asks from inside of the pod.
    ///
    /// # Errors
    /// There is no port-forward to the pod, or nobody listens there.
    pub async fn ask_inside(
        &self,
        api: &Api,
        question: Question,
        within: Duration,
    ) -> Result<(StatusCode, Bytes), ApiError> {
        let exchange = async {
            let pods: kube::Api<Pod> = kube::Api::namespaced(api.client(), &self.namespace);
            let mut forward = pods
                .portforward(&self.pod, &[self.port])
                .await
                .map_err(|why| api.forward_failed(&why))?;
            let stream = forward.take_stream(self.port).ok_or(std::fmt::Error);
            let stream = stream.map_err(|why| api.unreachable(&why))?;
            let answer = exchange(TokioIo::new(stream), question).await;
            forward.abort();
            answer.map_err(|why| api.unreachable(&why))
        };
        tokio::time::timeout(within, exchange).await.unwrap_or_else(|_| Err(api.late(within)))
    }

    /// Asks for JSON, for those who look again soon.
    ///
    /// # Errors
    /// See [`Self::ask`]; or the answer is no success.
    pub async fn look(&self, api: &Api, target: &str) -> Result<Value, ApiError> {
        let body = self.success(api, target).await?;
        serde_json::from_slice(&body).map_err(|why| api.unreachable(&why))
    }

    /// Whether it answers with success, for those who look again soon.
    ///
    /// # Errors
    /// See [`Self::ask`]; or the answer is no success.
    pub async fn is_well(&self, api: &Api, target: &str) -> Result<(), ApiError> {
        self.success(api, target).await.map(drop)
    }

    async fn success(&self, api: &Api, target: &str) -> Result<Bytes, ApiError> {
        let (status, body) = self.ask(api, Question::get(target), LOOK_TIME_OUT).await?;
        if status.is_success() { Ok(body) } else { Err(ApiError::refused(status.as_u16(), &body)) }
    }

    fn proxy(&self) -> String {
        let Self { namespace, pod, port } = self;
        format!("/api/v1/namespaces/{namespace}/pods/http:{pod}:{port}/proxy")
    }
}

/// Whether an answer is the API server's own, and not that of the pod.
fn is_of_the_server(status: StatusCode, body: &[u8]) -> bool {
    let kind = || {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        body.get("kind").and_then(Value::as_str).map(str::to_owned)
    };
    !status.is_success() && kind().as_deref() == Some("Status")
}

/// One question on a connection of its own.
async fn exchange<S>(stream: S, question: Question) -> Result<(StatusCode, Bytes), hyper::Error>
where
    S: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
    let Question { method, target, content_type, body } = question;
    let mut request = Request::new(Full::<Bytes>::from(body));
    *request.method_mut() = method;
    *request.uri_mut() = target.parse().unwrap_or_default();
    let headers = request.headers_mut();
    headers.insert(HOST, "localhost".parse().expect("a name"));
    headers.insert(ACCEPT, "application/json".parse().expect("a type"));
    if let Ok(content_type) = content_type.parse() {
        headers.insert(CONTENT_TYPE, content_type);
    }
    let asked = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    };
    tokio::pin!(asked, connection);
    tokio::select! {
        answer = &mut asked => answer,
        // What has arrived by then is the answer, whole or not.
        _ = &mut connection => asked.await,
    }
}
