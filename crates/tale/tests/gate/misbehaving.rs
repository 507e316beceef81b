//! Whatever Prometheus does, the gate passes on evidence only, says why it could not judge, and
//! asks once.

use crate::fake::{Fake, Reply, evidence};
use crate::gate;
use crate::objectives::{Files, answers};

/// Judges three objectives; every one has to be inconclusive for this reason.
#[track_caller]
fn inconclusive(said: &crate::Said, fake: &Fake, reason: &str) {
    assert_eq!(said.code, 2, "{}{}", said.out, said.err);
    let verdict = said.json();
    let objectives = verdict["objectives"].as_array().unwrap();
    assert_eq!(objectives.len(), 3);
    for one in objectives {
        assert_eq!(one["outcome"], "inconclusive", "{one}");
        let text = one["reason"].as_str().unwrap();
        assert!(text.contains(reason), "{text}");
    }
    assert_eq!(fake.asked("query").len(), 3, "each objective is asked about once");
}

async fn judge(
    reply: impl Fn(usize, &str) -> Reply + Send + Sync + 'static,
) -> (crate::Said, Fake) {
    let fake = Fake::start(reply).await;
    let files = Files::of(&[("slo.yaml", answers("shop", 3))]);
    let slo = files.path("slo.yaml");
    let said = gate(&[&slo, "--prometheus", &fake.url, "--format", "json"]).await;
    (said, fake)
}

#[tokio::test]
async fn evidence_passes() {
    let (said, fake) = judge(|_, _| Reply::Body(200, evidence("0", "10000"))).await;
    let said = said.expect(0);
    assert_eq!(said.json()["outcome"], "pass");
    assert_eq!(fake.asked("query").len(), 3);
    assert!(fake.asked("query_range").is_empty(), "nobody sees a picture in JSON");
}

#[tokio::test]
async fn an_error_of_the_engine_is_told() {
    let error =
        r#"{"status":"error","errorType":"execution","error":"query would load too many samples"}"#;
    let (said, fake) = judge(move |_, _| Reply::Body(422, error.to_owned())).await;
    inconclusive(&said, &fake, "query would load too many samples");
}

#[tokio::test]
async fn an_overloaded_server_is_told() {
    let (said, fake) = judge(|_, _| Reply::Body(503, "upstream is busy".to_owned())).await;
    inconclusive(&said, &fake, "HTTP 503");
}

#[tokio::test]
async fn numbers_that_are_none_are_no_evidence() {
    for odd in ["NaN", "+Inf", "-Inf", "ten"] {
        let (said, fake) = judge(move |_, _| Reply::Body(200, evidence("0", odd))).await;
        inconclusive(&said, &fake, "not a number");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_answer_is_no_evidence() {
    for text in [
        "",
        "<html>",
        "{\"status\":\"success\"}",
        "{\"status\":\"success\",\"data\":{\"resultType\":\"string\",\"result\":[1,\"2\"]}}",
    ] {
        let (said, fake) = judge(move |_, _| Reply::Body(200, text.to_owned())).await;
        inconclusive(&said, &fake, "its answer cannot be read");
    }
}

#[tokio::test]
async fn an_answer_without_series_is_no_evidence() {
    let empty = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
    let (said, fake) = judge(move |_, _| Reply::Body(200, empty.to_owned())).await;
    inconclusive(&said, &fake, "no data");
}

#[tokio::test]
async fn a_truncated_answer_is_no_evidence() {
    let (said, fake) = judge(|_, _| Reply::Truncated(evidence("0", "10000"))).await;
    inconclusive(&said, &fake, "The query failed");
}

#[tokio::test]
async fn a_connection_that_ends_is_no_evidence() {
    let (said, fake) = judge(|_, _| Reply::Close).await;
    inconclusive(&said, &fake, "The query failed");
}

#[tokio::test]
async fn an_answer_with_warnings_may_be_partial() {
    let warned =
        evidence("0", "10000").replacen('{', r#"{"warnings":["one store did not answer"],"#, 1);
    let (said, fake) = judge(move |_, _| Reply::Body(200, warned.clone())).await;
    inconclusive(&said, &fake, "one store did not answer");
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up() {
    let (said, fake) = judge(|_, _| Reply::Hang).await;
    inconclusive(&said, &fake, "The query failed");
}

#[tokio::test]
async fn doubt_exits_with_three_when_asked_and_a_failure_still_with_one() {
    let files = Files::of(&[("slo.yaml", answers("shop", 3))]);
    let slo = files.path("slo.yaml");
    for (bad, total, plain, asked) in
        [("0", "1500", 2, 3), ("900", "1500", 1, 1), ("0", "9000", 0, 0)]
    {
        let fake = Fake::start(move |_, _| Reply::Body(200, evidence(bad, total))).await;
        gate(&[&slo, "--prometheus", &fake.url]).await.expect(plain);
        for fail_on in [&["--fail-on", "inconclusive"][..], &["--fail-on", "warning,inconclusive"]]
        {
            let args = [&[slo.as_str(), "--prometheus", &fake.url], fail_on].concat();
            gate(&args).await.expect(asked);
        }
        gate(&[&slo, "--prometheus", &fake.url, "--fail-on", "warning"]).await.expect(plain);
    }
}
