//! The line of bars in a merge request: asked for only where it is seen, and never part of the
//! verdict.

use crate::fake::{Fake, Reply, evidence};
use crate::gate;
use crate::objectives::{Files, answers};

const COURSE: &str = r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"0"],[2,"5"],[3,"7"]]}]}}"#;

async fn fake(chart: fn() -> Reply) -> Fake {
    Fake::start(move |_, path| {
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
async fn the_course_is_asked_for_where_it_is_shown_and_has_a_bounded_number_of_points() {
    let files = Files::of(&[("slo.yaml", answers("shop", 2))]);
    let slo = files.path("slo.yaml");
    for (format, shown) in
        [("markdown", true), ("github", true), ("text", false), ("junit", false), ("gitlab", false)]
    {
        let fake = fake(|| Reply::Body(200, COURSE.to_owned())).await;
        let args =
            ["--prometheus", &fake.url, "--format", format, "--last", "30d", "--clock", "real"];
        let said = gate(&[&[slo.as_str()], &args[..]].concat()).await.expect(0);
        let charts = fake.asked("query_range");
        assert_eq!(charts.len(), if shown { 2 } else { 0 }, "{format}");
        assert_eq!(said.out.contains("▁▆█"), shown, "{}", said.out);
        for chart in charts {
            let points = (number(&chart, "end") - number(&chart, "start")) / number(&chart, "step");
            assert!((58.0..60.0).contains(&points), "{points}: {chart}");
        }
    }
}

#[tokio::test]
async fn a_picture_that_fails_changes_nothing() {
    let files = Files::of(&[("slo.yaml", answers("shop", 2))]);
    let slo = files.path("slo.yaml");
    let broken: [fn() -> Reply; 3] = [
        || Reply::Body(500, "no".to_owned()),
        || Reply::Close,
        || Reply::Body(200, "{\"status\":\"success\",\"data\":{\"result\":[7]}}".to_owned()),
    ];
    for chart in broken {
        let fake = fake(chart).await;
        let said = gate(&[&slo, "--prometheus", &fake.url, "--format", "markdown"]).await.expect(0);
        assert!(said.out.contains("Gate: pass"), "{}", said.out);
        assert_eq!(fake.asked("query_range").len(), 2);
    }
}

#[tokio::test]
async fn without_a_value_there_is_nothing_to_draw() {
    let fake = Fake::start(|_, _| Reply::Body(503, String::new())).await;
    let files = Files::of(&[("slo.yaml", answers("shop", 2))]);
    let slo = files.path("slo.yaml");
    gate(&[&slo, "--prometheus", &fake.url, "--format", "markdown"]).await.expect(2);
    assert!(fake.asked("query_range").is_empty());
}
