//! How a request can end. Every arrival that was sent ends as exactly one of these.

use serde::Serialize;

use crate::options::Statuses;

/// The end of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The answer was what was expected: status below 400, or the expected one, and the expected
    /// body.
    Ok,
    /// The name did not resolve.
    Dns,
    /// No TCP connection: refused, unreachable, or not answered in time.
    Connect,
    /// The connection broke before the answer was complete.
    Reset,
    /// Not answered within the time-out, which counts from the time the request was due.
    Timeout,
    /// Status 400 to 499, except 429.
    #[serde(rename = "4xx")]
    Status4xx,
    /// Status 429: a rate limit.
    #[serde(rename = "429")]
    Status429,
    /// Status 500 and above.
    #[serde(rename = "5xx")]
    Status5xx,
    /// A status below 400 that is not the expected one.
    BadStatus,
    /// Not the expected body, or not HTTP at all.
    BadBody,
    /// Still in flight when the run ended: took at least as long as it had waited by then.
    Censored,
}

impl Outcome {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 11] = [
        Self::Ok,
        Self::Dns,
        Self::Connect,
        Self::Reset,
        Self::Timeout,
        Self::Status4xx,
        Self::Status429,
        Self::Status5xx,
        Self::BadStatus,
        Self::BadBody,
        Self::Censored,
    ];

    /// The word for it in reports and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::Status4xx => "4xx",
            Self::Status429 => "429",
            Self::Status5xx => "5xx",
            Self::BadStatus => "bad_status",
            Self::BadBody => "bad_body",
            Self::Censored => "censored",
        }
    }

    /// Neither what was expected nor unknown.
    pub fn is_error(self) -> bool {
        !matches!(self, Self::Ok | Self::Censored)
    }

    /// The verdict on a complete answer.
    pub(crate) fn of_answer(
        status: u16,
        expected_status: Option<&Statuses>,
        body_is_right: bool,
    ) -> Self {
        match (expected_status, status) {
            (Some(expected), _) if expected.contains(status) => {}
            (_, 429) => return Self::Status429,
            (_, 400..=499) => return Self::Status4xx,
            (_, 500..) => return Self::Status5xx,
            (Some(_), _) => return Self::BadStatus,
            (None, _) => {}
        }
        if body_is_right { Self::Ok } else { Self::BadBody }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statuses(text: &str) -> Statuses {
        text.parse().unwrap()
    }

    #[test]
    fn answers_are_judged_by_status_first_and_body_second() {
        for (status, expected, body, outcome) in [
            (200, None, true, Outcome::Ok),
            (302, None, true, Outcome::Ok),
            (200, None, false, Outcome::BadBody),
            (404, None, false, Outcome::Status4xx),
            (429, None, true, Outcome::Status429),
            (503, None, true, Outcome::Status5xx),
            (404, Some("404"), true, Outcome::Ok),
            (404, Some("2xx,4xx"), true, Outcome::Ok),
            (429, Some("429"), false, Outcome::BadBody),
            (200, Some("201"), true, Outcome::BadStatus),
            (301, Some("2xx"), true, Outcome::BadStatus),
            (500, Some("201"), true, Outcome::Status5xx),
        ] {
            assert_eq!(
                Outcome::of_answer(status, expected.map(statuses).as_ref(), body),
                outcome,
                "{status} {expected:?} {body}"
            );
        }
    }

    #[test]
    fn reports_and_metrics_use_the_same_words() {
        for outcome in Outcome::ALL {
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.name());
        }
    }
}
