//! StatusCheck: sends an HTTP request again and again and judges the status code of the answer.
//!
//! The first request is sent after one interval. Thresholds count answers in a row.

mod rules;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::probe::{HttpProbe, ProbeAnswer};
use crate::fields::duration::GoDuration;
use crate::fields::problem::Problem;
use crate::fields::read::{extend, read};

/// The `spec` of a StatusCheck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StatusCheck {
    /// How it asks: by HTTP, the only way there is.
    #[serde(rename = "type", default)]
    pub kind: CheckKind,
    /// When it stops.
    #[serde(default)]
    pub mode: CheckMode,
    /// How long, from the creation of the object; without end when omitted.
    pub duration: Option<String>,
    /// Seconds until a request counts as failed.
    #[serde(default = "defaults::timeout_seconds")]
    pub timeout_seconds: i64,
    /// Seconds between requests, and before the first.
    #[serde(default = "defaults::interval_seconds")]
    pub interval_seconds: i64,
    /// This many failures in a row end it.
    #[serde(default = "defaults::failure_threshold")]
    pub failure_threshold: i64,
    /// This many successes in a row end a synchronous one.
    #[serde(default = "defaults::success_threshold")]
    pub success_threshold: i64,
    /// Answers remembered.
    #[serde(default = "defaults::records_history_limit")]
    pub records_history_limit: i64,
    /// The request.
    pub http: Option<HttpCheck>,
}

/// How a StatusCheck asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckKind {
    /// By HTTP.
    #[default]
    #[serde(rename = "HTTP")]
    Http,
}

/// When a StatusCheck stops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckMode {
    /// At a threshold, whichever comes first, or at its duration.
    #[default]
    Synchronous,
    /// At the threshold of failures, or at its duration.
    Continuous,
}

/// A request and how its answer is judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HttpCheck {
    /// Absolute, `http://` or `https://`.
    pub url: String,
    /// `GET` or `POST`.
    #[serde(default)]
    pub method: HttpMethod,
    /// Headers with all their values.
    #[serde(default)]
    pub headers: BTreeMap<String, Vec<String>>,
    /// The body.
    #[serde(default)]
    pub body: String,
    /// Which answers are good.
    pub criteria: Criteria,
}

/// The method of the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum HttpMethod {
    /// `GET`.
    #[default]
    Get,
    /// `POST`.
    Post,
}

/// Which answers are good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Criteria {
    /// `200`, or a range `200-299` with both ends.
    pub status_code: String,
}

/// What Chaos Mesh takes for fields that are omitted.
mod defaults {
    pub(super) fn timeout_seconds() -> i64 {
        1
    }

    pub(super) fn interval_seconds() -> i64 {
        10
    }

    pub(super) fn failure_threshold() -> i64 {
        3
    }

    pub(super) fn success_threshold() -> i64 {
        1
    }

    pub(super) fn records_history_limit() -> i64 {
        100
    }
}

impl StatusCheck {
    /// Reads and checks a spec; all that is wrong goes to `problems`, with paths below `parent`.
    pub(crate) fn parse(spec: &Value, parent: &str, problems: &mut Vec<Problem>) -> Option<Self> {
        let check: Self = read(spec, parent, problems)?;
        let mut own = Vec::new();
        check.check(&mut own);
        extend(problems, own, parent);
        Some(check)
    }

    /// How this stage carries the check out, in one sentence.
    pub(crate) fn mechanism(&self) -> String {
        format!(
            "the stage asks {} every {} s, as a pod would: names of Services are resolved, redirects are followed on this stage only, and the answer has to come within {} s",
            self.http.as_ref().map_or("", |http| &http.url),
            self.interval_seconds,
            self.timeout_seconds
        )
    }

    /// The request to be sent.
    pub(crate) fn probe(&self) -> Option<HttpProbe> {
        let http = self.http.as_ref()?;
        Some(HttpProbe {
            url: http.url.clone(),
            method: match http.method {
                HttpMethod::Get => "GET",
                HttpMethod::Post => "POST",
            },
            headers: http.headers.clone(),
            body: http.body.clone(),
            timeout: Duration::from_secs(u64::try_from(self.timeout_seconds).unwrap_or(1)),
        })
    }

    /// Is the answer good? Otherwise the sentence that says why not.
    pub(crate) fn judge(&self, answer: &Result<ProbeAnswer, String>) -> Result<(), String> {
        let status = answer.as_ref().map_err(Clone::clone)?.status;
        let criteria = self.http.as_ref().map(|http| &http.criteria);
        let codes = criteria.and_then(Criteria::codes);
        if codes.is_some_and(|codes| codes.contains(&status)) {
            return Ok(());
        }
        let wanted = criteria.map_or("", |criteria| &criteria.status_code);
        Err(format!("unexpected status code: {status} instead of {wanted}"))
    }

    /// The duration; an empty text counts as none.
    pub(crate) fn parsed_duration(&self) -> Option<GoDuration> {
        self.duration.as_ref().and_then(|text| text.parse().ok())
    }
}

impl Criteria {
    /// The status codes that are good; `None` when the text cannot be read.
    fn codes(&self) -> Option<RangeInclusive<u16>> {
        let code = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u16>().ok().filter(|code| digits && (1..1_000).contains(code))
        };
        match self.status_code.split_once('-') {
            None => code(&self.status_code).map(|code| code..=code),
            Some((first, last)) => Some(code(first)?..=code(last)?),
        }
    }
}

#[cfg(test)]
mod tests;
