//! A request as a profile describes it.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One kind of request.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestSpec {
    /// HTTP method.
    #[serde(default = "default_method")]
    pub(crate) method: String,
    /// Appended to the path of the URL; starts with a slash.
    pub(crate) path: String,
    /// Headers beside `host` and `traceparent`.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// Sent as it is.
    #[serde(default)]
    pub(crate) body: String,
    /// How often, relative to the others. Default 1.
    #[serde(default = "default_weight")]
    pub(crate) weight: u32,
}

fn default_method() -> String {
    "GET".to_owned()
}

fn default_weight() -> u32 {
    1
}
