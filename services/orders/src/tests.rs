//! What `orders` promises. Hostile input has its own files in `tests/`, and so has JSON-RPC.

use std::sync::Arc;

use instrument::{Env, Service};
use prometheus::Registry;
use rocket::futures::future::{FutureExt, join_all};
use rocket::http::Status;
use rocket::local::asynchronous::{Client, LocalResponse};
use rocket::tokio::io::{AsyncBufReadExt, BufReader};
use rocket::tokio::time::{Duration, timeout};
use serde_json::{Value, json};

use crate::metrics::Metrics;
use crate::work::{Mode, Work};

/// How long anything may take before a test gives up. Far more than it takes.
const PATIENCE: Duration = Duration::from_secs(20);

async fn clients<const N: usize>(settings: [(&str, &str); N]) -> (Client, Client, Registry) {
    let mut service = Service::new("orders", Env::of(settings)).unwrap();
    let rocket = crate::build(&mut service).unwrap();
    let registry = service.registry.clone();
    let business = Client::untracked(rocket).await.unwrap();
    let admin = Client::untracked(service.into_admin()).await.unwrap();
    (business, admin, registry)
}

fn work<const N: usize>(settings: [(&str, &str); N]) -> (Arc<Work>, Registry) {
    let service = Service::new("orders", Env::of(settings)).unwrap();
    let metrics = Metrics::register(&service.registry).unwrap();
    let work = Work::new(&service, metrics).unwrap();
    (Arc::new(work), service.registry)
}

/// The value of a series, written as on `/metrics`.
fn value(registry: &Registry, series: &str) -> f64 {
    let text = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
    let value =
        text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok());
    value.unwrap_or_else(|| panic!("no {series} in {text}"))
}

async fn answer(client: &Client, path: &'static str) -> (Status, Value) {
    let answer = client.get(path).dispatch().await;
    let status = answer.status();
    let text = answer.into_string().await.unwrap_or_default();
    (status, serde_json::from_str(&text).unwrap_or_default())
}

async fn order<'c>(client: &'c Client, body: &str) -> LocalResponse<'c> {
    client.post("/orders").body(body).dispatch().await
}

#[rocket::async_test]
async fn an_order_is_priced_kept_and_found_again() {
    let (client, _, _) = clients([("WORK_UNITS", "1")]).await;
    let (status, tea) = answer(&client, "/orders/price/tea").await;
    assert_eq!((status, &tea["item"]), (Status::Ok, &json!("tea")));
    let cents = tea["cents"].as_u64().unwrap();
    assert!((100..=10_000).contains(&cents), "{cents}");

    let created = order(&client, r#"{"item": "tea", "quantity": 3}"#).await;
    assert_eq!(created.status(), Status::Created);
    assert_eq!(created.headers().get_one("location"), Some("/orders/0"));
    let expected = json!({"id": 0, "item": "tea", "quantity": 3, "cents": 3 * cents});
    assert_eq!(created.into_json::<Value>().await.unwrap(), expected);
    assert_eq!(answer(&client, "/orders/0").await, (Status::Ok, expected));
    assert_eq!(answer(&client, "/orders/1").await.0, Status::NotFound);
}

#[rocket::async_test]
async fn the_oldest_order_makes_room_for_a_new_one_and_is_counted() {
    let (client, _, registry) = clients([("WORK_UNITS", "1"), ("ORDERS_MAX", "2")]).await;
    for _ in 0..3 {
        order(&client, r#"{"item": "tea", "quantity": 1}"#).await;
    }
    let statuses =
        join_all(["/orders/0", "/orders/1", "/orders/2"].map(|path| answer(&client, path)));
    let statuses: Vec<Status> = statuses.await.into_iter().map(|(status, _)| status).collect();
    assert_eq!(statuses, [Status::NotFound, Status::Ok, Status::Ok]);
    assert_eq!(value(&registry, "orders_evicted_total"), 1.0);
}

#[rocket::async_test]
async fn what_is_not_an_order_is_refused_in_one_line_and_nothing_is_kept() {
    let (client, _, _) = clients([("WORK_UNITS", "1")]).await;
    let deep = "[".repeat(10_000);
    let long = format!(r#"{{"item": "tea", "quantity": 1}}{}"#, " ".repeat(64 << 10));
    let long_name = format!(r#"{{"item": "{}", "quantity": 1}}"#, "x".repeat(33));
    for (body, status) in [
        ("", 400),
        ("tea", 400),
        (r#"{"item": "tea", "quantity": 1"#, 400),
        (r#"{"item": "\ud800", "quantity": 1}"#, 400),
        (&deep, 400),
        (r#"["tea", 1]"#, 422),
        ("null", 422),
        (r#"{"item": "tea"}"#, 422),
        (r#"{"item": "tea", "quantity": 0}"#, 422),
        (r#"{"item": "tea", "quantity": -1}"#, 422),
        (r#"{"item": "tea", "quantity": 1.5}"#, 422),
        (r#"{"item": "tea", "quantity": "1"}"#, 422),
        (r#"{"item": "tea", "quantity": 65536}"#, 422),
        (r#"{"item": "tea", "item": "cake", "quantity": 1}"#, 422),
        (r#"{"item": "tea", "quantity": 1, "cents": 0}"#, 422),
        (r#"{"item": "Tea!", "quantity": 1}"#, 422),
        (r#"{"item": "", "quantity": 1}"#, 422),
        (&long_name, 422),
        (&long, 413),
    ] {
        let shown: String = body.chars().take(60).collect();
        let refused = order(&client, body).await;
        assert_eq!(refused.status().code, status, "{shown}");
        let why = refused.into_string().await.unwrap();
        assert!(why.lines().count() == 1 && why.len() > 5, "{shown}: {why}");
    }
    let not_text = client.post("/orders").body([0xff, 0xfe]).dispatch().await;
    assert_eq!(not_text.status(), Status::BadRequest);
    assert_eq!(answer(&client, "/orders/0").await.0, Status::NotFound);
    for path in ["/orders/price/T%C3%A9", "/orders/price/%ff", "/orders/-1", "/orders/x"] {
        assert_eq!(answer(&client, path).await.0, Status::UnprocessableEntity, "{path}");
    }
}

#[rocket::async_test]
async fn the_same_item_has_the_same_price_in_every_mode_and_every_price_is_timed() {
    let mut prices = Vec::new();
    for mode in ["inline", "thread-per-request", "bounded"] {
        let (work, registry) = work([("WORK_UNITS", "2"), ("WORK_MODE", mode)]);
        prices.push(work.price("tea").await.unwrap());
        assert_eq!(value(&registry, "orders_work_seconds_count"), 1.0, "{mode}");
        assert_ne!(work.price("cake").await.unwrap(), prices[0], "{mode}");
    }
    assert!(prices.iter().all(|price| *price == prices[0]), "{prices:?}");
}

#[rocket::async_test]
async fn only_inline_work_keeps_its_thread_from_everybody_else() {
    for (mode, blocks) in [("inline", true), ("thread-per-request", false), ("bounded", false)] {
        let (work, _) = work([("WORK_UNITS", "2000"), ("WORK_MODE", mode)]);
        // A future that is ready when it is first asked never gave its thread away. So much work
        // that no other thread is done with it by then.
        let ready = work.price("tea").now_or_never().is_some();
        assert_eq!(ready, blocks, "{mode}");
    }
}

#[rocket::async_test]
async fn only_a_thread_per_request_has_room_for_all_of_them() {
    // One worker and no queue: bounded work would refuse all but one.
    for (mode, refusals) in [("thread-per-request", 0), ("bounded", 19)] {
        let settings = [
            ("WORK_UNITS", "500"),
            ("WORK_WORKERS", "1"),
            ("WORK_QUEUE", "0"),
            ("WORK_MODE", mode),
        ];
        let (work, _) = work(settings);
        let prices = join_all((0..20).map(|_| work.price("tea")));
        let prices = timeout(PATIENCE, prices).await.unwrap();
        let refused = prices.iter().filter(|price| price.is_err()).count();
        assert_eq!(refused, refusals, "{mode}");
    }
}

#[rocket::async_test]
async fn bounded_work_refuses_what_neither_a_worker_nor_the_queue_has_room_for() {
    // So much work that none is done before all have been asked.
    let settings = [("WORK_UNITS", "500"), ("WORK_WORKERS", "1"), ("WORK_QUEUE", "2")];
    let (work, registry) = work(settings);
    let prices =
        timeout(PATIENCE, join_all(["a", "b", "c", "d", "e"].map(|item| work.price(item))));
    let refused: Vec<bool> = prices.await.unwrap().iter().map(Result::is_err).collect();
    assert_eq!(refused, [false, false, false, true, true]);
    assert_eq!(value(&registry, "orders_rejected_total"), 2.0);
    assert_eq!(value(&registry, "orders_work_waiting"), 0.0);
    assert!(work.price("a").await.is_ok(), "there is room again");
}

#[rocket::async_test]
async fn a_refused_request_says_when_to_come_back() {
    let settings = [("WORK_UNITS", "500"), ("WORK_WORKERS", "1"), ("WORK_QUEUE", "0")];
    let (client, _, registry) = clients(settings).await;
    let call =
        r#"{"jsonrpc": "2.0", "method": "orders.price", "params": {"item": "tea"}, "id": 1}"#;
    let (first, rest, rpc) = rocket::tokio::join!(
        client.get("/orders/price/tea").dispatch(),
        client.get("/orders/price/tea").dispatch(),
        client.post("/rpc").body(call).dispatch(),
    );
    assert_eq!(first.status(), Status::Ok);
    for refused in [rest, rpc] {
        assert_eq!(refused.status(), Status::ServiceUnavailable);
        assert_eq!(refused.headers().get_one("retry-after"), Some("1"));
    }
    let series = r#"orders_rpc_requests_total{code="-32000",method="orders.price"}"#;
    assert_eq!(value(&registry, series), 1.0);
}

#[rocket::async_test]
async fn a_mode_that_is_a_bug_shows_and_can_be_switched_off_while_the_service_runs() {
    let (_, admin, registry) = clients([("WORK_MODE", "thread-per-request")]).await;
    let series = r#"fault_active{fault="work_thread_per_request"}"#;
    assert_eq!(value(&registry, series), 1.0);
    assert_eq!(answer(&admin, "/work").await.1, json!({"mode": "thread-per-request"}));
    let off = admin.put("/work").body(r#"{"mode": "bounded"}"#).dispatch().await;
    assert_eq!(off.status(), Status::Ok);
    assert_eq!(value(&registry, series), 0.0);
    let wrong = admin.put("/work").body(r#"{"mode": "turbo"}"#).dispatch().await;
    assert_eq!(wrong.status(), Status::UnprocessableEntity);
    assert_eq!(answer(&admin, "/work").await.1, json!({"mode": "bounded"}));
    assert_eq!(Mode::FAULTS.len(), 2);
}

#[rocket::async_test]
async fn wrong_settings_are_refused_with_name_and_remedy() {
    for (name, value, remedy) in [
        ("WORK_MODE", "turbo", "inline, thread-per-request, bounded"),
        ("WORK_UNITS", "0", "1 to 65535"),
        ("WORK_WORKERS", "0", "1 to 65535"),
        ("WORK_QUEUE", "-1", "0 to 65535"),
        ("ORDERS_MAX", "many", "1 to 65535"),
    ] {
        let mut service = Service::new("orders", Env::of([(name, value)])).unwrap();
        let error = crate::build(&mut service).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(remedy), "{error}");
    }
}

/// The next line of a stream that begins like this.
async fn line(lines: &mut (impl AsyncBufReadExt + Unpin), start: &str) -> String {
    let wanted = async {
        loop {
            let mut line = String::new();
            assert_ne!(lines.read_line(&mut line).await.unwrap(), 0, "the stream ended");
            if line.starts_with(start) {
                return line;
            }
        }
    };
    timeout(PATIENCE, wanted).await.unwrap()
}

#[rocket::async_test]
async fn a_watcher_gets_every_order_and_a_slow_one_learns_how_many_it_missed() {
    let (client, _, registry) = clients([("WORK_UNITS", "1")]).await;
    let mut fast = BufReader::new(client.get("/orders/watch").dispatch().await);
    let mut slow = BufReader::new(client.get("/orders/watch").dispatch().await);
    assert_eq!(value(&registry, "rocket_http_streams_open"), 2.0);
    for watcher in [&mut fast, &mut slow] {
        line(watcher, ":").await; // the heartbeat that opens the stream
    }
    for id in 0..70 {
        order(&client, r#"{"item": "tea", "quantity": 1}"#).await;
        assert_eq!(line(&mut fast, "event").await, "event:order\n");
        let data = line(&mut fast, "data").await;
        assert!(data.contains(&format!(r#""id":{id},"#)), "{data}");
    }
    assert_eq!(line(&mut slow, "event").await, "event:missed\n");
    assert_eq!(line(&mut slow, "data").await, "data:6\n");
    assert_eq!(line(&mut slow, "event").await, "event:order\n");
    assert!(line(&mut slow, "data").await.contains(r#""id":6,"#));
    drop((fast, slow));
    assert_eq!(value(&registry, "rocket_http_streams_open"), 0.0);
}

#[rocket::async_test]
async fn there_is_a_limit_to_watchers_and_those_who_leave_make_room() {
    let (client, _, _) = clients([]).await;
    let mut watchers = Vec::new();
    for _ in 0..crate::watch::WATCHERS_MAX {
        watchers.push(client.get("/orders/watch").dispatch().await);
    }
    let refused = client.get("/orders/watch").dispatch().await;
    assert_eq!(refused.status(), Status::ServiceUnavailable);
    watchers.pop();
    let accepted = client.get("/orders/watch").dispatch().await;
    assert_eq!(accepted.status(), Status::Ok);
}
