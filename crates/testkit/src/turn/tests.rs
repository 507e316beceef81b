//! Tests of `turn.rs`. They share the process' turns, so they are one test.

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use super::*;
use crate::wait::eventually;

type Log = Arc<Mutex<Vec<&'static str>>>;

/// A test of its own: takes a turn, and writes down when it has it.
fn other(log: &Log, name: &'static str, take: fn() -> BoxedTurn) -> JoinHandle<()> {
    let log = Arc::clone(log);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let _turn = runtime.block_on(take());
        log.lock().unwrap().push(name);
    })
}

type BoxedTurn = std::pin::Pin<Box<dyn Future<Output = Turn>>>;

/// The one who waits for all turns has those that are free already.
async fn somebody_waits_for_all() {
    let waits = async || (FREE.available_permits() == 0).then_some(());
    eventually("somebody who waits for all turns", waits).await;
}

#[tokio::test]
async fn who_wants_the_only_turn_waits_for_those_before_and_lets_nobody_pass() {
    let log = Log::default();
    let first = Turn::shared().await;
    let alone = other(&log, "alone", || Box::pin(Turn::alone()));
    somebody_waits_for_all().await;
    let later = other(&log, "later", || Box::pin(Turn::shared()));
    log.lock().unwrap().push("first");
    drop(first);
    alone.join().unwrap();
    later.join().unwrap();
    assert_eq!(*log.lock().unwrap(), ["first", "alone", "later"]);

    // A second turn of the same test would wait for the first one.
    let _one = Turn::shared().await;
    let two = tokio::spawn(Turn::alone()).await;
    assert!(two.unwrap_err().is_panic());
}
