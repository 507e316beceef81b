//! What the report shows of a play, read from Prometheus at its end: the course of the metrics, and
//! of the alerts.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use slo::Catalogue;
use stage::{Notification, Stage};

use crate::budget;
use crate::prometheus::{Prometheus, Series};
use crate::report::{self, Alert, Messages};
use crate::setup;
use crate::story::Chart;

/// Charts and alerts of a play.
#[derive(Default)]
pub(super) struct Evidence {
    /// The course of the metrics.
    pub(super) charts: Vec<report::Chart>,
    /// When alerts were pending, firing and resolved.
    pub(super) alerts: Vec<Alert>,
    /// What the error budgets were charged.
    pub(super) budgets: Vec<report::Budget>,
    /// Who was told how often.
    pub(super) messages: Vec<Messages>,
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
    // As many steps as a chart has, at most.
    let step = ((now - epoch) / 10_000.0).max(1.0);
    let alerts = prometheus.query_steps("ALERTS", epoch, now, step).await.unwrap_or_default();
    let firing = prometheus.query("ALERTS{alertstate=\"firing\"}", None).await;
    let firing: Vec<_> = firing.iter().flatten().filter_map(which).collect();
    evidence.alerts = course(&alerts, &firing, epoch, now, step);
    evidence.budgets = budget::all(catalogue, &prometheus).await;
    evidence.messages = told(&stage.mail().await.unwrap_or_default());
    evidence
}

/// Who was told how often, in the order in which each heard first.
fn told(sent: &[Notification]) -> Vec<Messages> {
    let mut told: Vec<Messages> = Vec::new();
    for message in sent {
        // Without the namespace, which is another one in a cluster.
        let receiver = message.receiver.split_once('/').map_or("", |(_, rest)| rest);
        let channel = match message.channel.as_str() {
            "email" => "mail",
            "sns" => "SMS",
            "slack" => "chat",
            other => other,
        };
        let same = |one: &&mut Messages| one.receiver == receiver && one.channel == channel;
        let at = match told.iter_mut().find(same) {
            Some(at) => at,
            None => {
                let (receiver, channel) = (receiver.to_owned(), channel.to_owned());
                told.push(Messages { receiver, channel, firing: 0, resolved: 0 });
                told.last_mut().expect("it was just put there")
            }
        };
        match message.status.as_str() {
            "resolved" => at.resolved += 1,
            _ => at.firing += 1,
        }
    }
    told
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
        unit: chart.unit,
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

/// Name and severity of an alert.
fn which(alert: &Series) -> Option<(&str, Option<&str>)> {
    let label = |name| alert.metric.get(name).map(String::as_str);
    Some((label("alertname")?, label("severity")))
}

/// The firings of each alert, by name and severity, in the order in which they began. The series of
/// one alert, of several pods or objectives, are looked at together. Resolved: it fired, and does
/// not any more.
fn course(
    series: &[Series],
    firing: &[(&str, Option<&str>)],
    epoch: f64,
    end: f64,
    step: f64,
) -> Vec<Alert> {
    type Times = BTreeMap<i64, f64>;
    let mut seen = BTreeMap::<(&str, Option<&str>), (Times, Times)>::new();
    for one in series {
        let (Some(which), Some(state)) = (which(one), one.metric.get("alertstate")) else {
            continue;
        };
        let (pending, fired) = seen.entry(which).or_default();
        let times = if state == "pending" { pending } else { fired };
        // Samples of one step are the same moment.
        times.extend(one.values.iter().map(|(at, _)| ((at / step).round() as i64, *at)));
    }
    let mut alerts = Vec::new();
    for (which, (pending, fired)) in seen {
        let (mut waits, fires) = (runs(&pending, step), runs(&fired, step));
        let alert = |pending: Option<f64>, firing: Option<(f64, f64)>, resolved: bool| Alert {
            name: which.0.to_owned(),
            severity: which.1.map(str::to_owned),
            pending_s: pending.map(|at| at - epoch),
            firing_s: firing.map(|(from, _)| from - epoch),
            resolved_s: firing.filter(|_| resolved).map(|(_, to)| (to + step).min(end) - epoch),
        };
        for (index, run) in fires.iter().enumerate() {
            // It waited right before: anything earlier came to nothing.
            let before = waits.iter().rposition(|wait| wait.0 <= run.0);
            let wait =
                before.filter(|at| run.0 - waits[*at].1 <= GAP * step || waits[*at].1 >= run.0);
            let wait = wait.map(|at| waits.remove(at).0);
            let last = index + 1 == fires.len();
            alerts.push(alert(wait, Some(*run), !last || !firing.contains(&which)));
        }
        let inside = |wait: &(f64, f64)| fires.iter().any(|run| run.0 <= wait.0 && wait.0 <= run.1);
        waits.retain(|wait| !inside(wait));
        alerts.extend(waits.into_iter().map(|wait| alert(Some(wait.0), None, false)));
    }
    let begin = |alert: &Alert| alert.pending_s.or(alert.firing_s).unwrap_or_default();
    alerts.sort_by(|one, other| begin(one).total_cmp(&begin(other)));
    alerts
}

/// So many steps without a sample, and what comes after is something else.
const GAP: f64 = 2.5;

/// Times without a gap between them: first and last of each.
fn runs(times: &BTreeMap<i64, f64>, step: f64) -> Vec<(f64, f64)> {
    let mut runs: Vec<(f64, f64)> = Vec::new();
    for at in times.values() {
        match runs.last_mut() {
            Some(run) if at - run.1 <= GAP * step => run.1 = *at,
            _ => runs.push((*at, *at)),
        }
    }
    runs
}

#[cfg(test)]
mod tests;
