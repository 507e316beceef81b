//! A client for Prometheus' HTTP API: instant and range queries.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::Series;

/// How long one answer may take.
const TIME_OUT: Duration = Duration::from_secs(5);
/// How long an answer about weeks may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Windows longer than this take patience: six hours.
const LONG_WINDOW: f64 = 6.0 * 3600.0;

/// Why a query failed. A wrong query never gets right by asking again, so the two are kept apart.
#[derive(Debug, Clone)]
pub enum QueryFailed {
    /// Prometheus refuses the query.
    Refused(String),
    /// Prometheus does not answer.
    Unreachable(String),
}

impl std::fmt::Display for QueryFailed {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            QueryFailed::Refused(why) => write!(out, "Prometheus refuses the query: {why}"),
            QueryFailed::Unreachable(why) => write!(out, "Prometheus does not answer: {why}"),
        }
    }
}

/// A Prometheus server.
#[derive(Clone)]
pub struct Prometheus {
    url: String,
    http: reqwest::Client,
}

/// How long an answer about a window may take.
fn limit(window_seconds: f64) -> Duration {
    if window_seconds > LONG_WINDOW { PATIENCE } else { TIME_OUT }
}

impl Prometheus {
    /// A server at `url`, e.g. `http://127.0.0.1:9090`.
    pub fn new(url: &str) -> Self {
        Self::answering_within(url, TIME_OUT)
    }

    /// The same, for questions about weeks: an answer may take a minute.
    pub fn patient(url: &str) -> Self {
        Self::answering_within(url, PATIENCE)
    }

    /// Patient if the window is long: it takes a while to look at each slice of a month.
    pub fn for_window(url: &str, seconds: f64) -> Self {
        Self::answering_within(url, limit(seconds))
    }

    fn answering_within(url: &str, limit: Duration) -> Self {
        let http = reqwest::Client::builder().timeout(limit).no_proxy().build();
        Self {
            url: url.trim_end_matches('/').to_owned(),
            http: http.expect("no TLS, nothing that can fail"),
        }
    }

    /// An instant query, at `time` (seconds since 1970) or now. A scalar becomes a series without
    /// labels.
    ///
    /// # Errors
    /// See [`QueryFailed`].
    pub async fn query(&self, promql: &str, time: Option<f64>) -> Result<Vec<Series>, QueryFailed> {
        vector(&self.instant(promql, time).await?["data"])
    }

    /// As [`Self::query`], for evidence: an answer with warnings may be partial, and counts as
    /// none.
    ///
    /// # Errors
    /// See [`QueryFailed`].
    pub async fn query_whole(&self, promql: &str, time: f64) -> Result<Vec<Series>, QueryFailed> {
        let body = self.instant(promql, Some(time)).await?;
        match body["warnings"].as_array().and_then(|all| all.first()) {
            None => vector(&body["data"]),
            Some(warning) => {
                let warning = warning.as_str().unwrap_or("without a text");
                let why = format!("its answer may be partial, it warns: {warning}");
                Err(QueryFailed::Unreachable(why))
            }
        }
    }

    async fn instant(&self, promql: &str, time: Option<f64>) -> Result<Value, QueryFailed> {
        let mut form = vec![("query", promql.to_owned())];
        form.extend(time.map(|time| ("time", time.to_string())));
        self.body("query", &form).await
    }

    /// A range query with a step of one second.
    ///
    /// # Errors
    /// See [`QueryFailed`].
    pub async fn query_range(
        &self,
        promql: &str,
        from: f64,
        to: f64,
    ) -> Result<Vec<Series>, QueryFailed> {
        // 11,000 points are the most that Prometheus gives per series.
        let step = ((to - from) / 10_000.0).max(1.0);
        self.query_steps(promql, from, to, step).await
    }

    /// A range query with a step in seconds; Prometheus refuses more than 11,000 steps.
    ///
    /// # Errors
    /// See [`QueryFailed`].
    pub async fn query_steps(
        &self,
        promql: &str,
        from: f64,
        to: f64,
        step: f64,
    ) -> Result<Vec<Series>, QueryFailed> {
        let form = [
            ("query", promql.to_owned()),
            ("start", from.to_string()),
            ("end", to.to_string()),
            ("step", step.to_string()),
        ];
        let mut body = self.body("query_range", &form).await?;
        serde_json::from_value(body["data"]["result"].take()).map_err(unreadable)
    }

    /// Whether the server is ready.
    pub async fn is_ready(&self) -> bool {
        let answer = self.http.get(format!("{}/-/ready", self.url)).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// The whole answer, of a query that succeeded.
    async fn body(&self, what: &str, form: &[(&str, String)]) -> Result<Value, QueryFailed> {
        let unreachable =
            |why: reqwest::Error| QueryFailed::Unreachable(chain(&why.without_url(), &self.url));
        // As a form: what stands between may not take a long address.
        let request = self.http.post(format!("{}/api/v1/{what}", self.url)).form(form);
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let text = answer.bytes().await.map_err(unreachable)?;
        let body: Value = match serde_json::from_slice(&text) {
            Ok(body) => body,
            // A proxy's page, or Prometheus while it starts.
            Err(_) if !status.is_success() => {
                return Err(QueryFailed::Unreachable(format!("HTTP {status}")));
            }
            Err(why) => return Err(unreadable(why)),
        };
        if body["status"] == "success" {
            return Ok(body);
        }
        let why = body["error"].as_str().unwrap_or("no reason given").to_owned();
        // 400: wrong query. 422 (cannot be executed) and 503 (overloaded, starting) may be right a
        // second later.
        Err(if status.as_u16() == 400 {
            QueryFailed::Refused(why)
        } else {
            QueryFailed::Unreachable(why)
        })
    }
}

/// The series of an instant query's answer.
fn vector(data: &Value) -> Result<Vec<Series>, QueryFailed> {
    if data["resultType"] == "scalar" {
        let value = Deserialize::deserialize(&data["result"]).map_err(unreadable)?;
        return Ok(vec![Series {
            metric: BTreeMap::new(),
            value: Some(value),
            values: Vec::new(),
        }]);
    }
    Deserialize::deserialize(&data["result"]).map_err(unreadable)
}

fn unreadable(why: serde_json::Error) -> QueryFailed {
    QueryFailed::Unreachable(format!("its answer cannot be read: {why}"))
}

/// An error with its causes and the server it is about, in one line.
fn chain(error: &dyn std::error::Error, url: &str) -> String {
    let mut text = format!("{url}: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_takes_more_patience_than_an_hour() {
        assert_eq!(limit(3600.0), TIME_OUT);
        assert_eq!(limit(30.0 * 86_400.0), PATIENCE);
    }
}
