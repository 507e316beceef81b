//! JSON-RPC 2.0 (<https://www.jsonrpc.org/specification>) over HTTP: the protocol. The methods are
//! in `store.rs`.
//!
//! Its lesson is for those who watch: an error travels with HTTP status 200, so that
//! `rocket_http_requests_total` sees none. HTTP's status says only what became of the body; what
//! became of the calls is `orders_rpc_requests_total`.
//!
//! Where the specification leaves a choice, this is strict: members that it does not know and
//! members that come twice make an invalid request. An id is sent back as it was written, to the
//! byte.

use std::borrow::Cow;

use rocket::data::Data;
use rocket::http::{Header, Status};
use rocket::{Responder, State, post};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::{RawValue, Value};

use crate::body::object;
use crate::metrics::Metrics;
use crate::store::Orders;

/// Calls in one batch; a longer batch is refused as a whole, because each call may cost work.
pub const BATCH_MAX: usize = 100;

/// An error object.
#[derive(Clone, Debug, Serialize)]
pub struct Error {
    /// Negative: those of the specification, or -32000 (busy) and -32001 (no such order).
    pub code: i32,
    /// What the code means.
    pub message: &'static str,
    /// What to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

#[allow(missing_docs, reason = "the messages say it")]
impl Error {
    pub const PARSE: Self = Self::new(-32700, "Parse error");
    pub const REQUEST: Self = Self::new(-32600, "Invalid Request");
    pub const METHOD: Self = Self::new(-32601, "Method not found");
    pub const PARAMS: Self = Self::new(-32602, "Invalid params");
    pub const INTERNAL: Self = Self::new(-32603, "Internal error");
    pub const BUSY: Self = Self::new(-32000, "Busy, try again later");
    pub const NO_ORDER: Self = Self::new(-32001, "No such order");

    const fn new(code: i32, message: &'static str) -> Self {
        Self { code, message, data: None }
    }

    /// The same, with a reason.
    pub fn because(self, why: impl ToString) -> Self {
        let data = Some(why.to_string().trim_end().to_owned());
        Self { data, ..self }
    }
}

/// What can be called.
pub trait Methods: Sync {
    /// Answers one call; `params` is a JSON array or object.
    fn call(
        &self,
        method: &str,
        params: Option<&str>,
    ) -> impl Future<Output = Result<Value, Error>> + Send;

    /// Where calls are counted.
    fn metrics(&self) -> &Metrics;
}

/// The HTTP side of an answer.
#[derive(Debug, Responder)]
pub enum Reply {
    /// Answers to well-formed requests, errors among them.
    #[response(status = 200, content_type = "json")]
    Answered(String),
    /// There were only notifications, to which nothing is said.
    #[response(status = 204)]
    Nothing(()),
    /// The body as a whole is not a request.
    #[response(status = 400, content_type = "json")]
    NoRequest(String),
    /// The body is too long.
    #[response(status = 413, content_type = "json")]
    TooLong(String),
    /// The only call was refused.
    #[response(status = 503, content_type = "json")]
    Busy(String, Header<'static>),
}

#[post("/rpc", data = "<body>")]
pub(crate) async fn rpc(body: Data<'_>, orders: &State<Orders>) -> Reply {
    let methods = orders.inner();
    match crate::body::read(body).await {
        Ok(body) => answer(&body, methods).await,
        Err((Status::PayloadTooLarge, why)) => {
            Reply::TooLong(refused(Error::REQUEST.because(why), methods))
        }
        Err((_, why)) => Reply::NoRequest(refused(Error::PARSE.because(why), methods)),
    }
}

/// Answers a body.
pub async fn answer(body: &[u8], methods: &impl Methods) -> Reply {
    let text = match crate::body::json(body) {
        Ok(text) => text,
        Err(why) => return Reply::NoRequest(refused(Error::PARSE.because(why), methods)),
    };
    match serde_json::from_str::<Vec<&RawValue>>(text) {
        Ok(calls) => batch(&calls, methods).await,
        Err(_) => single(text, methods).await,
    }
}

async fn single(text: &str, methods: &impl Methods) -> Reply {
    let Some(answer) = one(text, methods).await else {
        return Reply::Nothing(());
    };
    let text = json(&answer);
    match answer.error.map_or(0, |error| error.code) {
        code if code == Error::REQUEST.code => Reply::NoRequest(text),
        code if code == Error::BUSY.code => Reply::Busy(text, crate::retry_after()),
        _ => Reply::Answered(text),
    }
}

async fn batch(calls: &[&RawValue], methods: &impl Methods) -> Reply {
    if calls.is_empty() || calls.len() > BATCH_MAX {
        let why = format!("a batch has 1 to {BATCH_MAX} calls");
        return Reply::NoRequest(refused(Error::REQUEST.because(why), methods));
    }
    let mut answers = Vec::new();
    for call in calls {
        answers.extend(one(call.get(), methods).await);
    }
    match answers.is_empty() {
        true => Reply::Nothing(()),
        false => Reply::Answered(json(&answers)),
    }
}

/// Answers one call, unless it is a notification.
async fn one<'a>(text: &'a str, methods: &impl Methods) -> Option<Answer<'a>> {
    let (method, id, outcome) = match Call::read(text) {
        Ok(call) => {
            let params = call.params.map(RawValue::get);
            let outcome = methods.call(&call.method, params).await;
            (call.method, call.id, outcome)
        }
        Err(why) => {
            let invalid = Error::REQUEST.because(why);
            (String::new(), Some(RawValue::NULL), Err(invalid))
        }
    };
    count(methods, &method, &outcome);
    Some(Answer::new(id?, outcome))
}

/// The answer to a body that holds no call.
fn refused(error: Error, methods: &impl Methods) -> String {
    let outcome = Err(error);
    count(methods, "", &outcome);
    json(&Answer::new(RawValue::NULL, outcome))
}

fn count(methods: &impl Methods, method: &str, outcome: &Result<Value, Error>) {
    let code = outcome.as_ref().err().map(|error| error.code);
    methods.metrics().called(method, code);
}

fn json(answer: &impl Serialize) -> String {
    serde_json::to_string(answer).expect("keys are text, and numbers are finite")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call<'a> {
    jsonrpc: Cow<'a, str>,
    method: String,
    #[serde(borrow, default, deserialize_with = "present")]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
}

impl<'a> Call<'a> {
    fn read(text: &'a str) -> Result<Self, String> {
        let call: Self = object(text)?;
        let first = |value: Option<&RawValue>| value?.get().chars().next();
        if call.jsonrpc != "2.0" {
            return Err("`jsonrpc` is not \"2.0\"".to_owned());
        }
        if first(call.params).is_some_and(|first| !"[{".contains(first)) {
            return Err("`params` is neither an array nor an object".to_owned());
        }
        if first(call.id).is_some_and(|first| "[{tf".contains(first)) {
            return Err("`id` is neither a string nor a number nor null".to_owned());
        }
        Ok(call)
    }
}

/// Tells `null` from a member that is not there: `"id": null` wants an answer, no `id` is a
/// notification.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(value).map(Some)
}

#[derive(Serialize)]
struct Answer<'a> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Error>,
    id: &'a RawValue,
}

impl<'a> Answer<'a> {
    fn new(id: &'a RawValue, outcome: Result<Value, Error>) -> Self {
        let (result, error) = match outcome {
            Ok(result) => (Some(result), None),
            Err(error) => (None, Some(error)),
        };
        Self { jsonrpc: "2.0", result, error, id }
    }
}
