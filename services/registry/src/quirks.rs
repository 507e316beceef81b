//! How a limit is told: in headers that nobody has specified, and that look different each time.

use std::time::{Duration, SystemTime};

use rocket::http::Status;

use crate::limit::Standing;
use crate::refusal::{Code, Refusal};
use crate::source::Source;

/// What the headers look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Headers {
    /// `ratelimit-limit: 100;w=21600`, as Docker Hub has them.
    Hub,
    /// `ratelimit-limit: ;w=21600`: no number, as some were seen.
    Empty,
    /// `ratelimit-limit: 100`: no window.
    Bare,
    /// `RateLimit-Policy` and `RateLimit`, as the IETF's draft has them.
    Draft,
    /// None at all, and a limit.
    Silent,
}

/// When a client that is refused is told to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// It is not.
    Never,
    /// In seconds.
    Seconds,
    /// As a date.
    Date,
}

/// What a refusal looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// The specification's JSON.
    Oci,
    /// A line of text.
    Plain,
}

/// All three.
#[derive(Clone, Copy, Debug)]
pub struct Quirks {
    /// The headers.
    pub headers: Headers,
    /// When to come back.
    pub retry_after: RetryAfter,
    /// What else is said.
    pub body: Body,
}

impl Quirks {
    /// The headers of an answer.
    pub fn headers(&self, source: &Source, standing: &Standing) -> Vec<(&'static str, String)> {
        let Standing { limit, remaining, .. } = *standing;
        let window = standing.window.as_secs();
        let pair = |limit: String, remaining: String| {
            vec![("ratelimit-limit", limit), ("ratelimit-remaining", remaining)]
        };
        let mut headers = match self.headers {
            Headers::Hub => pair(format!("{limit};w={window}"), format!("{remaining};w={window}")),
            Headers::Empty => pair(format!(";w={window}"), format!(";w={window}")),
            Headers::Bare => pair(limit.to_string(), remaining.to_string()),
            Headers::Draft => {
                let policy = format!("\"pulls\";q={limit};w={window}");
                let now = format!("\"pulls\";r={remaining};t={}", seconds(standing.next));
                vec![("RateLimit-Policy", policy), ("RateLimit", now)]
            }
            Headers::Silent => return Vec::new(),
        };
        headers.push(("docker-ratelimit-source", source.to_string()));
        headers
    }

    /// The answer to one pull too many.
    pub fn refusal(&self, source: &Source, standing: &Standing) -> Refusal {
        let message = "You have reached your pull rate limit. You may increase the limit by \
                       authenticating and upgrading: https://www.docker.com/increase-rate-limit";
        let mut refusal = Refusal::new(Status::TooManyRequests, Code::TooManyRequests, message);
        for (name, value) in self.headers(source, standing) {
            refusal = refusal.with(name, value);
        }
        refusal = match self.retry_after {
            RetryAfter::Never => refusal,
            RetryAfter::Seconds => refusal.with("Retry-After", seconds(standing.next).to_string()),
            RetryAfter::Date => {
                let then = SystemTime::now() + Duration::from_secs(seconds(standing.next));
                refusal.with("Retry-After", httpdate::fmt_http_date(then))
            }
        };
        if self.body == Body::Plain { refusal.in_plain_text() } else { refusal }
    }
}

/// Whole seconds, none of which is too early.
fn seconds(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}
