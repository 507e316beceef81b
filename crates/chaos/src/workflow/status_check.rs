//! StatusCheck: asks an HTTP server again and again whether all is well.
//!
//! The first question is asked after one interval. Thresholds count answers in a row.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::probe::{HttpProbe, ProbeAnswer};
use crate::fields::duration::GoDuration;
use crate::fields::problem::Problem;
use crate::fields::read::read;

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
    /// How long, from the creation of the object; no end when omitted.
    pub duration: Option<String>,
    /// Seconds until a question counts as failed.
    #[serde(default = "one")]
    pub timeout_seconds: i64,
    /// Seconds between questions, and before the first.
    #[serde(default = "ten")]
    pub interval_seconds: i64,
    /// So many failures in a row end it.
    #[serde(default = "three")]
    pub failure_threshold: i64,
    /// So many successes in a row end a synchronous one.
    #[serde(default = "one")]
    pub success_threshold: i64,
    /// Answers remembered.
    #[serde(default = "hundred")]
    pub records_history_limit: i64,
    /// The question.
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

/// A question by HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HttpCheck {
    /// Whom it asks.
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

/// How a server is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum HttpMethod {
    /// By GET.
    #[default]
    Get,
    /// By POST.
    Post,
}

/// Which answers are good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Criteria {
    /// `200`, or a range `200-299` with both ends.
    pub status_code: String,
}

fn one() -> i64 {
    1
}

fn three() -> i64 {
    3
}

fn ten() -> i64 {
    10
}

fn hundred() -> i64 {
    100
}

impl StatusCheck {
    /// Reads and checks a spec; all that is wrong goes to `problems`, with paths below `parent`.
    pub(crate) fn parse(spec: &Value, parent: &str, problems: &mut Vec<Problem>) -> Option<Self> {
        let check: Self = read(spec, parent).map_err(|problem| problems.push(problem)).ok()?;
        let mut own = Vec::new();
        check.check(&mut own);
        problems.extend(own.into_iter().map(|problem| problem.under(parent)));
        Some(check)
    }

    /// What is allowed but unlikely to be meant.
    pub(crate) fn lints(&self, lints: &mut Vec<Problem>) {
        let most = self.failure_threshold.max(self.success_threshold);
        if self.records_history_limit < most {
            lints.push(Problem::new(
                "recordsHistoryLimit",
                format!("below a threshold, which is then never reached; write at least {most}"),
            ));
        }
        if self.timeout_seconds > self.interval_seconds {
            lints.push(Problem::new(
                "timeoutSeconds",
                "longer than the interval, so slow answers delay the next question; make it shorter",
            ));
        }
        if self.mode == CheckMode::Continuous && self.duration.is_none() {
            lints.push(Problem::new(
                "duration",
                "omitted with mode Continuous: it never ends as long as all is well",
            ));
        }
        if self.http.as_ref().is_some_and(|http| {
            codes(&http.criteria.status_code).is_some_and(|codes| codes.is_empty())
        }) {
            lints.push(Problem::new(
                "http.criteria.statusCode",
                "starts above its end, so no answer is good; swap the ends",
            ));
        }
    }

    /// How this stage carries the check out, one sentence.
    pub(crate) fn mechanism(&self) -> String {
        format!(
            "the stage asks {} every {} s, as a pod would: names of Services are resolved, redirects are followed on this stage only, and the answer has to come within {} s",
            self.http.as_ref().map_or("nobody", |http| &http.url),
            self.interval_seconds,
            self.timeout_seconds
        )
    }

    /// The question to be asked.
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
        let wanted = self.http.as_ref().map_or("", |http| http.criteria.status_code.as_str());
        match (answer, codes(wanted)) {
            (Ok(answer), Some(codes)) if codes.contains(&answer.status) => Ok(()),
            (Ok(answer), _) => {
                Err(format!("unexpected status code: {} instead of {wanted}", answer.status))
            }
            (Err(error), _) => Err(error.clone()),
        }
    }

    /// The duration; an empty text counts as none.
    pub(crate) fn parsed_duration(&self) -> Option<GoDuration> {
        self.duration.as_ref().and_then(|text| text.parse().ok())
    }

    fn check(&self, problems: &mut Vec<Problem>) {
        let most = i32::MAX.into();
        for (field, number, most) in [
            ("timeoutSeconds", self.timeout_seconds, most),
            ("intervalSeconds", self.interval_seconds, most),
            ("failureThreshold", self.failure_threshold, most),
            ("successThreshold", self.success_threshold, most),
            ("recordsHistoryLimit", self.records_history_limit, 1_000),
        ] {
            problems.extend(Problem::of_range(field, number, &(1..=most)));
        }
        if let Some(Err(error)) =
            self.duration.as_deref().filter(|text| !text.is_empty()).map(str::parse::<GoDuration>)
        {
            problems.push(Problem::new("duration", error));
        }
        let Some(http) = &self.http else {
            problems.push(Problem::new("http", "missing; say which url to ask"));
            return;
        };
        let host = ["http://", "https://"].iter().find_map(|scheme| http.url.strip_prefix(scheme));
        if host.is_none_or(|host| host.is_empty() || host.starts_with(['/', ':']))
            || http.url.contains(char::is_whitespace)
        {
            problems.push(Problem::new(
                "http.url",
                format!("`{}` is not a URL; write for example http://shop.default:8000/", http.url),
            ));
        }
        if codes(&http.criteria.status_code).is_none() {
            problems.push(Problem::new(
                "http.criteria.statusCode",
                format!(
                    "`{}` is neither a status code nor a range; write \"200\" or \"200-299\"",
                    http.criteria.status_code
                ),
            ));
        }
    }
}

/// `200` or `200-299`, both ends included.
fn codes(text: &str) -> Option<RangeInclusive<u16>> {
    let code = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|code| digits && (1..1_000).contains(code))
    };
    match text.split_once('-') {
        None => code(text).map(|code| code..=code),
        Some((first, last)) => Some(code(first)?..=code(last)?),
    }
}

#[cfg(test)]
mod tests;
