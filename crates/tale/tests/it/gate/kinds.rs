//! What teams have, judged against a real Prometheus: states between two looks, idle nights,
//! scrapes minutes apart, errors that do not exist, Keptn's services in one folder.

use serde_json::Value;
use testkit::history::History;
use testkit::prometheus::Prometheus;

use super::{FakePrometheus, Files, Reply, answers, evidence, gate};
use crate::{openslo, tale};

/// Noon, where every history here ends.
const END: f64 = 1_735_732_800.0;
const TO: &str = "2025-01-01T12:00:00Z";

async fn serve(history: History) -> Prometheus {
    tokio::task::spawn_blocking(move || Prometheus::with(&history)).await.unwrap()
}

fn every(step: f64, seconds: f64, value: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    let count = (seconds / step) as u32;
    (0..=count)
        .map(|n| END - seconds + step * f64::from(n))
        .map(|time| (time, value(time)))
        .collect()
}

/// An SLO with another indicator than the ratio of counters.
fn indicator(spec: &str, objective: &str) -> String {
    let text = openslo::ratio("answers", "30d", "x", "x", &format!("[{objective}]"));
    let (head, rest) = text.split_once("      ratioMetric:").unwrap();
    let (_, objectives) = rest.split_once("  objectives:").unwrap();
    format!("{head}      {spec}\n  objectives:{objectives}")
}

fn threshold(query: &str, objective: &str) -> String {
    let metric = format!(
        "thresholdMetric: {{metricSource: {{type: Prometheus, spec: {{query: '{query}'}}}}}}"
    );
    indicator(&metric, objective)
}

async fn judge(text: String, prometheus: &Prometheus, last: &str) -> (i32, Value) {
    let files = Files::of(&[("slo.yaml", text)]);
    let slo = files.path("slo.yaml");
    let args =
        [&slo, "--prometheus", prometheus.url(), "--to", TO, "--last", last, "--format", "json"];
    let ended = gate(&args).await;
    let json = ended.json();
    (ended.code.unwrap(), json["objectives"][0].clone())
}

#[tokio::test]
async fn every_sample_of_a_state_counts_however_close_they_are() {
    // Each second sample is bad, and half a minute is two samples: one look in two would see none.
    let flaps = |time: f64| f64::from(u8::from((time / 15.0) as i64 % 2 == 0));
    let mut history = History::new();
    history.series("probe_success", every(15.0, 7200.0, flaps));
    history.series("recorded:ratio", every(15.0, 7200.0, flaps));
    let prometheus = serve(history).await;
    let objective = "{op: gte, value: 1, target: 0.9}";
    let (code, judged) = judge(threshold("probe_success", objective), &prometheus, "1h").await;
    assert_eq!(code, 1, "{judged}");
    assert!((judged["observed"].as_f64().unwrap() - 0.5).abs() < 0.01, "{judged}");
    let raw = "ratioMetric: {rawType: success, raw: {metricSource: {type: Prometheus, spec: {query: 'recorded:ratio'}}}}";
    let (code, judged) = judge(indicator(raw, "{target: 0.9}"), &prometheus, "1h").await;
    assert_eq!(code, 1, "{judged}");
    assert!((judged["observed"].as_f64().unwrap() - 0.5).abs() < 0.01, "{judged}");
}

#[tokio::test]
async fn an_idle_hour_is_covered_and_one_without_a_target_is_not() {
    // Calls in the first half hour only; the second target goes away then.
    let calls = |time: f64| 100.0 * ((time - END + 3600.0) / 15.0).min(120.0);
    let mut history = History::new();
    for job in ["idle", "gone"] {
        for (le, share) in [("0.1", 0.99), ("0.5", 1.0), ("+Inf", 1.0)] {
            let series = format!("seconds_bucket{{job=\"{job}\",le=\"{le}\"}}");
            let samples = every(15.0, 3600.0, |time| calls(time) * share).into_iter();
            history
                .series(&series, samples.filter(|(time, _)| job == "idle" || *time < END - 1800.0));
        }
    }
    let prometheus = serve(history).await;
    let quantile = |job: &str| {
        let query = format!(
            "histogram_quantile(0.95, sum by (le) (rate(seconds_bucket{{job=\"{job}\"}}[5m])))"
        );
        threshold(&query, "{op: lte, value: 0.5, target: 0.9}")
    };
    let (code, judged) = judge(quantile("idle"), &prometheus, "1h").await;
    assert_eq!(code, 0, "{judged}");
    assert!(judged["coverage"].as_f64().unwrap() > 0.95, "{judged}");
    let (code, judged) = judge(quantile("gone"), &prometheus, "1h").await;
    assert_eq!(code, 2, "{judged}");
}

#[tokio::test]
async fn scrapes_minutes_apart_can_pass() {
    let mut history = History::new();
    history.series(
        "http_requests_total{job=\"shop\"}",
        every(240.0, 28_800.0, |time| (time - END + 28_800.0) * 10.0),
    );
    history.series("probe_success", every(240.0, 28_800.0, |_| 1.0));
    history.series("memory", every(240.0, 28_800.0, |_| 5.0));
    let prometheus = serve(history).await;
    let (code, judged) = judge(answers("shop", 1), &prometheus, "6h").await;
    assert_eq!(code, 0, "{judged}");
    let objective = "{op: gte, value: 1, target: 0.9}";
    let (code, judged) = judge(threshold("probe_success", objective), &prometheus, "6h").await;
    assert_eq!(code, 0, "{judged}");
    let slo =
        "objectives: [{sli: memory, pass: [{criteria: ['<6e0']}]}]\ntotal_score: {pass: '90%'}\n";
    let sli = "indicators: {memory: 'avg_over_time(memory[$DURATION_SECONDS])'}\n";
    let files = Files::of(&[("slo.yaml", slo.to_owned()), ("sli.yaml", sli.to_owned())]);
    let args = [&files.path(""), "--prometheus", prometheus.url(), "--to", TO, "--last", "6h"];
    gate(&args).await.expect_code(0);
}

#[tokio::test]
async fn no_alert_can_pass_as_long_as_prometheus_scrapes() {
    let slo =
        "objectives: [{sli: alerts, pass: [{criteria: ['=0']}]}]\ntotal_score: {pass: '90%'}\n";
    let sli = "indicators: {alerts: 'sum(ALERTS{alertstate=\"firing\"}) or vector(0)'}\n";
    let files = Files::of(&[("slo.yaml", slo.to_owned()), ("sli.yaml", sli.to_owned())]);
    for (scraped, code) in [(true, 0), (false, 2)] {
        let mut history = History::new();
        let name = if scraped { "up{job=\"shop\"}" } else { "other" };
        history.series(name, every(15.0, 3600.0, |_| 1.0));
        let prometheus = serve(history).await;
        let args = [&files.path(""), "--prometheus", prometheus.url(), "--to", TO, "--last", "30m"];
        gate(&args).await.expect_code(code);
    }
}

#[tokio::test]
async fn more_good_events_than_events_and_errors_of_nobody_are_refused_by_suggest() {
    let month = 20.0 * 86_400.0;
    let mut history = History::new();
    history.series("requests_total", every(60.0, month, |time| (time - END + month) * 10.0));
    history.series("good_total", every(60.0, month, |time| (time - END + month) * 13.0));
    let prometheus = serve(history).await;
    let bad = openslo::ratio("answers", "7d", "erors_total", "requests_total", "[{target: 0.9}]");
    let good = bad.replace("        bad:", "        good:");
    for (text, wanted) in [
        (good.replace("erors_total", "good_total"), "impossible counts"),
        (good, "erors_total has no sample in all that time"),
        (bad, "erors_total has no sample in all that time"),
    ] {
        let files = Files::of(&[("slo.yaml", text)]);
        let slo = files.path("slo.yaml");
        let args = [
            "slo",
            "suggest",
            &slo,
            "--prometheus",
            prometheus.url(),
            "--until",
            TO,
            "--format",
            "text",
        ];
        let ended = tale(&args).await.expect_code(2);
        assert!(ended.stdout.contains(wanted), "{wanted}: {ended}");
    }
}

#[tokio::test]
async fn a_partial_answer_is_none_for_any_verb() {
    let fake = FakePrometheus::start(|_, _| {
        let partial = evidence("0", "10000").replacen('{', "{\"isPartial\":true,", 1);
        Reply::Body(200, partial)
    });
    let fake = fake.await;
    let files = Files::of(&[("slo.yaml", answers("shop", 1))]);
    let slo = files.path("slo.yaml");
    for verb in
        [&["gate", &slo][..], &["slo", "leak"], &["slo", "lint", &slo], &["slo", "suggest", &slo]]
    {
        let ended = tale(&[verb, &["--prometheus", &fake.url]].concat()).await;
        assert_eq!(ended.code, Some(2), "{verb:?}: {ended}");
        assert!(ended.to_string().contains("isPartial"), "{verb:?}: {ended}");
    }
    // A remark about the query is no warning about the answer.
    let remark = evidence("0", "10000").replacen(
        '{',
        "{\"warnings\":[\"PromQL info: metric might not be a counter\"],",
        1,
    );
    let fake = FakePrometheus::start(move |_, _| Reply::Body(200, remark.clone())).await;
    gate(&[&slo, "--prometheus", &fake.url]).await.expect_code(0);
}

#[tokio::test]
async fn a_prometheus_that_is_named_has_the_clock_of_production() {
    let window = async |args: &[&str]| {
        let fake = FakePrometheus::start(|_, _| Reply::Body(200, evidence("0", "10000"))).await;
        let files = Files::of(&[("slo.yaml", answers("shop", 1))]);
        let slo = files.path("slo.yaml");
        let args =
            [&[&slo, "--prometheus", &fake.url, "--last", "1h", "--format", "json"], args].concat();
        gate(&args).await.expect_code(0).json()["window_seconds"].as_f64().unwrap()
    };
    assert_eq!(window(&[]).await, 3600.0);
    assert_eq!(window(&["--clock", "stage"]).await, 60.0);
}

#[tokio::test]
async fn a_baseline_is_pinned_on_purpose() {
    let fake = FakePrometheus::start(|_, path| {
        let value = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"gate_part":"value"},"value":[1,"5"]},{"metric":{"gate_part":"age"},"value":[1,"1"]},{"metric":{"gate_part":"points"},"value":[1,"1000"]}]}}"#;
        let memory = path.contains("gate_part%22%2C+%22value");
        Reply::Body(200, if memory { value.to_owned() } else { evidence("900", "1500") })
    });
    let fake = fake.await;
    let files = Files::of(&[("slo.yaml", super::files::answers_and_memory("shop"))]);
    let (slo, pinned) = (files.path("slo.yaml"), files.path("pinned.json"));
    let args = [&slo, "--prometheus", &fake.url, "--pin", &pinned];
    let ended = gate(&args).await.expect_code(2);
    assert!(
        ended.stderr.contains("because the gate fails") && ended.stderr.contains("--pin-anyway"),
        "{ended}"
    );
    assert!(!std::path::Path::new(&pinned).exists());
    let ended = gate(&[&args[..], &["--pin-anyway"]].concat()).await.expect_code(1);
    assert!(ended.stderr.contains("pinned shop/answers/gate = 5 in"), "{ended}");
    assert!(std::fs::read_to_string(&pinned).unwrap().contains("\"shop/answers/gate\": 5"));
}

#[tokio::test]
async fn lint_tells_a_metric_that_is_not_there_from_a_label_that_is_wrong() {
    let now = jiff::Timestamp::now().as_second() as f64;
    let mut history = History::new();
    let samples = (0..240).map(|n| (now - 3600.0 + 15.0 * f64::from(n), 100.0 * f64::from(n)));
    history.series("http_requests_total{code=\"200\"}", samples);
    let prometheus = serve(history).await;
    let lint = async |bad: &str, total: &str| {
        let files = Files::of(&[(
            "slo.yaml",
            openslo::ratio("answers", "30d", bad, total, "[{target: 0.99}]"),
        )]);
        let ended =
            tale(&["slo", "lint", &files.path("slo.yaml"), "--prometheus", prometheus.url()]).await;
        ended.expect_code(0).stdout
    };
    let all = "http_requests_total";
    let said = lint("http_request_total{code=\"500\"}", all).await;
    assert!(
        said.contains("no series of http_request_total")
            && said.contains("write http_requests_total"),
        "{said}"
    );
    let said = lint("http_requests_total{cod=\"500\"}", all).await;
    assert!(said.contains("no series of http_requests_total has the label cod"), "{said}");
    let said = lint("http_requests_total{code=\"500\"}", "http_requests_total{code=\"2xx\"}").await;
    assert!(said.contains("no series that matches"), "{said}");
    assert_eq!(lint("http_requests_total{code=\"500\"}", all).await.trim(), "nothing to say");
    // One fault, one message: nothing about the traffic of what is not there.
    let said = lint("nothing_total{code=\"500\"}", "nothing_total").await;
    assert_eq!(said.trim().lines().count(), 1, "{said}");
}

#[tokio::test]
async fn restarts_are_known_however_they_are_told() {
    // 30 % an hour, and a restart in the middle, as an exporter, as cAdvisor and as nobody tells
    // it.
    let restart = END - 1500.0;
    let memory = |time: f64| {
        let started = if time < restart { END - 3600.0 } else { restart };
        1e8 * (1.0 + 0.3 * (time - started) / 3600.0 + 0.002 * (time * 7.3).sin())
    };
    let told = |time: f64| if time < restart { END - 9000.0 } else { restart };
    for (start, runs) in [
        (Some("process_start_time_seconds{instance=\"a:1\",pod=\"a\"}"), 2),
        (Some("container_start_time_seconds{pod=\"a\",container=\"c\",job=\"kubelet\"}"), 2),
        (Some("kube_pod_start_time{pod=\"a\",job=\"ksm\",instance=\"k:1\"}"), 2),
        (None, 2),
    ] {
        let mut history = History::new();
        history.series(
            "memory{instance=\"a:1\",pod=\"a\",container=\"c\"}",
            every(15.0, 3600.0, memory),
        );
        if let Some(start) = start {
            history.series(start, every(15.0, 3600.0, told));
        }
        let prometheus = serve(history).await;
        let args = [
            "slo",
            "leak",
            "--query",
            "memory",
            "--last",
            "1h",
            "--until",
            TO,
            "--prometheus",
            prometheus.url(),
            "--format",
            "json",
        ];
        let ended = tale(&args).await.expect_code(1);
        assert_eq!(ended.json()["series"][0]["report"]["runs"], runs, "{start:?}: {ended}");
    }
    // A container that comes back has another id: two series, one process.
    let mut history = History::new();
    for (id, from, to) in [("x1", 0.0, restart), ("x2", restart, END + 1.0)] {
        let series = format!("memory{{pod=\"a\",container=\"c\",id=\"{id}\"}}");
        history.series(
            &series,
            every(15.0, 3600.0, memory).into_iter().filter(|(time, _)| (from..to).contains(time)),
        );
    }
    let prometheus = serve(history).await;
    let args = [
        "slo",
        "leak",
        "--query",
        "memory",
        "--last",
        "1h",
        "--until",
        TO,
        "--prometheus",
        prometheus.url(),
        "--format",
        "json",
    ];
    let json = tale(&args).await.expect_code(1).json();
    assert_eq!(json["series"].as_array().unwrap().len(), 1, "{json:#}");
    assert_eq!(json["series"][0]["report"]["runs"], 2, "{json:#}");
}

#[tokio::test]
async fn what_cannot_be_told_is_exit_code_2() {
    // A saw of a fifth, and nobody tells when the process started.
    let saw = |time: f64| 1e8 * (1.0 + 0.2 * ((time / 700.0) % 1.0));
    for (told, code) in [(false, 2), (true, 0)] {
        let mut history = History::new();
        history.series("memory{pod=\"a\"}", every(15.0, 3600.0, saw));
        if told {
            history.series(
                "process_start_time_seconds{pod=\"a\"}",
                every(15.0, 3600.0, |_| END - 9000.0),
            );
        }
        let prometheus = serve(history).await;
        let args = [
            "slo",
            "leak",
            "--query",
            "memory",
            "--last",
            "1h",
            "--until",
            TO,
            "--prometheus",
            prometheus.url(),
        ];
        let ended = tale(&args).await.expect_code(code);
        assert!(ended.stdout.contains("a garbage collector"), "{ended}");
    }
}

#[tokio::test]
async fn a_short_breach_in_a_long_time_is_not_stepped_over_by_correlate() {
    // Ten days every minute, and three bad minutes: a step of correlate is almost three.
    let days = 10.0 * 86_400.0;
    let bad = END - 5.0 * 86_400.0 + 20.0;
    let down = |time: f64| f64::from(u8::from(!(bad..bad + 60.0).contains(&time)));
    let mut history = History::new();
    history.series("probe_success", every(60.0, days, down));
    let prometheus = serve(history).await;
    let files =
        Files::of(&[("slo.yaml", threshold("probe_success", "{op: gte, value: 1, target: 0.9}"))]);
    let slo = files.path("slo.yaml");
    let args = ["slo", "correlate", &slo, "--prometheus", prometheus.url(), "--until", TO];
    let ended = tale(&[&args[..], &["--last", "10d", "--format", "json"]].concat()).await;
    let json = ended.expect_code(0).json();
    assert_eq!(json["objectives"][0]["breaches"].as_array().unwrap().len(), 1, "{json:#}");
}
