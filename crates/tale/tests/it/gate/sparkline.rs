//! The line of bars in a merge request: queried only where it is shown, and never part of the
//! verdict.

use super::{FakePrometheus, Files, Reply, answers, evidence, gate};

const RANGE: &str = r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"0"],[2,"5"],[3,"7"]]}]}}"#;

async fn fake(chart: fn() -> Reply) -> FakePrometheus {
    FakePrometheus::start(move |_, path| {
        if path.starts_with("/api/v1/query_range?") {
            chart()
        } else {
            Reply::Body(200, evidence("0", "10000"))
        }
    })
    .await
}

fn number(path: &str, key: &str) -> f64 {
    let (_, rest) = path.split_once(&format!("&{key}=")).unwrap();
    rest.split('&').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_sparkline_is_queried_only_where_it_is_shown_and_has_a_bounded_number_of_points() {
    let files = Files::of(&[("slo.yaml", answers("shop", 2))]);
    let slo = files.path("slo.yaml");
    for (format, shown) in
        [("markdown", true), ("github", true), ("text", false), ("junit", false), ("gitlab", false)]
    {
        let fake = fake(|| Reply::Body(200, RANGE.to_owned())).await;
        let args =
            ["--prometheus", &fake.url, "--format", format, "--last", "30d", "--clock", "real"];
        let ended = gate(&[&[slo.as_str()], &args[..]].concat()).await.expect_code(0);
        let charts = fake.requests("query_range");
        assert_eq!(charts.len(), if shown { 2 } else { 0 }, "{format}");
        assert_eq!(ended.stdout.contains("▁▆█"), shown, "{}", ended.stdout);
        for chart in charts {
            let points = (number(&chart, "end") - number(&chart, "start")) / number(&chart, "step");
            assert!((58.0..60.0).contains(&points), "{points}: {chart}");
        }
    }
}

#[tokio::test]
async fn a_sparkline_that_fails_changes_nothing() {
    let files = Files::of(&[("slo.yaml", answers("shop", 2))]);
    let slo = files.path("slo.yaml");
    let broken: [fn() -> Reply; 3] = [
        || Reply::Body(500, "no".to_owned()),
        || Reply::Close,
        || Reply::Body(200, "{\"status\":\"success\",\"data\":{\"result\":[7]}}".to_owned()),
    ];
    for chart in broken {
        let fake = fake(chart).await;
        let ended =
            gate(&[&slo, "--prometheus", &fake.url, "--format", "markdown"]).await.expect_code(0);
        assert!(ended.stdout.contains("Gate: pass"), "{}", ended.stdout);
        assert_eq!(fake.requests("query_range").len(), 2);
    }
}

#[tokio::test]
async fn without_a_value_no_sparkline_is_queried() {
    let fake = FakePrometheus::start(|_, _| Reply::Body(503, String::new())).await;
    let files = Files::of(&[("slo.yaml", answers("shop", 2))]);
    let slo = files.path("slo.yaml");
    gate(&[&slo, "--prometheus", &fake.url, "--format", "markdown"]).await.expect_code(2);
    assert!(fake.requests("query_range").is_empty());
}
