//! What the report shows of a play, read from Prometheus at its end: the course of the metrics, and
//! of the alerts.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use slo::Catalogue;
use stage::Stage;

use crate::budget;
use crate::prometheus::{Prometheus, Series};
use crate::report::{self, Alert};
use crate::setup;
use crate::story::{Chart, Unit};

/// Charts and alerts of a play.
#[derive(Default)]
pub(super) struct Evidence {
    /// The course of the metrics.
    pub(super) charts: Vec<report::Chart>,
    /// When alerts were pending, firing and resolved.
    pub(super) alerts: Vec<Alert>,
    /// What the error budgets were charged.
    pub(super) budgets: Vec<report::Budget>,
}

/// Reads what there is; a Prometheus that does not answer any more leaves the report without
/// pictures.
pub(super) async fn collect(
    charts: &[Chart],
    stage: &dyn Stage,
    catalogue: &Catalogue,
    epoch: f64,
    acts: &[report::Act],
) -> Evidence {
    let mut evidence = Evidence::default();
    if !matches!(setup::died(stage).await, Ok(None)) {
        return evidence;
    }
    let prometheus = setup::prometheus(stage);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    for chart in charts {
        evidence.charts.push(read_chart(chart, &prometheus, epoch, now, acts).await);
    }
    let alerts = prometheus.query_range("ALERTS", epoch, now).await.unwrap_or_default();
    let firing = prometheus.query("ALERTS{alertstate=\"firing\"}", None).await;
    let firing: Vec<_> = firing.iter().flatten().filter_map(which).collect();
    evidence.alerts = course(&alerts, &firing, epoch);
    evidence.budgets = budget::all(catalogue, &prometheus).await;
    evidence
}

async fn read_chart(
    chart: &Chart,
    prometheus: &Prometheus,
    epoch: f64,
    now: f64,
    acts: &[report::Act],
) -> report::Chart {
    let series = prometheus.query_range(&chart.query, epoch, now).await.unwrap_or_default();
    let threshold = match &chart.threshold {
        None => None,
        Some(threshold) => {
            // As it was when the first act was over: the level that the story measures against.
            let calm = acts.first().map_or(now, |act| epoch + act.to_s);
            let value = prometheus.query(&threshold.query, Some(calm)).await.unwrap_or_default();
            let value = value.first().map(Series::number).filter(|value| value.is_finite());
            value.map(|value| report::Threshold { value, label: threshold.text.clone() })
        }
    };
    report::Chart {
        title: chart.title.clone(),
        unit: unit(chart.unit),
        query: chart.query.clone(),
        series: series.iter().map(|one| lines(one, chart.label.as_deref(), epoch)).collect(),
        threshold,
    }
}

fn lines(series: &Series, label: Option<&str>, epoch: f64) -> report::Series {
    let points =
        series.values.iter().filter_map(|(at, value)| Some((at - epoch, value.parse().ok()?)));
    let label = match label.and_then(|label| series.metric.get(label)) {
        Some(value) if label == Some("pod") => owner(value).to_owned(),
        Some(value) => value.clone(),
        None => {
            let pairs: Vec<String> =
                series.metric.iter().map(|(key, value)| format!("{key}={value}")).collect();
            pairs.join(" ")
        }
    };
    report::Series { label, points: points.collect() }
}

/// The Deployment of a pod, from its name: pods of one Deployment, old and new, share a colour and
/// a name.
fn owner(pod: &str) -> &str {
    let mut parts = pod.rsplitn(3, '-');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(suffix), Some(hash), Some(owner))
            if suffix.len() == 5 && (8..=10).contains(&hash.len()) =>
        {
            owner
        }
        _ => pod,
    }
}

fn unit(unit: Unit) -> report::Unit {
    match unit {
        Unit::Bytes => report::Unit::Bytes,
        Unit::Seconds => report::Unit::Seconds,
        Unit::PerSecond => report::Unit::PerSecond,
        Unit::Ratio => report::Unit::Ratio,
        Unit::Count => report::Unit::Count,
    }
}

/// Name and severity of an alert.
fn which(alert: &Series) -> Option<(&str, Option<&str>)> {
    let label = |name| alert.metric.get(name).map(String::as_str);
    Some((label("alertname")?, label("severity")))
}

/// Firsts and lasts per alert name and severity. Resolved: it fired, and is not among those that
/// fire now.
fn course(series: &[Series], firing: &[(&str, Option<&str>)], epoch: f64) -> Vec<Alert> {
    let mut alerts = BTreeMap::<(&str, Option<&str>), Alert>::new();
    for one in series {
        let (Some(which), Some(state)) = (which(one), one.metric.get("alertstate")) else {
            continue;
        };
        let (Some((first, _)), Some((last, _))) = (one.values.first(), one.values.last()) else {
            continue;
        };
        let alert = alerts.entry(which).or_insert_with(|| Alert {
            name: which.0.to_owned(),
            severity: which.1.map(str::to_owned),
            pending_s: None,
            firing_s: None,
            resolved_s: None,
        });
        let earliest = |old: Option<f64>, new: f64| Some(old.map_or(new, |old| old.min(new)));
        if state == "pending" {
            alert.pending_s = earliest(alert.pending_s, first - epoch);
        } else {
            alert.firing_s = earliest(alert.firing_s, first - epoch);
            let resolved = (!firing.contains(&which)).then_some(last + 1.0 - epoch);
            alert.resolved_s = resolved.map(|at| alert.resolved_s.map_or(at, |old| old.max(at)));
        }
    }
    alerts.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_is_named_after_its_deployment() {
        assert_eq!(owner("dns-leaker-o11y-5c9f7b6d8f-x2x4z"), "dns-leaker-o11y");
        assert_eq!(owner("dns-leaker-o11y"), "dns-leaker-o11y");
    }

    #[test]
    fn a_page_is_over_while_its_ticket_stays() {
        let series = |severity: &str, state: &str, values: &[f64]| Series {
            metric: [("alertname", "A"), ("alertstate", state), ("severity", severity)]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            value: None,
            values: values.iter().map(|at| (*at, "1".to_owned())).collect(),
        };
        // Of the page there are two: an SLO's and an SLA's.
        let seen = [
            series("page", "firing", &[107.0, 108.0]),
            series("page", "firing", &[105.0, 106.0]),
            series("ticket", "pending", &[106.0]),
            series("ticket", "firing", &[107.0, 120.0]),
        ];
        let course = course(&seen, &[("A", Some("ticket"))], 100.0);
        let times: Vec<_> = course
            .iter()
            .map(|one| (one.title(), one.pending_s, one.firing_s, one.resolved_s))
            .collect();
        assert_eq!(
            times,
            [
                ("A (page)".to_owned(), None, Some(5.0), Some(9.0)),
                ("A (ticket)".to_owned(), Some(6.0), Some(7.0), None),
            ]
        );
    }
}
