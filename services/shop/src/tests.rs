//! What `shop` promises, with an `orders` that a test can break. How the traces of both join is in
//! `tests/`.

use instrument::{Env, Service};
use prometheus::Registry;
use rocket::http::Status;
use rocket::local::asynchronous::Client;
use rocket::tokio::io::{AsyncReadExt, AsyncWriteExt};
use rocket::tokio::net::TcpListener;
use rocket::tokio::spawn;
use rocket::tokio::time::{Duration, timeout};
use serde_json::{Value, json};

use crate::RELEASE_HEADER;
use crate::metrics::PRICES_TOTAL;

/// How long anything may take before a test gives up. Far more than it takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// An `orders` that reads a request and answers with these bytes, or with silence; the URL it
/// listens at.
async fn orders(answer: Option<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    spawn(async move {
        let mut silent = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            match answer {
                Some(answer) => drop(stream.write_all(answer.as_bytes()).await),
                None => silent.push(stream),
            }
        }
    });
    url
}

fn http(status: &str, body: &str) -> &'static str {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
        .leak()
}

async fn shop<const N: usize>(settings: [(&str, &str); N]) -> (Client, Registry) {
    let mut service = Service::new("shop", Env::of(settings)).unwrap();
    let rocket = crate::build(&mut service).unwrap();
    (Client::untracked(rocket).await.unwrap(), service.registry)
}

async fn ask(client: &Client, path: &str) -> (Status, String) {
    let answer = timeout(PATIENCE, client.get(path).dispatch()).await.unwrap();
    (answer.status(), answer.into_string().await.unwrap_or_default())
}

/// Prices counted under a result.
fn prices(registry: &Registry, result: &str) -> f64 {
    let families = registry.gather();
    let family = families.iter().find(|family| family.name() == PRICES_TOTAL);
    let metrics = family.unwrap().get_metric();
    let metric = metrics.iter().find(|metric| metric.get_label()[0].value() == result);
    metric.unwrap().get_counter().get_value()
}

#[rocket::async_test]
async fn a_price_comes_from_orders_with_the_release_that_offers_it() {
    let url = orders(Some(http("200 OK", r#"{"item": "tea", "cents": 420}"#))).await;
    let (client, registry) = shop([("ORDERS_URL", &url), ("VERSION", "2.0")]).await;
    let (status, offer) = ask(&client, "/price/tea").await;
    assert_eq!(status, Status::Ok);
    let offer: Value = serde_json::from_str(&offer).unwrap();
    assert_eq!(offer, json!({"item": "tea", "cents": 420, "version": "2.0"}));
    assert_eq!(prices(&registry, "ok"), 1.0);
}

#[rocket::async_test]
async fn a_release_has_its_own_prices_and_every_answer_says_which_release_it_is_from() {
    let url = orders(Some(http("200 OK", r#"{"item": "tea", "cents": 420}"#))).await;
    let settings = [("ORDERS_URL", url.as_str()), ("VERSION", "v2"), ("PRICE_PERCENT", "110")];
    let (client, _) = shop(settings).await;
    let answer = client.get("/price/tea").dispatch().await;
    assert_eq!(answer.headers().get_one(RELEASE_HEADER), Some("v2"));
    let offer: Value = answer.into_json().await.unwrap();
    assert_eq!(offer["cents"], 462);
    let answer = client.get("/nothing").dispatch().await;
    assert_eq!(answer.headers().get_one(RELEASE_HEADER), Some("v2"));
}

#[rocket::async_test]
async fn what_is_wrong_with_orders_is_said_in_one_line_and_counted() {
    for (answer, status, result) in [
        (http("404 Not Found", ""), Status::NotFound, "not_found"),
        (http("422 Unprocessable Entity", ""), Status::NotFound, "not_found"),
        (http("500 Internal Server Error", ""), Status::BadGateway, "failed"),
        (http("503 Service Unavailable", "busy"), Status::BadGateway, "failed"),
        (http("302 Found", ""), Status::BadGateway, "failed"),
        (http("200 OK", "no JSON"), Status::BadGateway, "failed"),
        (http("200 OK", r#"{"item": "tea"}"#), Status::BadGateway, "failed"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{", Status::BadGateway, "failed"),
        ("", Status::BadGateway, "failed"),
        ("SSH-2.0-OpenSSH\r\n", Status::BadGateway, "failed"),
    ] {
        let url = orders(Some(answer)).await;
        let (client, registry) = shop([("ORDERS_URL", &url)]).await;
        for known in crate::metrics::Outcome::ALL {
            assert_eq!(prices(&registry, known.as_str()), 0.0, "exists from the start");
        }
        let (found, why) = ask(&client, "/price/tea").await;
        assert_eq!(found, status, "{answer}: {why}");
        assert_eq!(why.lines().count(), 1, "{answer}: {why}");
        assert_eq!(prices(&registry, result), 1.0, "{answer}");
    }
}

#[rocket::async_test]
async fn an_orders_that_says_nothing_is_a_gateway_timeout() {
    let url = orders(None).await;
    let (client, registry) = shop([("ORDERS_URL", &url), ("ORDERS_TIMEOUT_MS", "50")]).await;
    assert_eq!(ask(&client, "/price/tea").await.0, Status::GatewayTimeout);
    assert_eq!(prices(&registry, "timeout"), 1.0);
}

#[rocket::async_test]
async fn an_orders_that_is_not_there_or_has_no_name_is_a_bad_gateway() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refused = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    for url in [refused.as_str(), "http://orders"] {
        let settings = [("ORDERS_URL", url), ("RESOLV_CONF", "/nonexistent/resolv.conf")];
        let (client, registry) = shop(settings).await;
        assert_eq!(ask(&client, "/price/tea").await.0, Status::BadGateway, "{url}");
        assert_eq!(prices(&registry, "failed"), 1.0);
    }
}

#[rocket::async_test]
async fn the_pages_that_need_nobody_work_when_orders_is_gone() {
    let settings = [("RESOLV_CONF", "/nonexistent/resolv.conf"), ("VERSION", "<1.5>")];
    let (client, _) = shop(settings).await;
    assert_eq!(ask(&client, "/version").await, (Status::Ok, "<1.5>\n".to_owned()));
    let (status, page) = ask(&client, "/").await;
    assert_eq!(status, Status::Ok);
    assert!(page.contains("Release &lt;1.5&gt;") && page.contains("/price/tea"), "{page}");
    let (client, _) = shop([]).await;
    let version = format!("{}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(ask(&client, "/version").await.1, version);
}

#[rocket::async_test]
async fn whatever_a_customer_writes_stays_one_segment_of_the_path_to_orders() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (client, _) = shop([("ORDERS_URL", &url)]).await;
    for (written, asked) in [
        ("tea", "/orders/price/tea"),
        ("a%2Fb", "/orders/price/a%2Fb"),
        ("..%2F..%2F0", "/orders/price/..%2F..%2F0"),
        ("tea%3Fx=1%23y", "/orders/price/tea%3Fx%3D1%23y"),
        ("tea%20HTTP%2F1.1%0d%0aX:%20y", "/orders/price/tea%20HTTP%2F1.1%0D%0AX:%20y"),
        ("%C3%A9", "/orders/price/%C3%A9"),
    ] {
        let heard = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.unwrap();
            let answer = http("404 Not Found", "");
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        };
        let path = format!("/price/{written}");
        let both = async { rocket::tokio::join!(ask(&client, &path), heard) };
        let (_, request) = timeout(PATIENCE, both).await.unwrap();
        let line = request.lines().next().unwrap();
        assert_eq!(line, format!("GET {asked} HTTP/1.1"), "{written}");
    }
}

#[rocket::async_test]
async fn wrong_settings_are_refused_with_name_and_remedy() {
    for (name, value, remedy) in [
        ("ORDERS_URL", "orders", "http://orders:8000"),
        ("ORDERS_URL", "https://orders", "http://orders:8000"),
        ("ORDERS_URL", "http://orders/api", "http://orders:8000"),
        ("ORDERS_URL", "http://orders?x", "http://orders:8000"),
        ("ORDERS_TIMEOUT_MS", "0", "1 to 65535"),
        ("ORDERS_TIMEOUT_MS", "1s", "milliseconds"),
        ("ORDERS_CONNECT_TIMEOUT_MS", "-1", "1 to 65535"),
    ] {
        let mut service = Service::new("shop", Env::of([(name, value)])).unwrap();
        let error = crate::build(&mut service).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(remedy), "{error}");
    }
}
