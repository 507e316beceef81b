//! Whatever Prometheus does, the gate passes on evidence only, says why it could not judge, and
//! queries once.

use testkit::program::Ended;

use super::{FakePrometheus, Files, Reply, answers, evidence, gate};

/// Judges three objectives; every one has to be inconclusive for this reason.
#[track_caller]
fn inconclusive(ended: &Ended, fake: &FakePrometheus, reason: &str) {
    assert_eq!(ended.code, Some(2), "{ended}");
    let verdict = ended.json();
    let objectives = verdict["objectives"].as_array().unwrap();
    assert_eq!(objectives.len(), 3);
    for objective in objectives {
        assert_eq!(objective["outcome"], "inconclusive", "{objective}");
        let text = objective["reason"].as_str().unwrap();
        assert!(text.contains(reason), "{text}");
    }
    assert_eq!(fake.requests("query").len(), 3, "one query for each objective");
}

async fn judge(
    reply: impl Fn(usize, &str) -> Reply + Send + Sync + 'static,
) -> (Ended, FakePrometheus) {
    let fake = FakePrometheus::start(reply).await;
    let files = Files::of(&[("slo.yaml", answers("shop", 3))]);
    let slo = files.path("slo.yaml");
    let ended = gate(&[&slo, "--prometheus", &fake.url, "--format", "json"]).await;
    (ended, fake)
}

#[tokio::test]
async fn enough_evidence_passes() {
    let (ended, fake) = judge(|_, _| Reply::Body(200, evidence("0", "10000"))).await;
    let ended = ended.expect_code(0);
    assert_eq!(ended.json()["outcome"], "pass");
    assert_eq!(fake.requests("query").len(), 3);
    assert!(fake.requests("query_range").is_empty(), "JSON has no sparkline");
}

#[tokio::test]
async fn an_error_of_the_query_engine_is_inconclusive() {
    let error =
        r#"{"status":"error","errorType":"execution","error":"query would load too many samples"}"#;
    let (ended, fake) = judge(move |_, _| Reply::Body(422, error.to_owned())).await;
    inconclusive(&ended, &fake, "query would load too many samples");
}

#[tokio::test]
async fn an_overloaded_server_is_inconclusive() {
    let (ended, fake) = judge(|_, _| Reply::Body(503, "upstream is busy".to_owned())).await;
    inconclusive(&ended, &fake, "HTTP 503");
}

#[tokio::test]
async fn values_that_are_not_numbers_are_inconclusive() {
    for odd in ["NaN", "+Inf", "-Inf", "ten"] {
        let (ended, fake) = judge(move |_, _| Reply::Body(200, evidence("0", odd))).await;
        inconclusive(&ended, &fake, "not a number");
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_inconclusive() {
    for text in [
        "",
        "<html>",
        "{\"status\":\"success\"}",
        "{\"status\":\"success\",\"data\":{\"resultType\":\"string\",\"result\":[1,\"2\"]}}",
    ] {
        let (ended, fake) = judge(move |_, _| Reply::Body(200, text.to_owned())).await;
        inconclusive(&ended, &fake, "its answer cannot be read");
    }
}

#[tokio::test]
async fn an_answer_without_series_is_inconclusive() {
    let empty = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
    let (ended, fake) = judge(move |_, _| Reply::Body(200, empty.to_owned())).await;
    inconclusive(&ended, &fake, "no data");
}

#[tokio::test]
async fn a_truncated_answer_is_inconclusive() {
    let (ended, fake) = judge(|_, _| Reply::Truncated(evidence("0", "10000"))).await;
    inconclusive(&ended, &fake, "The query failed");
}

#[tokio::test]
async fn a_closed_connection_is_inconclusive() {
    let (ended, fake) = judge(|_, _| Reply::Close).await;
    inconclusive(&ended, &fake, "The query failed");
}

#[tokio::test]
async fn an_answer_with_warnings_may_be_partial_and_is_inconclusive() {
    let warned =
        evidence("0", "10000").replacen('{', r#"{"warnings":["one store did not answer"],"#, 1);
    let (ended, fake) = judge(move |_, _| Reply::Body(200, warned.clone())).await;
    inconclusive(&ended, &fake, "one store did not answer");
}

#[tokio::test]
async fn a_server_that_hangs_is_inconclusive() {
    let (ended, fake) = judge(|_, _| Reply::Hang).await;
    inconclusive(&ended, &fake, "The query failed");
}

#[tokio::test]
async fn an_inconclusive_gate_exits_with_three_when_asked_and_a_failed_one_still_with_one() {
    let files = Files::of(&[("slo.yaml", answers("shop", 3))]);
    let slo = files.path("slo.yaml");
    for (bad, total, plain, asked) in
        [("0", "1500", 2, 3), ("900", "1500", 1, 1), ("0", "9000", 0, 0)]
    {
        let fake = FakePrometheus::start(move |_, _| Reply::Body(200, evidence(bad, total))).await;
        gate(&[&slo, "--prometheus", &fake.url]).await.expect_code(plain);
        for fail_on in [&["--fail-on", "inconclusive"][..], &["--fail-on", "warning,inconclusive"]]
        {
            let args = [&[slo.as_str(), "--prometheus", &fake.url], fail_on].concat();
            gate(&args).await.expect_code(asked);
        }
        gate(&[&slo, "--prometheus", &fake.url, "--fail-on", "warning"]).await.expect_code(plain);
    }
}
