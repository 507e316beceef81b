//! OpenSLO objectives over imported history.

use super::files::answers_and_memory;
use super::real::{PART, Real};
use super::{Files, answers, gate};

#[tokio::test]
async fn a_window_of_the_past_passes_fails_or_proves_nothing() {
    let real = Real::start().await;
    for (job, code, reason) in [
        ("good", 0, "100 % good"),
        ("bad", 1, "90 % good; below 99.9 % with 95 % confidence"),
        ("few", 2, "1500 events cannot decide it; 2703 without an error would"),
        ("nobody", 2, "There is no data"),
    ] {
        let files = Files::of(&[("slo.yaml", answers(job, 1))]);
        let ended = real.gate(2, &[&files.path("slo.yaml")]).await.expect_code(code);
        assert!(ended.stdout.contains(reason), "{}", ended.stdout);
        assert!(ended.stdout.contains(&format!("600 s until {}", real.end(2))), "{}", ended.stdout);
    }
    // From and to say the same, exactly.
    let files = Files::of(&[("slo.yaml", answers("few", 1))]);
    let (slo, from, to) = (files.path("slo.yaml"), real.at(2 * PART - 600), real.end(2));
    for clock in ["stage", "real"] {
        let args =
            [&slo, "--from", &from, "--to", &to, "--clock", clock, "--prometheus", &real.url];
        let args = [&args[..], &["--format", "json"]].concat();
        let ended = gate(&args).await.expect_code(2);
        assert_eq!(ended.json()["window_seconds"], 600.0, "{clock}");
    }
    // Twice the time, twice the requests: now it is proven.
    for (seconds, code) in [(900, 2), (1200, 0)] {
        let from = real.at(2 * PART - seconds);
        let args = [&slo, "--from", &from, "--to", &to, "--clock", "real"];
        let args = [&args[..], &["--prometheus", &real.url]].concat();
        gate(&args).await.expect_code(code);
    }
}

#[tokio::test]
async fn memory_may_grow_by_a_tenth_of_what_was_pinned() {
    let real = Real::start().await;
    let files = Files::of(&[("slo.yaml", answers_and_memory("good"))]);
    let (slo, pinned) = (files.path("slo.yaml"), files.path("pinned.json"));
    let ended = real.gate(1, &[&slo, "--pin", &pinned]).await.expect_code(2);
    assert!(ended.stdout.contains("no earlier value"), "{}", ended.stdout);
    let ended = real.gate(2, &[&slo, "--baseline", &pinned]).await.expect_code(0);
    assert!(ended.stdout.contains("+9.0 % of the baseline 100 M"), "{}", ended.stdout);
    let ended = real.gate(3, &[&slo, "--baseline", &pinned]).await.expect_code(1);
    assert!(ended.stdout.contains("+21.0 % of the baseline"), "{}", ended.stdout);
}

#[tokio::test]
async fn without_a_pin_the_history_grows_with_each_verdict() {
    let real = Real::start().await;
    let files = Files::of(&[("slo.yaml", answers_and_memory("good"))]);
    let (slo, folder) = (files.path("slo.yaml"), files.path("history"));
    let verdicts = || std::fs::read_dir(&folder).unwrap().count();
    // Nothing to compare with: undecided, but the first of the history.
    real.gate(1, &[&slo, "--history", &folder]).await.expect_code(2);
    assert_eq!(verdicts(), 1);
    real.gate(2, &[&slo, "--history", &folder]).await.expect_code(0);
    // The median of 100 M and 109 M.
    let ended = real.gate(3, &[&slo, "--history", &folder]).await.expect_code(1);
    assert!(ended.stdout.contains("+15.8 % of the baseline 104.5 M"), "{}", ended.stdout);
    assert_eq!(verdicts(), 3);
}

#[tokio::test]
async fn a_calendar_window_is_judged_from_its_start() {
    let real = Real::start().await;
    // The window of an hour that began 25 minutes before the end.
    let end = 2 * PART;
    let start = real.at(end - 1500);
    let local = start.replace('T', " ").replace('Z', "");
    let calendar = format!("duration: 1h, calendar: {{startTime: '{local}', timeZone: UTC}}");
    let text = answers("few", 1).replace("duration: 30d, isRolling: true", &calendar);
    let files = Files::of(&[("slo.yaml", text)]);
    let slo = files.path("slo.yaml");
    // Ten minutes are not enough; the window so far is.
    real.gate(2, &[&slo]).await.expect_code(2);
    let ended = real.gate(2, &[&slo, "--calendar", "--format", "json"]).await.expect_code(0);
    let verdict = ended.json();
    assert_eq!(verdict["window_seconds"], 1500.0);
    let since = verdict["objectives"][0]["since"].as_str().unwrap().to_owned();
    assert_eq!(since.replace("+00:00", "Z"), start);
}

#[tokio::test]
async fn a_merge_request_shows_a_sparkline() {
    let real = Real::start().await;
    let files = Files::of(&[("slo.yaml", answers_and_memory("bad"))]);
    let slo = files.path("slo.yaml");
    for format in ["markdown", "github"] {
        let ended = real.gate(3, &[&slo, "--format", format]).await.expect_code(1);
        assert!(ended.stdout.contains('▁'), "{}", ended.stdout);
    }
}
