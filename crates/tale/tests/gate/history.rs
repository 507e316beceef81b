//! `--history` when the folder is not as the gate left it.

use crate::fake::{Fake, Reply, evidence};
use crate::gate;
use crate::objectives::{Files, answers};

#[tokio::test]
async fn a_corrupt_verdict_is_named_before_anything_is_asked() {
    let fake = Fake::start(|_, _| Reply::Body(200, evidence("0", "10000"))).await;
    let files = Files::of(&[("slo.yaml", answers("shop", 1))]);
    let (slo, folder) = (files.path("slo.yaml"), files.path("history"));
    let judged = ["--prometheus", &fake.url, "--history", &folder];
    gate(&[&[slo.as_str()], &judged[..]].concat()).await.expect(0);
    let verdict = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(&verdict).unwrap();
    std::fs::write(&verdict, &text[..text.len() / 2]).unwrap();
    let asked = fake.asked("query").len();
    let said = gate(&[&[slo.as_str()], &judged[..]].concat()).await.expect(2);
    let name = verdict.file_name().unwrap().to_str().unwrap();
    assert!(said.err.contains(name) && said.err.contains("remove the file"), "{}", said.err);
    assert_eq!(fake.asked("query").len(), asked);
}

#[tokio::test]
async fn an_inconclusive_verdict_is_kept_too_but_not_compared_with() {
    let fake = Fake::start(|_, _| Reply::Close).await;
    let files = Files::of(&[("slo.yaml", answers("shop", 1))]);
    let (slo, folder) = (files.path("slo.yaml"), files.path("history"));
    gate(&[&slo, "--prometheus", &fake.url, "--history", &folder]).await.expect(2);
    let verdict = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let verdict: serde_json::Value =
        serde_json::from_slice(&std::fs::read(verdict).unwrap()).unwrap();
    assert_eq!(verdict["outcome"], "inconclusive");
}
