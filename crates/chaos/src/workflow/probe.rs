//! The HTTP request that a stage sends for a StatusCheck, and the status code of its answer.

use std::collections::BTreeMap;
use std::time::Duration;

/// One HTTP request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpProbe {
    /// Absolute, `http://` or `https://`.
    pub url: String,
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Headers with all their values.
    pub headers: BTreeMap<String, Vec<String>>,
    /// The body; usually empty.
    pub body: String,
    /// The longest wait for an answer, from the connection to the end of the body.
    pub timeout: Duration,
}

/// The answer to a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeAnswer {
    /// `200`.
    pub status: u16,
    /// Did its body arrive in time? Chaos Mesh discards an answer whose body it could not read to
    /// its end.
    pub whole: bool,
}
