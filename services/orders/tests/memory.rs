//! Hostile requests leave no memory behind. One test, because two at once would count each other's.
#![allow(clippy::unwrap_used, reason = "a test has nobody to return an error to")]

use instrument::memory::allocated_bytes;
use instrument::{Env, Service};
use rocket::local::blocking::Client;

/// Bytes by which 10,000 hostile requests may make the service grow. The store is full before it is
/// measured.
const GROWTH_MAX: usize = 1 << 20;

#[test]
fn ten_thousand_hostile_requests_leave_nothing_behind() {
    let settings = [("WORK_UNITS", "1"), ("ORDERS_MAX", "100")];
    let mut service = Service::new("orders", Env::of(settings)).unwrap();
    let client = Client::untracked(orders::build(&mut service).unwrap()).unwrap();
    let call = r#"{"jsonrpc": "2.0", "method": "orders.create", "params": {"item": "tea", "quantity": 1}, "id": 1}"#;
    let hostile: Vec<(Vec<u8>, u16)> = [
        (call.to_owned(), 200),
        (format!("[{}]", [call; 3].join(",")), 200),
        (r#"{"jsonrpc": "2.0", "method": "made.up", "id": 1}"#.to_owned(), 200),
        (r#"{"jsonrpc": "2.0", "method": "made.up"}"#.to_owned(), 204),
        (
            r#"{"jsonrpc": "2.0", "method": "orders.get", "params": {"id": -1}, "id": 1}"#
                .to_owned(),
            200,
        ),
        (r#"{"jsonrpc": "2.0", "method": "\ud800", "id": 1}"#.to_owned(), 400),
        (r#"{"jsonrpc": "2.0", "jsonrpc": "2.0", "method": "x", "id": 1}"#.to_owned(), 400),
        ("[".repeat(60_000), 400),
        (format!("[{}]", vec!["1"; 1000].join(",")), 400),
        (format!("\"{}\"", "x".repeat(60_000)), 400),
        (" ".repeat(70_000), 413),
    ]
    .into_iter()
    .map(|(body, status)| (body.into_bytes(), status))
    .chain([(vec![0xff, 0xfe, b'"'], 400), (Vec::new(), 400)])
    .collect();
    let send = |requests: usize| {
        for (body, status) in hostile.iter().cycle().take(requests) {
            let answer = client.post("/rpc").body(body).dispatch();
            assert_eq!(answer.status().code, *status);
        }
    };
    send(1000);
    let before = allocated_bytes();
    send(10_000);
    let growth = allocated_bytes().saturating_sub(before);
    println!("{growth} bytes more than before");
    assert!(growth < GROWTH_MAX, "{growth} bytes more than before");
}
