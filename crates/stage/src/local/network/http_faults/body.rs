//! How the body of a message is changed: it is exchanged unread, or read as a whole and merged with
//! a patch.

use std::time::Duration;

use chaos::fault::HttpFault;
use http_body_util::{BodyExt, Full, Limited};
use hyper::HeaderMap;
use hyper::body::Bytes;
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::{Body, Failure};

/// The largest body that is patched, in bytes, because it is held in memory as a whole.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// A body has to end within this time to be patched. Streams of events never do.
const TIME_OUT: Duration = Duration::from_secs(30);
/// How many are read at once; the others wait, within the same time.
static READERS: Semaphore = Semaphore::const_new(16);

/// The new body, and headers that say how long it is and how it is packed.
///
/// # Errors
/// [`Failure::NotJson`] when there is nothing to merge a patch with: it drops the connection, as
/// with Chaos Mesh. [`Failure::Body`] when the old body is too large, or does not end.
pub(super) async fn change(
    fault: &HttpFault,
    old: Body,
    headers: &mut HeaderMap,
) -> Result<Body, Failure> {
    let new = match (&fault.replace.body, &fault.patch.body) {
        (None, None) => return Ok(old),
        (Some(new), None) => new.clone(),
        (Some(new), Some(patch)) => merged(new, patch)?,
        (None, Some(patch)) => merged(&collected(old, TIME_OUT).await?, patch)?,
    };
    if fault.replace.body.is_some() {
        headers.remove(CONTENT_ENCODING);
    }
    headers.remove(TRANSFER_ENCODING);
    headers.insert(CONTENT_LENGTH, new.len().into());
    Ok(whole(new))
}

/// A body that is there already.
pub(super) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed()
}

async fn collected(body: Body, within: Duration) -> Result<Bytes, Failure> {
    let all = async {
        let _turn = READERS.acquire().await;
        Limited::new(body, MAX_BYTES).collect().await
    };
    match tokio::time::timeout(within, all).await {
        Ok(Ok(all)) => Ok(all.to_bytes()),
        Ok(Err(why)) => Err(Failure::Body(why.to_string())),
        Err(_) => Err(Failure::Body(format!("it has not ended within {within:?}"))),
    }
}

fn merged(old: &[u8], patch: &Value) -> Result<Vec<u8>, Failure> {
    let mut value = serde_json::from_slice(old).map_err(Failure::NotJson)?;
    merge(&mut value, patch);
    Ok(value.to_string().into_bytes())
}

/// JSON Merge Patch, RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(target) = target else {
        return;
    };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(name);
        } else {
            merge(target.entry(name).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests;
