//! Keptn's files over imported history: the score decides.

use super::files::{KEPTN_SLI, KEPTN_SLO};
use super::real::{PART, Real};
use super::{Files, gate};

fn files() -> Files {
    Files::of(&[("slo.yaml", KEPTN_SLO.to_owned()), ("sli.yaml", KEPTN_SLI.to_owned())])
}

#[tokio::test]
async fn the_score_of_keptn_decides() {
    let real = Real::start().await;
    let files = files();
    let (slo, sli, history) =
        (files.path("slo.yaml"), files.path("sli.yaml"), files.path("history"));
    let keptn = ["--keptn", &slo, "--sli", &sli, "--context", "SERVICE=bad"];
    let with = |more: &[&'static str]| [&keptn[..], more].concat();
    // Nothing to compare with: Keptn lets it pass, this gate cannot say.
    real.gate(1, &keptn).await.expect_code(2);
    // Errors warn: one point and a half of two.
    let ended = real.gate(1, &with(&["--keptn-compat"])).await.expect_code(0);
    assert!(
        ended.stdout.contains("gate: warning") && ended.stdout.contains("score 75"),
        "{}",
        ended.stdout
    );
    let ended = real
        .gate(1, &with(&["--keptn-compat", "--fail-on", "warning", "--format", "json"]))
        .await
        .expect_code(3);
    assert_eq!(ended.json()["score"], 75.0);
    // With the value of the first run there is something to compare with.
    let remember = [&keptn[..], &["--history", &history, "--format", "json"]].concat();
    real.gate(1, &remember).await.expect_code(2);
    let second = real.gate(2, &remember).await.expect_code(0).json();
    assert_eq!(second["outcome"], "warning");
    assert_eq!(second["objectives"][0]["baseline"], 100e6);
    assert_eq!(second["objectives"][0]["observed"], 109e6);
    // Only the first counts as passed, so the third run is compared with it: 21 % more, half a
    // point of two.
    let third = real.gate(3, &remember).await.expect_code(1).json();
    assert_eq!(third["objectives"][0]["baseline"], 100e6);
    assert_eq!(third["score"], 25.0);
}

#[tokio::test]
async fn keptn_files_are_known_by_their_content_and_a_pinned_baseline_wins() {
    let real = Real::start().await;
    let files = files();
    let (folder, pinned) = (files.path(""), files.path("pinned.json"));
    let both = [folder.as_str(), "--context", "SERVICE=good"];
    real.gate(2, &[&both[..], &["--pin", &pinned]].concat()).await.expect_code(2);
    let history = files.path("history");
    // The history says 100 M, the pin 109 M.
    real.gate(1, &[&both[..], &["--history", &history]].concat()).await.expect_code(2);
    let args = [&both[..], &["--history", &history, "--baseline", &pinned]].concat();
    let ended = real.gate(3, &args).await.expect_code(1);
    assert!(ended.stdout.contains("score 50"), "{}", ended.stdout);
    let json = [&args[..], &["--format", "json"]].concat();
    let verdict = real.gate(3, &json).await.expect_code(1).json();
    assert_eq!(verdict["objectives"][0]["baseline"], 109e6);
    assert_eq!(verdict["objectives"][2]["observed"], 4000.0);
}

#[tokio::test]
async fn a_value_of_some_minutes_does_not_speak_for_the_whole_window() {
    let real = Real::start().await;
    let slo =
        "objectives: [{sli: errors, pass: [{criteria: ['<=0.01']}]}]\ntotal_score: {pass: '90%'}\n";
    let sli = "indicators:\n  errors: sum(rate(http_requests_total{job='good',code='500'}[$DURATION_SECONDS]))\n";
    let files = Files::of(&[("slo.yaml", slo.to_owned()), ("sli.yaml", sli.to_owned())]);
    let folder = files.path("");
    // Eight minutes after the last sample, and forty-five before the first one.
    let (late, early) = (real.at(3 * PART + 480), real.end(1));
    for (end, last, why) in [(&late, "10m", "the target is gone"), (&early, "60m", "Only 25")] {
        let judge = |more: &'static [&str]| {
            let args = [&folder, "--clock", "real", "--last", last, "--to", end];
            let args = [&args[..], &["--prometheus", &real.url], more].concat();
            async move { gate(&args).await }
        };
        let ended = judge(&[]).await.expect_code(2);
        assert!(ended.stdout.contains(why), "{}", ended.stdout);
        judge(&["--keptn-compat"]).await.expect_code(0);
    }
    let args = [&folder[..]];
    let ended = real.gate(2, &args).await.expect_code(0);
    assert!(ended.stdout.contains("100 % covered"), "{}", ended.stdout);
}
