//! A length of time in a tale, as Go and Chaos Mesh write it: `1m30s`.

use std::borrow::Cow;
use std::time::Duration;

use chaos::fields::duration::GoDuration;
use schemars::JsonSchema;
use serde::Deserialize;

/// A length of time: `500ms`, `15s`, `1m30s`; never negative.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub struct Length(pub Duration);

impl TryFrom<String> for Length {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parsed: GoDuration = text.parse().map_err(|why| format!("{why}"))?;
        match u64::try_from(parsed.as_nanos()) {
            Ok(nanos) => Ok(Self(Duration::from_nanos(nanos))),
            Err(_) => Err(format!("`{text}` is negative; write e.g. 15s")),
        }
    }
}

impl JsonSchema for Length {
    fn schema_name() -> Cow<'static, str> {
        "Length".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A length of time, e.g. 500ms, 15s or 1m30s.",
            "pattern": "^([0-9]+(\\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$"
        })
    }
}
