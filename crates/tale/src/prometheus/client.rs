//! A client for Prometheus' HTTP API: instant and range queries.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::time::timeout;

use super::Series;
use super::access::Access;
use super::request::{Answer, ask, form};
use super::secrets::Secrets;

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

impl QueryFailed {
    fn hidden(self, secrets: &Secrets) -> Self {
        match self {
            Self::Refused(why) => Self::Refused(secrets.hidden(&why)),
            Self::Unreachable(why) => Self::Unreachable(secrets.hidden(&why)),
        }
    }
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
    access: Result<Arc<Access>, String>,
    limit: Duration,
}

/// How long an answer about a window may take.
fn limit(window_seconds: f64) -> Duration {
    if window_seconds > LONG_WINDOW { PATIENCE } else { TIME_OUT }
}

impl Prometheus {
    /// The server of a stage at `url`, e.g. `http://127.0.0.1:9090`.
    pub fn new(url: &str) -> Self {
        let access = Access::open(url).map(Arc::new).map_err(|why| why.to_string());
        Self { access, limit: TIME_OUT }
    }

    /// A server that may want to see who asks.
    pub fn at(access: Access) -> Self {
        Self { access: Ok(Arc::new(access)), limit: TIME_OUT }
    }

    /// The same, for questions about weeks: an answer may take a minute.
    #[must_use]
    pub fn patient(self) -> Self {
        Self { limit: PATIENCE, ..self }
    }

    /// Patient if the window is long: it takes a while to look at each sample of a month.
    #[must_use]
    pub fn for_window(self, seconds: f64) -> Self {
        Self { limit: limit(seconds), ..self }
    }

    /// How long one answer may take.
    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// An instant query, at `time` (seconds since 1970) or now. A scalar becomes a series without
    /// labels. An answer that may be partial counts as none.
    ///
    /// # Errors
    /// See [`QueryFailed`].
    pub async fn query(&self, promql: &str, time: Option<f64>) -> Result<Vec<Series>, QueryFailed> {
        vector(&self.instant(promql, time).await?["data"])
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

    /// The names of all metrics.
    ///
    /// # Errors
    /// See [`QueryFailed`].
    pub async fn metric_names(&self) -> Result<Vec<String>, QueryFailed> {
        let body = self.answer("/api/v1/label/__name__/values", None).await?;
        Deserialize::deserialize(&body["data"]).map_err(unreadable)
    }

    /// Whether the server is ready.
    pub async fn is_ready(&self) -> bool {
        let Ok(access) = &self.access else {
            return false;
        };
        let answer = timeout(self.limit, ask(access, "/-/ready", None)).await;
        answer.is_ok_and(|answer| answer.is_ok_and(|answer| answer.status.is_success()))
    }

    /// The whole answer, of a query that succeeded.
    async fn body(&self, what: &str, fields: &[(&str, String)]) -> Result<Value, QueryFailed> {
        // As a form: what stands between may not take a long address.
        self.answer(&format!("/api/v1/{what}"), Some(form(fields))).await
    }

    async fn answer(&self, path: &str, form: Option<String>) -> Result<Value, QueryFailed> {
        let access = self.access.as_ref().map_err(|why| QueryFailed::Unreachable(why.clone()))?;
        let shown = access.address.shown();
        let unreachable = |why: String| {
            QueryFailed::Unreachable(access.secrets.hidden(&format!("{shown}: {why}")))
        };
        let answer = timeout(self.limit, ask(access, path, form)).await;
        let answer = answer
            .map_err(|_| unreachable(format!("no answer within {} s", self.limit.as_secs())))?;
        let answer = answer.map_err(unreachable)?;
        read(&answer).map_err(|why| why.hidden(&access.secrets))
    }
}

/// The body of an answer that is whole and says so.
fn read(answer: &Answer) -> Result<Value, QueryFailed> {
    let status = answer.status;
    if status.is_redirection() {
        let to = answer.location.as_deref().unwrap_or("an address that it does not name");
        // Without what may be secret in it.
        let to = to.split(['?', '#']).next().unwrap_or_default();
        return Err(QueryFailed::Unreachable(format!(
            "HTTP {status}: it is at {to}; write that address"
        )));
    }
    let body: Value = match serde_json::from_slice(&answer.body) {
        Ok(body) => body,
        Err(_) if matches!(status.as_u16(), 401 | 403) => {
            let why = format!(
                "HTTP {status}: it wants to know who asks; see --token-file, --basic-auth-file and --header-file"
            );
            return Err(QueryFailed::Unreachable(why));
        }
        // A proxy's page, or Prometheus while it starts.
        Err(_) if !status.is_success() => {
            return Err(QueryFailed::Unreachable(format!("HTTP {status}")));
        }
        Err(why) => return Err(unreadable(why)),
    };
    if body["status"] == "success" {
        return whole(&body).map(|()| body);
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

/// Stores that did not answer are told in warnings (Prometheus, Thanos) or with `isPartial`
/// (VictoriaMetrics). Remarks about the query, which some versions put among the warnings, are
/// none.
fn whole(body: &Value) -> Result<(), QueryFailed> {
    let partial =
        |why: String| Err(QueryFailed::Unreachable(format!("its answer may be partial{why}")));
    if body["isPartial"] == true || body["data"]["isPartial"] == true {
        return partial(": it says isPartial".to_owned());
    }
    let warnings = body["warnings"].as_array().into_iter().flatten();
    let mut warnings = warnings.map(|warning| warning.as_str().unwrap_or("without a text"));
    match warnings.find(|warning| !warning.starts_with("PromQL info")) {
        None => Ok(()),
        Some(warning) => partial(format!(", it warns: {warning}")),
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

/// The words of the reader are about its types: they go nowhere.
fn unreadable(_: serde_json::Error) -> QueryFailed {
    let why = "its answer cannot be read: it is not what a Prometheus says";
    QueryFailed::Unreachable(why.to_owned())
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
