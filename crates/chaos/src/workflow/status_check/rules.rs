//! Which StatusChecks Chaos Mesh accepts, and what they hardly ever mean.

use super::{CheckMode, StatusCheck};
use crate::fields::duration::GoDuration;
use crate::fields::problem::Problem;

impl StatusCheck {
    /// Rules that Chaos Mesh checks when the object is created.
    pub(super) fn check(&self, problems: &mut Vec<Problem>) {
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
        if http.criteria.codes().is_none() {
            problems.push(Problem::new(
                "http.criteria.statusCode",
                format!(
                    "`{}` is neither a status code nor a range; write \"200\" or \"200-299\"",
                    http.criteria.status_code
                ),
            ));
        }
    }

    /// What Chaos Mesh would ask and this stage cannot, with paths below `parent`.
    pub(crate) fn refusals(&self, parent: &str) -> Vec<Problem> {
        let tls = self.http.as_ref().is_some_and(|http| http.url.starts_with("https://"));
        let refusal = || {
            Problem::new(
                format!("{parent}.http.url"),
                "this stage speaks no TLS, so every answer would be a failure; write http://, which the pods of a stage serve",
            )
        };
        tls.then(refusal).into_iter().collect()
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
        if self
            .http
            .as_ref()
            .is_some_and(|http| http.criteria.codes().is_some_and(|codes| codes.is_empty()))
        {
            lints.push(Problem::new(
                "http.criteria.statusCode",
                "starts above its end, so no answer is good; swap the ends",
            ));
        }
    }
}
