//! JSON-RPC 2.0 (<https://www.jsonrpc.org/specification>) over HTTP: the protocol, whatever the
//! methods are. Those of this service are in `methods.rs`.
//!
//! Its lesson is for those who watch: an error travels with HTTP status 200, so that
//! `rocket_http_requests_total` sees none. HTTP's status says only what became of the body; what
//! became of the calls is `orders_rpc_requests_total`.
//!
//! Where the specification leaves a choice, this is strict: members that it does not know and
//! members that come twice make an invalid request. An id is sent back as it was written, to the
//! byte. Next: `rpc/call.rs`, for one call and its answer.

mod call;
mod error;
mod metrics;

pub use error::Error;
pub use metrics::{METHODS, Metrics, RPC_REQUESTS_TOTAL};

use rocket::Responder;
use rocket::data::Data;
use rocket::http::{Header, Status};
use serde::Serialize;
use serde_json::value::{RawValue, Value};

use crate::body;
use crate::refused::retry_after;
use call::{Answer, Call};

/// Calls in one batch; a longer batch is refused as a whole, because each call may cost work.
pub const BATCH_MAX: usize = 100;

/// What can be called.
pub trait Methods: Sync {
    /// Answers one call; `params` is a JSON array or object.
    fn call(
        &self,
        method: &str,
        params: Option<&str>,
    ) -> impl Future<Output = Result<Value, Error>> + Send;

    /// Counts one call and how it ended; `method` is what the caller wrote, and empty if there was
    /// none to be read.
    fn count(&self, method: &str, error: Option<&Error>);
}

/// The HTTP side of an answer.
#[derive(Debug, Responder)]
pub enum Reply {
    /// Answers to well-formed requests, errors among them.
    #[response(status = 200, content_type = "json")]
    Answered(String),
    /// There were only notifications, which get no answer.
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

/// Reads a body and answers it.
pub(crate) async fn read_and_answer(body: Data<'_>, methods: &impl Methods) -> Reply {
    match body::read(body).await {
        Ok(body) => answer(&body, methods).await,
        Err((Status::PayloadTooLarge, why)) => {
            Reply::TooLong(refused(Error::REQUEST.because(why), methods))
        }
        Err((_, why)) => Reply::NoRequest(refused(Error::PARSE.because(why), methods)),
    }
}

/// Answers a body.
pub async fn answer(body: &[u8], methods: &impl Methods) -> Reply {
    let text = match body::json(body) {
        Ok(text) => text,
        Err(why) => return Reply::NoRequest(refused(Error::PARSE.because(why), methods)),
    };
    match serde_json::from_str::<Vec<&RawValue>>(text) {
        Ok(calls) => answer_batch(&calls, methods).await,
        Err(_) => answer_single(text, methods).await,
    }
}

async fn answer_single(text: &str, methods: &impl Methods) -> Reply {
    let Some(answer) = answer_call(text, methods).await else {
        return Reply::Nothing(());
    };
    let text = json(&answer);
    match answer.error.map_or(0, |error| error.code) {
        code if code == Error::REQUEST.code => Reply::NoRequest(text),
        code if code == Error::BUSY.code => Reply::Busy(text, retry_after()),
        _ => Reply::Answered(text),
    }
}

async fn answer_batch(calls: &[&RawValue], methods: &impl Methods) -> Reply {
    if calls.is_empty() || calls.len() > BATCH_MAX {
        let why = format!("a batch has 1 to {BATCH_MAX} calls");
        return Reply::NoRequest(refused(Error::REQUEST.because(why), methods));
    }
    let mut answers = Vec::new();
    for call in calls {
        answers.extend(answer_call(call.get(), methods).await);
    }
    if answers.is_empty() { Reply::Nothing(()) } else { Reply::Answered(json(&answers)) }
}

/// Answers one call, unless it is a notification.
async fn answer_call<'a>(text: &'a str, methods: &impl Methods) -> Option<Answer<'a>> {
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
    methods.count(&method, outcome.as_ref().err());
    Some(Answer::new(id?, outcome))
}

/// The answer to a body that holds no call.
fn refused(error: Error, methods: &impl Methods) -> String {
    methods.count("", Some(&error));
    json(&Answer::new(RawValue::NULL, Err(error)))
}

fn json(answer: &impl Serialize) -> String {
    serde_json::to_string(answer).expect("keys are text, and numbers are finite")
}
