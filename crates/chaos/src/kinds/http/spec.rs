//! The `spec` of an HTTPChaos, as written.
//!
//! The keys `request_headers` and `response_headers` are spelt in snake case, unlike all others,
//! and `replace.body` is base64.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fields::mode::Mode;
use crate::fields::selector::Selector;

/// The `spec` of an HTTPChaos.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HttpChaos {
    /// Which pods.
    pub selector: Selector,
    /// How many of them.
    pub mode: Mode,
    /// The parameter of the mode.
    #[serde(default)]
    pub value: String,
    /// How long, from the creation of the object.
    pub duration: Option<String>,
    /// Are requests hit, or responses?
    pub target: HttpTarget,
    /// The pod's port.
    #[serde(default)]
    pub port: i64,
    /// Path without query: `*` is any run of characters, `?` one.
    pub path: Option<String>,
    /// `GET`.
    pub method: Option<String>,
    /// Status code; responses only.
    pub code: Option<i64>,
    /// Values of request headers.
    #[serde(default, rename = "request_headers")]
    pub request_headers: BTreeMap<String, String>,
    /// Values of response headers; responses only.
    #[serde(default, rename = "response_headers")]
    pub response_headers: BTreeMap<String, String>,
    /// Drop the connection without an answer.
    pub abort: Option<bool>,
    /// Wait before passing the message on.
    pub delay: Option<String>,
    /// Parts that are exchanged.
    pub replace: Option<Replace>,
    /// Parts that are added.
    pub patch: Option<Patch>,
    /// Certificates for HTTPS (refused on this stage).
    pub tls: Option<Tls>,
    /// Another cluster (refused on this stage).
    pub remote_cluster: Option<String>,
}

/// Which messages are hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HttpTarget {
    /// On their way to the pod.
    Request,
    /// On their way back.
    Response,
}

/// Parts of a message that are exchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replace {
    /// The path; requests only.
    pub path: Option<String>,
    /// The method; requests only.
    pub method: Option<String>,
    /// The status code; responses only.
    pub code: Option<i64>,
    /// The body, in base64.
    pub body: Option<String>,
    /// Query parameters; requests only.
    #[serde(default)]
    pub queries: BTreeMap<String, String>,
    /// Headers; the old values go.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

/// Parts of a message that are added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// Merged into the body.
    pub body: Option<PatchBody>,
    /// Pairs of name and value that are appended; requests only.
    #[serde(default)]
    pub queries: Vec<Vec<String>>,
    /// Pairs of name and value that are appended.
    #[serde(default)]
    pub headers: Vec<Vec<String>>,
}

/// What is merged into a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatchBody {
    /// `JSON`.
    #[serde(rename = "type")]
    pub kind: String,
    /// JSON, as a text.
    pub value: String,
}

/// Where the certificates for HTTPS are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tls {
    /// Key of the certificate authority.
    pub ca_name: Option<String>,
    /// Key of the certificate.
    pub cert_name: String,
    /// Key of the private key.
    pub key_name: String,
    /// The Secret.
    pub secret_name: String,
    /// Its namespace.
    pub secret_namespace: String,
}

/// An empty text is the zero value, which Chaos Mesh takes for absent.
pub(super) fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}
