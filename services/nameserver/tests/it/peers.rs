//! Other people's nameservers copy our zone, and ours copies one of theirs. They are Debian's, on
//! the loopback interface, with ports and folders of their own.

mod servers;

use std::time::Instant;

use authority::zone::parse_entries;

use crate::support::{Running, free_port, large_zone, start};
use servers::{Peer, bind, delv, knot, knot_primary, nsd, trust};

/// A zone of 2,000 names that nobody asks for without being told: refresh is an hour.
fn zone() -> String {
    large_zone(2000).replace("1 10 2 60 5", "1 3600 3600 7200 5")
}

struct Stage {
    primary: Running,
    peers: Vec<Peer>,
    anchors: tempfile::NamedTempFile,
}

/// A primary, and Knot, BIND and NSD that have copied its zone.
async fn stage() -> Stage {
    let ports = [free_port(), free_port(), free_port(), free_port()];
    let told: Vec<String> = ports[1..].iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let from = ports[0];
    let primary = start(&[
        ("ZONE_RECORDS", &zone()),
        ("DNS_PORT", &from.to_string()),
        ("NOTIFY", &told.join(",")),
        ("NOTIFY_SIGNED", "true"),
        ("SIGN_REFRESH", "604800"),
    ]);
    let anchors =
        trust(&primary.primary().signer().key().record(domain::base::Ttl::HOUR).to_string());
    let serial = primary.serves_something().await;
    // Afterwards: BIND does not ask again for ten minutes where nobody was.
    let peers = vec![
        Peer::start(knot(ports[1], from)),
        Peer::start(bind(ports[2], from)),
        Peer::start(nsd(ports[3], from)),
    ];
    for peer in &peers {
        peer.serves(serial).await;
    }
    Stage { primary, peers, anchors }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs knot, bind9, nsd and delv"]
async fn knot_bind_and_nsd_copy_a_large_zone_follow_a_change_and_a_validator_finds_it_secure() {
    let stage = stage().await;
    let sent = |kind| {
        let labels = ["direction=out", kind, "result=ok"];
        stage.primary.metric("nameserver_transfers_total", &labels)
    };
    assert_eq!((sent("kind=axfr"), sent("kind=ixfr")), (3.0, 0.0));

    let added = parse_entries("new 5 A 192.0.2.1", stage.primary.published.apex()).unwrap();
    let begun = Instant::now();
    let serial = stage.primary.primary().change(&[], added).unwrap();
    for peer in &stage.peers {
        peer.serves(serial).await;
        println!("{} serves the change after {:?}", peer.name, begun.elapsed());
    }
    assert_eq!((sent("kind=axfr"), sent("kind=ixfr")), (3.0, 3.0));

    for peer in &stage.peers {
        for (question, answer) in [
            (["new.tale.example", "A"], "; fully validated"),
            (["n1999.tale.example", "A"], "; fully validated"),
            (["tale.example", "SOA"], "; fully validated"),
            (["x.any.tale.example", "TXT"], "; fully validated"),
            (["nope.tale.example", "A"], "; negative response, fully validated"),
            (["new.tale.example", "MX"], "; negative response, fully validated"),
        ] {
            let said = delv(peer.port, &stage.anchors, question).await;
            assert!(said.contains(answer), "{}: {question:?}: {said}", peer.name);
        }
    }
    // The same of our own, with no copy between.
    let port = stage.primary.address.port();
    let said = delv(port, &stage.anchors, ["nope.tale.example", "A"]).await;
    assert!(said.contains("; negative response, fully validated"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs knot, bind9, nsd and delv"]
async fn a_zone_whose_signatures_have_ended_is_answered_by_all_and_bogus_for_a_validator() {
    let ports = [free_port(), free_port()];
    let peer = Peer::start(knot(ports[1], ports[0]));
    let primary = start(&[
        ("DNS_PORT", &ports[0].to_string()),
        ("SIGN_LIFETIME", "8"),
        ("SIGN_REFRESH", "7"),
        ("SIGN_PROPAGATION_DELAY", "1"),
    ]);
    let serial = primary.serves_something().await;
    let broken = authority::policy::Policy {
        lifetime_seconds: 8,
        refresh_seconds: 1,
        propagation_delay_seconds: 1,
    };
    primary.primary().set_policy(broken);
    let anchors =
        trust(&primary.primary().signer().key().record(domain::base::Ttl::HOUR).to_string());
    peer.serves(serial).await;
    testkit::wait::eventually("a bogus answer", async || {
        let said = delv(peer.port, &anchors, ["www.tale.example", "A"]).await;
        said.contains("RRSIG has expired").then_some(())
    })
    .await;
    assert_eq!(peer.soa().await, Some(serial), "and it answers as ever");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs knot, bind9, nsd and delv"]
async fn a_peer_without_the_key_gets_nothing() {
    let ports = [free_port(), free_port()];
    let primary = start(&[("DNS_PORT", &ports[0].to_string())]);
    primary.serves_something().await;
    let peer = Peer::start(knot(ports[1], ports[0]).with_another_secret());
    testkit::wait::eventually("the refusal", async || {
        (primary.metric("nameserver_refused_total", &["reason=bad_key"]) >= 1.0).then_some(())
    })
    .await;
    assert_eq!(peer.soa().await, None);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs knot, bind9, nsd and delv"]
async fn our_secondary_follows_a_knot_primary() {
    let ports = [free_port(), free_port()];
    let primary = Peer::start(knot_primary(ports[0], ports[1]));
    let from = format!("127.0.0.1:{}", ports[0]);
    let copy = start(&[
        ("NAMESERVER_ROLE", "secondary"),
        ("PRIMARY", &from),
        ("DNS_PORT", &ports[1].to_string()),
    ]);
    let serial = primary.serves_something().await;
    copy.serves(serial).await;
    let anchors = trust(&servers::key_of(ports[0]).await);
    servers::update(ports[0], "add new.tale.example 5 AAAA 2001:db8::1").await;
    let mut changes = copy.published.changes();
    let next = changes.wait_for(|now| now.is_some_and(|now| now != serial));
    tokio::time::timeout(testkit::wait::SOON, next).await.unwrap().unwrap();
    assert_eq!(primary.soa().await, copy.serial());
    let labels = ["direction=in", "kind=ixfr", "result=ok"];
    assert!(copy.metric("nameserver_transfers_total", &labels) >= 1.0);
    assert!(copy.metric("nameserver_notifies_total", &["direction=in", "result=ok"]) >= 1.0);
    for question in [["new.tale.example", "AAAA"], ["www.tale.example", "A"]] {
        let said = delv(ports[1], &anchors, question).await;
        assert!(said.contains("; fully validated"), "{question:?}: {said}");
    }
    let said = delv(ports[1], &anchors, ["nope.tale.example", "A"]).await;
    assert!(said.contains("; negative response, fully validated"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dnsperf"]
async fn no_query_of_dnsperf_is_lost() {
    let server = start(&[("ZONE_RECORDS", &zone())]);
    server.serves_something().await;
    let names: String = (0..2000).map(|number| format!("n{number}.tale.example A\n")).collect();
    let said = servers::dnsperf(server.address.port(), &names, 2).await;
    println!("{said}");
    let lost = said.lines().find(|line| line.contains("Queries lost")).unwrap();
    assert!(lost.contains("lost:         0 "), "{said}");
    assert!(said.contains("Response codes:       NOERROR"), "{said}");
}
