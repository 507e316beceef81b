//! What callers send, bounded in length, in time and in number, and read strictly.
//!
//! Both protocols read their bodies here: REST in `lib.rs`, JSON-RPC in `rpc.rs`.

use rocket::data::{Data, ToByteUnit};
use rocket::http::Status;
use rocket::tokio::sync::Semaphore;
use rocket::tokio::time::{Duration, timeout};
use serde::Deserialize;

/// Longest body that is read, in KiB.
const BODY_MAX_KIB: u64 = 64;
/// How long a body may take to arrive.
const BODY_TIME_OUT: Duration = Duration::from_secs(5);
/// Bodies that are read at a time; others wait for their turn.
const BODIES_MAX: usize = 128;

/// A whole body, unless it is too long or takes too long. Whoever sends half of one holds a permit
/// for a while, but no growing memory.
pub(crate) async fn read(body: Data<'_>) -> Result<Vec<u8>, (Status, String)> {
    static PERMITS: Semaphore = Semaphore::const_new(BODIES_MAX);
    let whole = async {
        let _permit = PERMITS.acquire().await;
        body.open(BODY_MAX_KIB.kibibytes()).into_bytes().await
    };
    let late = |_| {
        let seconds = BODY_TIME_OUT.as_secs();
        (Status::RequestTimeout, format!("the body was not there within {seconds} s\n"))
    };
    match timeout(BODY_TIME_OUT, whole).await.map_err(late)? {
        Ok(bytes) if bytes.is_complete() => Ok(bytes.into_inner()),
        Ok(_) => Err((Status::PayloadTooLarge, format!("a body has at most {BODY_MAX_KIB} KiB\n"))),
        Err(why) => Err((Status::BadRequest, format!("the body cannot be read: {why}\n"))),
    }
}

/// The text of a body that is JSON, all of it: encoding, syntax, escapes, at most 128 levels.
pub(crate) fn json(body: &[u8]) -> Result<&str, String> {
    let text = std::str::from_utf8(body).map_err(|why| format!("{why}\n"))?;
    let _: serde_json::Value = serde_json::from_str(text).map_err(|why| format!("{why}\n"))?;
    Ok(text)
}

/// Reads an object. Derived code alone would also take an array, and its members for the object's,
/// in order.
pub(crate) fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    if !text.trim_start().starts_with('{') {
        return Err("this is not a JSON object\n".to_owned());
    }
    serde_json::from_str(text).map_err(|why| format!("{why}\n"))
}
