//! `--history` when the folder is not as the gate left it.

use super::{FakePrometheus, Files, Reply, answers, evidence, gate};

#[tokio::test]
async fn a_corrupt_verdict_is_named_before_any_query() {
    let fake = FakePrometheus::start(|_, _| Reply::Body(200, evidence("0", "10000"))).await;
    let files = Files::of(&[("slo.yaml", answers("shop", 1))]);
    let (slo, folder) = (files.path("slo.yaml"), files.path("history"));
    let judged = ["--prometheus", &fake.url, "--history", &folder];
    gate(&[&[slo.as_str()], &judged[..]].concat()).await.expect_code(0);
    let verdict = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(&verdict).unwrap();
    std::fs::write(&verdict, &text[..text.len() / 2]).unwrap();
    let queries = fake.requests("query").len();
    let ended = gate(&[&[slo.as_str()], &judged[..]].concat()).await.expect_code(2);
    let name = verdict.file_name().unwrap().to_str().unwrap();
    assert!(
        ended.stderr.contains(name) && ended.stderr.contains("remove the file"),
        "{}",
        ended.stderr
    );
    assert_eq!(fake.requests("query").len(), queries);
}

#[tokio::test]
async fn an_inconclusive_verdict_is_kept_in_the_history() {
    let fake = FakePrometheus::start(|_, _| Reply::Close).await;
    let files = Files::of(&[("slo.yaml", answers("shop", 1))]);
    let (slo, folder) = (files.path("slo.yaml"), files.path("history"));
    gate(&[&slo, "--prometheus", &fake.url, "--history", &folder]).await.expect_code(2);
    let verdict = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let verdict: serde_json::Value =
        serde_json::from_slice(&std::fs::read(verdict).unwrap()).unwrap();
    assert_eq!(verdict["outcome"], "inconclusive");
}
