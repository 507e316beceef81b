//! Names that never reach DNS: addresses, the hosts file, `localhost`.

use resolver::{Outcome, Source};
use testkit::dns_server::{DnsServer, Reply};

use crate::support::{Fixture, ip, resolver};

/// A server that says 127.6.6.6 to everything, and a resolver that asks it.
async fn server() -> (DnsServer, Fixture) {
    let server = DnsServer::start(|_| Reply::address("127.6.6.6")).await;
    let fixture = resolver(&format!("{}search a b\n", server.nameserver()), server.port());
    (server, fixture)
}

/// A resolver whose `resolv.conf` is missing: whatever it finds, it finds without DNS.
fn without_dns() -> Fixture {
    let fixture = resolver("", 53);
    std::fs::remove_file(fixture.resolv_conf()).unwrap();
    fixture
}

#[tokio::test]
async fn an_ip_address_is_returned_without_a_question() {
    let (server, fixture) = server().await;
    for (name, address) in [
        ("127.3.2.1", "127.3.2.1"),
        ("127.1", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("::1", "::1"),
        ("2001:DB8::7", "2001:db8::7"),
    ] {
        let found = fixture.resolver.lookup(name).await.unwrap();
        assert_eq!((found.addresses, found.source), (vec![ip(address)], Source::Literal), "{name}");
    }
    assert_eq!(server.questions(), [""; 0]);
}

#[tokio::test]
async fn localhost_and_all_below_it_are_this_machine_and_never_asked_for() {
    let (server, fixture) = server().await;
    for name in ["localhost", "LOCALHOST", "localhost.", "shop.localhost", "a.b.Localhost."] {
        let found = fixture.resolver.lookup(name).await.unwrap();
        assert_eq!(found.addresses, [ip("127.0.0.1"), ip("::1")], "{name}");
        assert_eq!(found.source, Source::Localhost, "{name}");
    }
    assert_eq!(server.questions(), [""; 0]);
    assert_eq!(without_dns().outcome("localhost").await, Outcome::Ok);
}

#[tokio::test]
async fn names_that_only_look_like_localhost_are_asked_for() {
    let (server, fixture) = server().await;
    for name in ["localhost.shop.", "mylocalhost."] {
        assert_eq!(fixture.addresses(name).await.unwrap(), [ip("127.6.6.6")]);
    }
    assert_eq!(server.questions(), ["localhost.shop. A", "mylocalhost. A"]);
}

#[tokio::test]
async fn a_name_in_the_hosts_file_is_found_there_and_never_asked_for() {
    let (server, fixture) = server().await;
    fixture.rewrite_hosts("# ours\n10.0.0.7 Orders.shop orders\n2001:db8::7 orders # and six\n");
    let found = fixture.resolver.lookup("ORDERS").await.unwrap();
    assert_eq!(found.addresses, [ip("10.0.0.7"), ip("2001:db8::7")]);
    assert_eq!(found.source, Source::Hosts);
    assert_eq!(fixture.addresses("orders.shop").await.unwrap(), [ip("10.0.0.7")]);
    assert_eq!(server.questions(), [""; 0]);
}

#[tokio::test]
async fn the_hosts_file_has_the_first_word_on_localhost() {
    let fixture = without_dns();
    fixture.rewrite_hosts("127.0.0.9 localhost\n127.0.0.8 shop.localhost\n");
    assert_eq!(fixture.addresses("localhost").await.unwrap(), [ip("127.0.0.9")]);
    assert_eq!(fixture.addresses("shop.localhost").await.unwrap(), [ip("127.0.0.8")]);
    assert_eq!(fixture.addresses("x.localhost").await.unwrap(), [ip("127.0.0.1"), ip("::1")]);
}

#[tokio::test]
async fn the_hosts_file_knows_whole_names_only_without_search_list_or_trailing_dot() {
    let (server, fixture) = server().await;
    fixture.rewrite_hosts("10.0.0.7 orders.a orders.\n");
    assert_eq!(fixture.addresses("orders").await.unwrap(), [ip("127.6.6.6")]);
    assert_eq!(fixture.addresses("orders.a.").await.unwrap(), [ip("127.6.6.6")]);
    assert_eq!(fixture.addresses("orders.").await.unwrap(), [ip("10.0.0.7")]);
    assert_eq!(server.questions(), ["orders.a. A", "orders.a. A"]);
}

#[tokio::test]
async fn a_changed_hosts_file_is_followed_by_the_next_lookup() {
    let (server, fixture) = server().await;
    assert_eq!(fixture.addresses("orders.x").await.unwrap(), [ip("127.6.6.6")], "no file");
    for last in [1, 2, 3, 4, 5, 6, 7, 8, 9] {
        // Equal in length, and within a tick or two of the file system's clock.
        fixture.rewrite_hosts(&format!("10.0.0.{last} orders.x\n"));
        assert_eq!(fixture.addresses("orders.x").await.unwrap(), [ip(&format!("10.0.0.{last}"))]);
    }
    std::fs::remove_file(fixture.hosts()).unwrap();
    assert_eq!(fixture.addresses("orders.x").await.unwrap(), [ip("127.6.6.6")], "gone again");
    assert_eq!(server.questions(), ["orders.x. A", "orders.x. A"]);
}

#[tokio::test]
async fn a_hosts_file_that_is_a_directory_is_as_good_as_none() {
    let (_server, fixture) = server().await;
    std::fs::create_dir(fixture.hosts()).unwrap();
    assert_eq!(fixture.addresses("orders.x").await.unwrap(), [ip("127.6.6.6")]);
}

#[tokio::test]
async fn dns_can_be_asked_whatever_is_known_locally() {
    let (server, fixture) = server().await;
    fixture.rewrite_hosts("10.0.0.7 orders.x\n");
    assert_eq!(fixture.resolver.find_locally("orders.y"), None);
    let found = fixture.resolver.ask_dns("orders.x").await.unwrap();
    assert_eq!(
        (found.addresses, found.source),
        (vec![ip("127.6.6.6")], Source::Dns(server.address))
    );
}
