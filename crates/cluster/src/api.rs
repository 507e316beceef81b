//! One question to the API server, and its answer in words.
//!
//! Documents travel as they are, as JSON. No question is asked twice by itself: whoever asks knows
//! whether asking again makes sense, and until when.

mod answer;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE};
use hyper::{Method, Request, StatusCode};
use kube::client::Body;
use serde_json::Value;

pub use answer::ApiError;

/// Who owns the fields that this program writes.
pub const MANAGER: &str = "tale";

/// How long one answer may take.
const TIME_OUT: Duration = Duration::from_secs(10);
/// How long the answer to a look may take, of which there are several a second.
pub(crate) const LOOK_TIME_OUT: Duration = Duration::from_secs(3);

const APPLY: &str = "application/apply-patch+yaml";
const MERGE: &str = "application/merge-patch+json";
const JSON: &str = "application/json";

/// The API server.
#[derive(Clone)]
pub struct Api {
    client: kube::Client,
    /// How the server is called in messages.
    server: String,
    /// Pods' ports that are asked from inside, as the other way does not lead there.
    inside: Arc<Mutex<HashSet<String>>>,
}

/// How an object is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Apply {
    /// Fields that others own are a conflict.
    Gently,
    /// Fields that others own are taken over: for our own objects.
    Ours,
    /// The server only says what it thinks of it.
    DryRun,
}

impl Api {
    /// The server behind a client; `server` is its name in messages.
    pub fn new(client: kube::Client, server: impl Into<String>) -> Self {
        Self { client, server: server.into(), inside: Arc::default() }
    }

    /// The server's name.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// An object or a list.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn get(&self, path: &str) -> Result<Value, ApiError> {
        self.json(Method::GET, path, JSON, Vec::new(), TIME_OUT).await
    }

    /// As [`Self::get`], for those who look again soon.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn look(&self, path: &str) -> Result<Value, ApiError> {
        self.json(Method::GET, path, JSON, Vec::new(), LOOK_TIME_OUT).await
    }

    /// An object, if it is there.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn find(&self, path: &str) -> Result<Option<Value>, ApiError> {
        found(self.get(path).await)
    }

    /// The items of a list; none when the server does not know the kind at all.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn list(&self, path: &str) -> Result<Vec<Value>, ApiError> {
        let list = found(self.look(path).await)?.unwrap_or_default();
        Ok(list.get("items").and_then(Value::as_array).cloned().unwrap_or_default())
    }

    /// Server-side apply with strict validation.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn apply(&self, path: &str, object: &Value, how: Apply) -> Result<Value, ApiError> {
        let force = how != Apply::Gently;
        let dry = if how == Apply::DryRun { "&dryRun=All" } else { "" };
        let path =
            format!("{path}?fieldManager={MANAGER}&fieldValidation=Strict&force={force}{dry}");
        self.json(Method::PATCH, &path, APPLY, bytes(object), TIME_OUT).await
    }

    /// Creates an object below a list's path.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn create(&self, path: &str, object: &Value) -> Result<Value, ApiError> {
        self.json(Method::POST, path, JSON, bytes(object), TIME_OUT).await
    }

    /// Changes some fields of an object.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn merge(&self, path: &str, change: &Value) -> Result<Value, ApiError> {
        let path = format!("{path}?fieldManager={MANAGER}");
        self.json(Method::PATCH, &path, MERGE, bytes(change), TIME_OUT).await
    }

    /// Asks for the deletion of an object, and in the background of all that it owns; `false` when
    /// it is not there.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn delete(&self, path: &str) -> Result<bool, ApiError> {
        let options = br#"{"propagationPolicy":"Background"}"#.to_vec();
        let answer = self.json(Method::DELETE, path, JSON, options, TIME_OUT).await;
        Ok(found(answer)?.is_some())
    }

    /// Text, such as a log.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn text(&self, path: &str) -> Result<String, ApiError> {
        let bytes = self.checked(Method::GET, path, JSON, Vec::new(), TIME_OUT).await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A question that is handed on as it is, and its answer likewise, whatever its code.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn raw(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
        within: Duration,
    ) -> Result<(StatusCode, Bytes), ApiError> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(ACCEPT, JSON)
            .header(CONTENT_TYPE, content_type)
            .body(Body::from(body))
            .map_err(|why| self.unreachable(&why))?;
        let exchange = async {
            let response = self.client.send(request).await.map_err(|why| self.unreachable(&why))?;
            let status = response.status();
            let body = response.into_body().collect().await;
            Ok((status, body.map_err(|why| self.unreachable(&why))?.to_bytes()))
        };
        tokio::time::timeout(within, exchange).await.unwrap_or_else(|_| Err(self.late(within)))
    }

    async fn json(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
        within: Duration,
    ) -> Result<Value, ApiError> {
        let bytes = self.checked(method, path, content_type, body, within).await?;
        serde_json::from_slice(&bytes).map_err(|why| self.unreachable(&why))
    }

    async fn checked(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
        within: Duration,
    ) -> Result<Bytes, ApiError> {
        let (status, bytes) = self.raw(method, path, content_type, body, within).await?;
        if status.is_success() {
            return Ok(bytes);
        }
        Err(ApiError::refused(status.as_u16(), &bytes))
    }

    pub(crate) fn client(&self) -> kube::Client {
        self.client.clone()
    }

    pub(crate) fn inside(&self) -> MutexGuard<'_, HashSet<String>> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn late(&self, within: Duration) -> ApiError {
        ApiError::Late { server: self.server.clone(), seconds: within.as_secs() }
    }

    pub(crate) fn unreachable(&self, why: &dyn std::error::Error) -> ApiError {
        ApiError::Unreachable { server: self.server.clone(), why: answer::chain(why) }
    }

    pub(crate) fn forward_failed(&self, why: &kube::Error) -> ApiError {
        match why {
            kube::Error::Api(status) => {
                ApiError::refused(status.code, &serde_json::to_vec(status).unwrap_or_default())
            }
            _ => self.unreachable(why),
        }
    }
}

fn bytes(object: &Value) -> Vec<u8> {
    object.to_string().into_bytes()
}

/// What is not there is no failure.
fn found(answer: Result<Value, ApiError>) -> Result<Option<Value>, ApiError> {
    match answer {
        Ok(object) => Ok(Some(object)),
        Err(why) if why.code() == Some(404) => Ok(None),
        Err(why) => Err(why),
    }
}
