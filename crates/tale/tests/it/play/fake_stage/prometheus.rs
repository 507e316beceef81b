//! What a real Prometheus would answer about the pods of a fake stage.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::stage::{Breaks, State};
use crate::fake_prometheus::{FakePrometheus, Reply};

pub(crate) async fn prometheus(state: Arc<Mutex<State>>) -> FakePrometheus {
    FakePrometheus::start(move |_, request| reply(request, *state.lock().unwrap())).await
}

fn reply(request: &str, state: State) -> Reply {
    if state.breaks == Breaks::NoAnswer && state.leaked {
        return Reply::Close;
    }
    if request.starts_with("/api/v1/rules") {
        let age = if state.breaks == Breaks::Asleep && state.leaked { 61.0 } else { 0.4 };
        return rules(age);
    }
    if request.starts_with("/metrics") {
        // Some were lost before the play; nobody holds that against it.
        let lost = if state.breaks == Breaks::Lost && state.leaked { 9 } else { 2 };
        return Reply::Body(200, format!("prometheus_notifications_dropped_total {lost}\n"));
    }
    let url = reqwest::Url::parse(&format!("http://prometheus{request}")).unwrap();
    let query = url.query_pairs().find(|(name, _)| name == "query").map(|(_, value)| value);
    let (kind, result) = if url.path().ends_with("query_range") {
        ("matrix", json!([]))
    } else {
        ("vector", answer(&query.unwrap_or_default(), state))
    };
    let body = json!({"status": "success", "data": {"resultType": kind, "result": result}});
    Reply::Body(200, body.to_string())
}

/// One group of rules, looked at so many seconds ago.
fn rules(age: f64) -> Reply {
    let at = jiff::Timestamp::now() - std::time::Duration::from_secs_f64(age);
    let group = json!({"name": "a", "interval": 1, "lastEvaluation": at.to_string()});
    Reply::Body(200, json!({"status": "success", "data": {"groups": [group]}}).to_string())
}

/// The instant vector of a query.
fn answer(query: &str, state: State) -> Value {
    let State { breaks, dark, leaked, repaired } = state;
    let grown = leaked && ![Breaks::NoGrowth, Breaks::Starved].contains(&breaks);
    let firing = grown && !repaired && breaks != Breaks::NoAlert;
    let blind = breaks == Breaks::NoData && leaked;
    let sample = |holds: bool, labels: Value| {
        let series = json!([{"metric": labels, "value": [1_652_952_600, "1"]}]);
        if holds && !blind { series } else { json!([]) }
    };
    let alert = json!({"alertname": "DnsLeakerMemoryGrowth", "alertstate": "firing"});
    if query.contains("gate_part") {
        return evidence(query, grown && !repaired);
    }
    if query.starts_with("count_over_time(ALERTS") {
        return sample(grown, alert);
    }
    if query.starts_with("ALERTS") {
        return sample(firing, alert);
    }
    if query.contains("count_over_time(up") {
        let taken = if breaks == Breaks::Starved { "3" } else { "10" };
        return json!([{"metric": {}, "value": [1_652_952_600, taken]}]);
    }
    if query.contains("timestamp(up") {
        let age = if breaks == Breaks::Frozen && leaked { "61" } else { "0.4" };
        return json!([{"metric": {"pod": "dns-leaker-1"}, "value": [1_652_952_600, age]}]);
    }
    match query {
        query if query.contains("servfail") => sample(dark, json!({})),
        query if query.contains("result!=\"ok\"") => sample(!dark, json!({})),
        query if query.ends_with("> 1.1") => sample(grown, json!({})),
        _ => sample(true, json!({})),
    }
}

/// What the gate asks for: the parts of its union.
fn evidence(query: &str, bad: bool) -> Value {
    let value = if bad { "150" } else { "100" };
    let bad = if bad { "50" } else { "0" };
    let parts =
        [("bad", bad), ("total", "100"), ("points", "1000"), ("age", "0.5"), ("value", value)];
    let asked = parts.iter().filter(|(part, _)| query.contains(&format!("\"{part}\"")));
    asked
        .map(
            |(part, value)| json!({"metric": {"gate_part": part}, "value": [1_652_952_600, value]}),
        )
        .collect()
}
