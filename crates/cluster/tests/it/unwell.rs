//! A cluster that does not answer, or not as it should: each a sentence, in time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cluster::{ClusterStage, Connection, Options};
use slo::Clock;
use stage::Stage;

use crate::fake::Fake;

fn options() -> Options {
    Options {
        namespace: "demo".to_owned(),
        clock: Clock::Stage,
        image: "tales.local/tales:1".to_owned(),
        demo_names: false,
        own_monitoring: false,
        use_images: Vec::new(),
        prometheus_url: None,
        alertmanager_url: None,
        progress: Arc::new(|_, _, _| {}),
    }
}

async fn why(connection: &Connection) -> String {
    ClusterStage::start(connection, options()).await.err().unwrap().to_string()
}

#[tokio::test]
async fn a_server_that_is_gone_refuses_or_is_silent_is_named_in_time() {
    let fake = Fake::start().await;
    let connection = fake.connection();
    let since = Instant::now();
    *fake.unwell.lock().unwrap() = Some((401, "Unauthorized".to_owned()));
    let text = why(&connection).await;
    assert!(text.contains("401") && text.contains("log in again"), "{text}");
    *fake.unwell.lock().unwrap() = Some((503, "no endpoints available".to_owned()));
    let text = why(&connection).await;
    assert!(text.contains("no endpoints available"), "{text}");
    assert_eq!(fake.asked("GET /version").len(), 2, "nothing is asked again by itself");
    *fake.unwell.lock().unwrap() = Some((0, String::new()));
    let text = why(&connection).await;
    assert!(text.contains("did not answer within"), "{text}");
    drop(fake);
    let text = why(&connection).await;
    assert!(text.contains("cannot be reached"), "{text}");
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
}

#[tokio::test]
async fn a_stage_whose_server_dies_can_judge_no_more_and_says_why() {
    let fake = Fake::start().await;
    let stage = ClusterStage::start(&fake.connection(), options()).await.unwrap();
    *fake.unwell.lock().unwrap() = Some((401, "Unauthorized".to_owned()));
    let status = stage.status().await.unwrap();
    let died = status.backends.iter().find_map(|backend| backend.died.clone()).unwrap();
    assert!(died.contains("log in again"), "{died}");
}

#[tokio::test]
async fn the_listener_lets_only_what_reads_through_and_only_for_this_address() {
    let fake = Fake::start().await;
    let stage = ClusterStage::start(&fake.connection(), options()).await.unwrap();
    let url = stage.place().prometheus.clone().unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let code = |path: &str| {
        let request = http.get(format!("{url}{path}"));
        async move { request.send().await.unwrap().status().as_u16() }
    };
    let proxy = "/api/v1/namespaces/demo/pods/http:prometheus-tales-0:9090/proxy/api/v1/query";
    fake.put(proxy, serde_json::json!({"status": "success"}));
    assert_eq!(code("/api/v1/query?query=up").await, 200);
    for path in ["/api/v1/admin/tsdb/delete_series", "/-/quit", "/api/v1/status/config", "/"] {
        assert_eq!(code(path).await, 404, "{path}");
    }
    let rebound = http.get(format!("{url}/api/v1/query")).header("Host", "evil.example");
    assert_eq!(rebound.send().await.unwrap().status().as_u16(), 403);
    *fake.unwell.lock().unwrap() = Some((503, "no endpoints available".to_owned()));
    assert_eq!(code("/api/v1/query?query=up").await, 503);
}
