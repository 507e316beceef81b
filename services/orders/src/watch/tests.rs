//! What watchers get, and what those who do not read cost.

use std::sync::Arc;

use instrument::{Env, Service};
use prometheus::Registry;
use rocket::futures::future::FutureExt;
use rocket::http::Status;
use rocket::tokio::io::{AsyncBufReadExt, BufReader};
use rocket::tokio::time::timeout;
use serde_json::{Value, from_str, json};

use super::seats::{BEHIND_MAX, Mode, Seat, Watchers};
use crate::tests::{PATIENCE, answer, clients, order, value};

fn watchers<const N: usize>(settings: [(&str, &str); N]) -> (Arc<Watchers>, Registry) {
    let service = Service::new("orders", Env::of(settings)).unwrap();
    (Arc::new(Watchers::new(&service).unwrap()), service.registry)
}

/// The orders that wait, without waiting for more.
fn read(seat: &Seat) -> Vec<Value> {
    let next = || seat.next().now_or_never().flatten();
    std::iter::from_fn(next).map(|order| from_str(&order).unwrap()).collect()
}

#[test]
fn each_watcher_gets_every_order_in_order() {
    let (watchers, registry) = watchers([]);
    let seats = [(); 2].map(|()| Watchers::sit(&watchers).unwrap());
    assert_eq!(value(&registry, "orders_watchers"), 2.0);
    watchers.publish(&json!("tea"));
    watchers.publish(&json!("cake"));
    assert!(value(&registry, "orders_watch_waiting_bytes") > 2.0 * "\"tea\"\"cake\"".len() as f64);
    for seat in &seats {
        assert_eq!(read(seat), [json!("tea"), json!("cake")]);
    }
    assert_eq!(value(&registry, "orders_watch_waiting_bytes"), 0.0);
    drop(seats);
    assert_eq!(value(&registry, "orders_watchers"), 0.0);
}

#[test]
fn a_watcher_that_never_reads_is_dropped_and_the_others_go_on() {
    let (watchers, registry) = watchers([("WATCHERS_MAX", "2")]);
    let [slow, fast] = [(); 2].map(|()| Watchers::sit(&watchers).unwrap());
    for order in 0..=BEHIND_MAX {
        assert!(!slow.was_dropped(), "{order}");
        watchers.publish(&json!(order));
        assert_eq!(read(&fast), [json!(order)]);
    }
    assert!(slow.was_dropped() && !fast.was_dropped());
    assert_eq!(value(&registry, "orders_watchers_dropped_total"), 1.0);
    assert_eq!(value(&registry, "orders_watch_waiting_bytes"), 0.0, "its orders went with it");
    assert!(Watchers::sit(&watchers).is_ok(), "its seat is free, though its stream is still open");
    drop(slow);
    assert_eq!(value(&registry, "orders_watchers"), 1.0);
}

#[test]
fn with_the_bug_what_is_not_read_is_kept_until_the_budget_is_spent() {
    let (watchers, registry) =
        watchers([("WATCH_QUEUE", "unbounded"), ("WATCH_BUDGET_BYTES", "100000")]);
    assert_eq!(value(&registry, r#"fault_active{fault="watch_unbounded"}"#), 1.0);
    let never_reads = Watchers::sit(&watchers).unwrap();
    let mut waiting = Vec::new();
    for order in 0..10_000 {
        watchers.publish(&json!(order));
        waiting.push(value(&registry, "orders_watch_waiting_bytes"));
    }
    assert!(waiting[BEHIND_MAX + 1] > waiting[BEHIND_MAX], "it goes on where bounded queues end");
    let most = waiting.iter().copied().fold(0.0, f64::max);
    assert!((90_000.0..=100_000.0).contains(&most), "{most}");
    assert_eq!(value(&registry, "orders_watch_budget_exhausted"), 1.0);
    assert_eq!(value(&registry, "orders_watchers_dropped_total"), 0.0);

    watchers.switch(Mode::Bounded);
    assert!(never_reads.was_dropped(), "the fix drops who is too far behind");
    assert_eq!(value(&registry, "orders_watch_waiting_bytes"), 0.0);
    assert_eq!(value(&registry, "orders_watch_budget_exhausted"), 0.0);
    assert_eq!(value(&registry, r#"fault_active{fault="watch_unbounded"}"#), 0.0);
}

#[test]
fn only_without_bounds_is_there_always_one_more_seat() {
    for (queue, more) in [("bounded", false), ("unbounded", true)] {
        let (watchers, _) = watchers([("WATCH_QUEUE", queue), ("WATCHERS_MAX", "3")]);
        let seats = [(); 3].map(|()| Watchers::sit(&watchers).unwrap());
        assert_eq!(Watchers::sit(&watchers).is_ok(), more, "{queue}");
        drop(seats);
        assert!(Watchers::sit(&watchers).is_ok(), "who leaves makes room");
    }
}

#[rocket::async_test]
async fn a_watcher_reads_orders_as_events_and_a_slow_one_is_told_that_it_was_dropped() {
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
    assert_eq!(line(&mut slow, "event").await, "event:dropped\n");
    assert!(line(&mut slow, "data").await.contains("open the stream again"));
    drop((fast, slow));
    assert_eq!(value(&registry, "rocket_http_streams_open"), 0.0);
}

#[rocket::async_test]
async fn the_bug_is_off_and_can_be_switched_while_the_service_runs() {
    let (client, admin, registry) = clients([("WATCHERS_MAX", "1")]).await;
    let fault = r#"fault_active{fault="watch_unbounded"}"#;
    assert_eq!(answer(&admin, "/watch").await.1, json!({"queue": "bounded"}));
    assert_eq!(value(&registry, fault), 0.0);
    let _only = client.get("/orders/watch").dispatch().await;
    let refused = client.get("/orders/watch").dispatch().await;
    assert_eq!(refused.status(), Status::ServiceUnavailable);
    assert_eq!(refused.headers().get_one("retry-after"), Some("1"));
    let on = admin.put("/watch").body(r#"{"queue": "unbounded"}"#).dispatch().await;
    assert_eq!(on.status(), Status::Ok);
    assert_eq!(value(&registry, fault), 1.0);
    assert_eq!(client.get("/orders/watch").dispatch().await.status(), Status::Ok);
    let wrong = admin.put("/watch").body(r#"{"queue": "endless"}"#).dispatch().await;
    assert_eq!(wrong.status(), Status::UnprocessableEntity);
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
