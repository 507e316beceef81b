//! `resolv.conf` changes while the service runs: the very next lookup follows.

use std::fs;

use resolver::Outcome;
use testkit::dns_server::{DnsServer, Reply};

use crate::support::{Fixture, ip, resolver};

/// Two servers with different answers, and a resolver that asks the first. Both addresses have the
/// same length as text, so that swapping them does not change the size of the file.
async fn two_servers() -> (DnsServer, DnsServer, Fixture) {
    let one = DnsServer::start(|_| Reply::address("127.1.0.1")).await;
    let two = DnsServer::start_on("127.0.0.2", one.port(), |_| Reply::address("127.1.0.2")).await;
    let fixture = resolver(&one.nameserver(), one.port());
    (one, two, fixture)
}

async fn answer(fixture: &Fixture) -> String {
    fixture.addresses("orders.").await.unwrap()[0].to_string()
}

#[tokio::test]
async fn a_file_replaced_by_rename_is_followed_by_the_next_lookup() {
    let (one, two, fixture) = two_servers().await;
    for _ in 0..100 {
        fixture.replace(&one.nameserver());
        assert_eq!(answer(&fixture).await, "127.1.0.1");
        fixture.replace(&two.nameserver());
        assert_eq!(answer(&fixture).await, "127.1.0.2");
    }
}

#[tokio::test]
async fn a_file_rewritten_in_place_at_equal_length_is_followed_by_the_next_lookup_at_once() {
    let (one, two, fixture) = two_servers().await;
    assert_eq!(one.nameserver().len(), two.nameserver().len());
    // A lookup takes far less than a tick of the file system's clock, so rewrites may share a
    // stamp.
    for _ in 0..500 {
        fixture.rewrite(&one.nameserver());
        assert_eq!(answer(&fixture).await, "127.1.0.1");
        fixture.rewrite(&two.nameserver());
        assert_eq!(answer(&fixture).await, "127.1.0.2");
    }
}

#[tokio::test]
async fn a_rewrite_that_restores_the_old_modification_time_is_followed_too() {
    let (_one, two, fixture) = two_servers().await;
    settle(&fixture).await;
    assert_eq!(answer(&fixture).await, "127.1.0.1");
    let before = fs::metadata(fixture.resolv_conf()).unwrap().modified().unwrap();
    fixture.rewrite(&two.nameserver());
    fs::File::options()
        .write(true)
        .open(fixture.resolv_conf())
        .unwrap()
        .set_modified(before)
        .unwrap();
    assert_eq!(answer(&fixture).await, "127.1.0.2");
}

#[tokio::test]
async fn a_file_that_was_read_long_after_its_last_change_is_followed_too() {
    let (_one, two, fixture) = two_servers().await;
    settle(&fixture).await;
    assert_eq!(answer(&fixture).await, "127.1.0.1");
    fixture.rewrite(&two.nameserver());
    assert_eq!(answer(&fixture).await, "127.1.0.2");
}

/// Waits until the file is too old to be mistrusted.
async fn settle(fixture: &Fixture) {
    let modified = fs::metadata(fixture.resolv_conf()).unwrap().modified().unwrap();
    while modified.elapsed().unwrap_or_default().as_millis() < 50 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn lookups_fail_while_the_file_is_missing_and_work_again_when_it_returns() {
    let (one, _two, fixture) = two_servers().await;
    assert_eq!(answer(&fixture).await, "127.1.0.1");
    fs::remove_file(fixture.resolv_conf()).unwrap();
    let error = fixture.addresses("orders.").await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Other);
    let text = error.to_string();
    assert!(
        text.contains(fixture.resolv_conf().to_str().unwrap()) && text.contains("RESOLV_CONF"),
        "{text}"
    );
    fixture.rewrite(&one.nameserver());
    assert_eq!(answer(&fixture).await, "127.1.0.1");
}

#[tokio::test]
async fn a_file_without_a_server_fails_lookups_and_says_what_to_add() {
    let (one, _two, fixture) = two_servers().await;
    for text in ["", "# nothing\n", "search a b\n", "nameserver nonsense\n"] {
        fixture.rewrite(text);
        let error = fixture.addresses("orders.").await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Other);
        let message = error.to_string();
        assert!(message.contains("nameserver") && message.contains("RESOLV_CONF"), "{message}");
    }
    fixture.replace(&one.nameserver());
    assert_eq!(answer(&fixture).await, "127.1.0.1");
}

#[tokio::test]
async fn a_directory_in_place_of_the_file_fails_lookups_only() {
    let (one, _two, fixture) = two_servers().await;
    fs::remove_file(fixture.resolv_conf()).unwrap();
    fs::create_dir(fixture.resolv_conf()).unwrap();
    assert_eq!(fixture.outcome("orders.").await, Outcome::Other);
    fs::remove_dir(fixture.resolv_conf()).unwrap();
    fixture.rewrite(&one.nameserver());
    assert_eq!(fixture.addresses("orders.").await.unwrap(), [ip("127.1.0.1")]);
}

#[tokio::test]
async fn options_are_followed_too_not_only_servers() {
    let (one, _two, fixture) = two_servers().await;
    fixture.rewrite(&format!("{}search a\n", one.nameserver()));
    assert_eq!(fixture.outcome("x").await, Outcome::Ok);
    fixture.rewrite(&format!("{}search b\n", one.nameserver()));
    assert_eq!(fixture.outcome("x").await, Outcome::Ok);
    assert_eq!(one.questions(), ["x.a. A", "x.b. A"]);
}
