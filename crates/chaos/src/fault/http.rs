//! HTTPChaos: messages to and from one port of a pod are broken.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Requests to one port of a pod, or the responses from it, are broken (HTTPChaos).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HttpFault {
    /// Which messages are hit.
    pub side: HttpSide,
    /// The pod's port.
    pub port: u16,
    /// Which of them: all conditions have to hold.
    pub conditions: HttpConditions,
    /// Drop the connection without an answer.
    pub abort: bool,
    /// Wait before passing the message on.
    pub delay: Option<Duration>,
    /// Parts that are exchanged.
    pub replace: HttpReplace,
    /// Parts that are added.
    pub patch: HttpPatch,
}

impl HttpFault {
    /// Hits every message of that side, and does nothing to it yet.
    #[must_use]
    pub fn new(side: HttpSide, port: u16) -> Self {
        Self {
            side,
            port,
            conditions: HttpConditions::default(),
            abort: false,
            delay: None,
            replace: HttpReplace::default(),
            patch: HttpPatch::default(),
        }
    }
}

/// Which messages are hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HttpSide {
    /// On their way to the pod.
    Request,
    /// On their way back.
    Response,
}

/// Conditions that all have to hold; an empty one always does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpConditions {
    /// Path without query; `*` is any run of characters, `?` one.
    pub path: Option<String>,
    /// `GET`.
    pub method: Option<String>,
    /// Status code; responses only.
    pub code: Option<u16>,
    /// Values of request headers.
    pub request_headers: BTreeMap<String, String>,
    /// Values of response headers; responses only.
    pub response_headers: BTreeMap<String, String>,
}

/// Parts of a message that are exchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpReplace {
    /// The path; requests only.
    pub path: Option<String>,
    /// The method; requests only.
    pub method: Option<String>,
    /// The status code, 200 to 999; responses only.
    pub code: Option<u16>,
    /// The body.
    pub body: Option<Vec<u8>>,
    /// Query parameters; requests only.
    pub queries: BTreeMap<String, String>,
    /// Headers; the old values go.
    pub headers: BTreeMap<String, String>,
}

/// Parts of a message that are added.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HttpPatch {
    /// Merged into a JSON body (RFC 7396). A message with any other body is lost, and its
    /// connection with it.
    pub body: Option<Value>,
    /// Appended query parameters; requests only.
    pub queries: Vec<(String, String)>,
    /// Appended headers.
    pub headers: Vec<(String, String)>,
}

/// Whether the header `name` tells where a message ends (RFC 9112, section 6). A fault cannot set
/// it: it follows from the body, and with any other value the next message would be read from the
/// wrong place.
pub fn is_framing(name: &str) -> bool {
    let framing = ["Content-Length", "Transfer-Encoding"];
    framing.iter().any(|header| header.eq_ignore_ascii_case(name))
}
