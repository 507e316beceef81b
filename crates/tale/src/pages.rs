//! Where a browser finds something: not every Prometheus has its pages at the same path, and
//! Debian's Alertmanager has none.

use std::time::Duration;

use reqwest::Url;

use crate::control::Urls;
use crate::http::get;

/// The longest wait for a page, and most bytes of it.
const TIME_OUT: Duration = Duration::from_secs(2);
const LONGEST: usize = 1 << 20;

/// Pages that answer.
#[derive(Debug, Default)]
pub struct Pages {
    /// Where Prometheus shows a query, without the query.
    graph: Option<String>,
    /// Where Prometheus shows its alerts.
    pub alerts: Option<String>,
    /// Where Alertmanager shows what it has; where it has no page, as JSON.
    pub alertmanager: Option<String>,
}

impl Pages {
    /// Finds out.
    pub async fn of(urls: &Urls) -> Self {
        let mut pages = Self::default();
        if let Some(prometheus) = &urls.prometheus {
            let classic = format!("{prometheus}/classic");
            let base = match get(&format!("{classic}/alerts"), TIME_OUT, LONGEST).await {
                Ok(_) => classic,
                Err(_) => prometheus.clone(),
            };
            pages.graph = Some(format!("{base}/graph"));
            pages.alerts = Some(format!("{base}/alerts"));
        }
        if let Some(alertmanager) = &urls.alertmanager {
            let page = get(alertmanager, TIME_OUT, LONGEST).await.unwrap_or_default();
            let none = String::from_utf8_lossy(&page).contains("does not include a web");
            let path = if none { "/api/v2/alerts" } else { "/" };
            pages.alertmanager = Some(format!("{alertmanager}{path}"));
        }
        pages
    }

    /// Where Prometheus draws this query.
    pub fn graph(&self, query: &str) -> Option<String> {
        let parameters = [("g0.expr", query), ("g0.tab", "0"), ("g0.range_input", "5m")];
        Url::parse_with_params(self.graph.as_ref()?, parameters).ok().map(Into::into)
    }
}
