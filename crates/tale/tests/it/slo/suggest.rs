//! A month of traffic with an experiment in it: what is proposed, and what is refused.

use std::ops::Range;
use std::path::PathBuf;

use rand::{Rng, SeedableRng, rngs::StdRng};
use slo::{Catalogue, Clock};
use testkit::history::History;
use testkit::program::Ended;
use testkit::prometheus::Prometheus;

use super::{START, moment, slo};
use crate::openslo;

const DAY: f64 = 86_400.0;
const END: f64 = START + 30.0 * DAY;
/// Everything fails for two hours on the tenth day, in an experiment.
const CHAOS: (f64, f64) = (START + 9.5 * DAY, START + 9.5 * DAY + 7_200.0);

/// Minutes with about 600 requests by day and 60 by night, of which about 4 in 10,000 fail: 99.95 %
/// allows 5.
fn month(seed: u64, gauge: bool) -> Prometheus {
    month_but(seed, gauge, 0.0..0.0)
}

/// The same, and Prometheus was down for some time.
fn month_but(seed: u64, gauge: bool, down: Range<f64>) -> Prometheus {
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let (mut good, mut bad) = (0.0, 0.0);
    let (mut goods, mut bads, mut experiments) = (Vec::new(), Vec::new(), Vec::new());
    for minute in 0..=30 * 1440 {
        let time = START + f64::from(minute) * 60.0;
        if !down.contains(&time) {
            goods.push((time, good));
            bads.push((time, bad));
        }
        let chaos = (CHAOS.0..CHAOS.1).contains(&time);
        experiments.push((time, f64::from(u8::from(chaos))));
        let day = (6..22).contains(&(minute / 60 % 24));
        let requests: f64 = if day { 600.0 } else { 60.0 };
        let failed = if chaos {
            requests
        } else {
            // Whole requests: a fraction fails by chance.
            (requests * 4e-4 * rng.random_range(0.5..1.5) + rng.random::<f64>()).floor()
        };
        good += requests - failed;
        bad += failed;
    }
    let mut history = History::new();
    history.series(r#"http_requests_total{job="shop",code="200"}"#, goods);
    history.series(r#"http_requests_total{job="shop",code="500"}"#, bads);
    if gauge {
        let series = r#"chaos_controller_manager_chaos_experiments{namespace="default",kind="NetworkChaos",phase="Running"}"#;
        history.series(series, experiments);
    }
    Prometheus::with(&history)
}

/// The file of the objectives, in a folder that lives as long as the test.
fn objectives() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.yaml");
    let bad = r#"http_requests_total{job="shop",code="500"}"#;
    let total = r#"http_requests_total{job="shop"}"#;
    let text = openslo::ratio("availability", "7d", bad, total, "[{target: 0.5}]");
    std::fs::write(&file, text).unwrap();
    (folder, file)
}

async fn suggest(prometheus: &Prometheus, until: f64, args: &[&str]) -> Ended {
    let (_folder, file) = objectives();
    let file = file.to_str().unwrap().to_owned();
    slo("suggest", prometheus, until, &[&[file.as_str()], args].concat()).await
}

#[tokio::test]
async fn a_month_of_traffic_gives_openslo_that_can_be_loaded_and_compiled() {
    let prometheus = month(1, true);
    let ended = suggest(&prometheus, END, &[]).await;
    println!("{ended}");
    assert_eq!(ended.code, Some(0), "{ended}");
    let catalogue = Catalogue::load(&[("suggested.yaml", &ended.stdout)]).unwrap();
    let slo = &catalogue.slos[0];
    assert_eq!(slo.objectives[0].target.to_string(), "0.9995");
    assert_eq!((slo.service.as_str(), slo.metadata.name.as_str()), ("shop", "availability"));
    assert!(slo.metadata.annotations["tales.dev/history"].starts_with("2025-01-01T00:00:00Z"));
    slo::compile(&catalogue, Clock::Real).unwrap();

    // The chaos that the gauge shows is left out, and both numbers are there.
    let found = &suggest(&prometheus, END, &["--format", "json"]).await.json()[0]["suggestion"];
    let number = |key: &str| found[key].as_f64().unwrap();
    assert!(number("observed") > 0.9985, "{found}");
    assert!(number("observed_with_experiments") < 0.998, "{found}");
    assert!(number("excluded") >= 24.0, "{found}");
}

#[tokio::test]
async fn an_experiment_that_nobody_declares_costs_the_target_and_one_that_is_excluded_does_not() {
    let prometheus = month(2, false);
    let target = async |args: &[&str]| {
        let ended = suggest(&prometheus, END, &[&["--format", "json"], args].concat()).await;
        let target = &ended.json()[0]["suggestion"]["target"];
        target.as_str().unwrap().parse::<f64>().unwrap()
    };
    assert!(target(&[]).await < 0.995);
    let window = format!("{}..{}", moment(CHAOS.0), moment(CHAOS.1));
    assert_eq!(target(&["--exclude", &window]).await, 0.9995);
}

#[tokio::test]
async fn days_without_data_are_counted_and_do_not_lengthen_the_history() {
    let down = START + 8.0 * DAY..START + 28.0 * DAY;
    let prometheus = month_but(4, false, down);
    let found = suggest(&prometheus, END, &["--format", "json", "--window", "3d"]).await.json();
    let without_data = found[0]["suggestion"]["without_data"].as_f64().unwrap();
    assert!((without_data - 20.0 * 288.0).abs() <= 2.0, "{found}");
    // Ten days are left, which is less than one and a half weeks.
    let ended = suggest(&prometheus, END, &[]).await;
    assert_eq!(ended.code, Some(2), "{ended}");
    assert!(ended.stdout.contains("the history is 1.4 windows long"), "{ended}");
}

#[tokio::test]
async fn too_little_history_is_refused_with_the_reason() {
    let prometheus = month(3, false);
    for format in ["yaml", "text", "json", "markdown"] {
        let ended = suggest(&prometheus, START + 8.0 * DAY, &["--format", format]).await;
        assert_eq!(ended.code, Some(2), "{ended}");
        assert!(
            ended.stdout.contains("the history is 1.1 windows long, 1.5 are needed"),
            "{ended}"
        );
    }
    let shorter = suggest(&prometheus, START + 8.0 * DAY, &["--window", "3d"]).await;
    assert_eq!(shorter.code, Some(0), "{shorter}");
    let wrong = suggest(&prometheus, END, &["--exclude", "yesterday"]).await;
    assert_eq!(wrong.code, Some(2), "{wrong}");
    assert!(wrong.stderr.contains("--exclude yesterday: write 2026-"), "{wrong}");
}
