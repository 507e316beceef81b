//! Many lookups: nothing is merged, nothing is left behind.
//!
//! A test binary of its own with one test, because it counts the open files of the whole process.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "it/support.rs"]
#[allow(dead_code, reason = "this binary uses a part of it")]
mod support;

use std::fs;

use resolver::Outcome;
use testkit::dns_server::{DnsServer, Reply, Transport};
use tokio::task::JoinSet;

use support::resolver;

fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

#[tokio::test]
async fn fifty_concurrent_lookups_are_fifty_questions_and_a_thousand_leave_no_open_file_behind() {
    let server = DnsServer::start(|query| match (query.name.as_str(), query.transport) {
        ("big.", Transport::Udp) => Reply::Truncated,
        _ => Reply::address("127.1.0.7"),
    })
    .await;
    let fixture = resolver(&server.nameserver(), server.port());

    let mut lookups = JoinSet::new();
    for _ in 0..50 {
        let resolver = fixture.resolver.clone();
        lookups.spawn(async move { resolver.lookup("orders.").await.is_ok() });
    }
    assert!(lookups.join_all().await.into_iter().all(|found| found));
    assert_eq!(server.questions(), vec!["orders. A"; 50]);

    // The server closes its end of a TCP connection only when it notices that ours is gone; so no
    // TCP in the thousand.
    let before = open_files();
    for _ in 0..1000 {
        assert_eq!(fixture.outcome("orders.").await, Outcome::Ok);
    }
    assert_eq!(open_files(), before);

    for _ in 0..100 {
        assert_eq!(fixture.outcome("big.").await, Outcome::Ok);
    }
    let settled = async {
        while open_files() > before {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), settled)
        .await
        .expect("TCP connections stay open");
}
