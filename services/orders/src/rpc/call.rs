//! One call and its answer, as they are on the wire.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::{RawValue, Value};

use super::error::Error;
use crate::body::object;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call<'a> {
    jsonrpc: Cow<'a, str>,
    pub(super) method: String,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) id: Option<&'a RawValue>,
}

impl<'a> Call<'a> {
    pub(super) fn read(text: &'a str) -> Result<Self, String> {
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
pub(super) struct Answer<'a> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<Error>,
    id: &'a RawValue,
}

impl<'a> Answer<'a> {
    pub(super) fn new(id: &'a RawValue, outcome: Result<Value, Error>) -> Self {
        let (result, error) = match outcome {
            Ok(result) => (Some(result), None),
            Err(error) => (None, Some(error)),
        };
        Self { jsonrpc: "2.0", result, error, id }
    }
}
