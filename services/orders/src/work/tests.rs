//! Who waits, in each mode.

use std::sync::Arc;

use instrument::{Env, Service};
use prometheus::Registry;
use rocket::futures::future::{FutureExt, join_all};
use rocket::http::Status;
use rocket::tokio::time::timeout;
use serde_json::json;

use super::{Mode, Work};
use crate::tests::{PATIENCE, answer, clients, value};

fn work<const N: usize>(settings: [(&str, &str); N]) -> (Arc<Work>, Registry) {
    let service = Service::new("orders", Env::of(settings)).unwrap();
    let work = Work::new(&service).unwrap();
    (Arc::new(work), service.registry)
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
