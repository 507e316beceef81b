//! From the primary to its copies.

use std::sync::atomic::Ordering::Relaxed;

use authority::serial::{LONGEST_STEP, now};
use authority::zone::parse_entries;
use domain::base::Rtype;
use domain::base::iana::Rcode;
use testkit::wait::eventually;

use crate::support::{Running, free_port, large_zone, rcode, start};

fn copy_of(primary: &Running, settings: &[(&str, &str)]) -> Running {
    let from = primary.address.to_string();
    let role = [("NAMESERVER_ROLE", "secondary"), ("PRIMARY", from.as_str())];
    start(&[&role, settings].concat())
}

fn add(primary: &Running, record: &str) -> u32 {
    let added = parse_entries(record, primary.published.apex()).unwrap();
    primary.primary().change(&[], added).unwrap()
}

fn same_records(one: &Running, other: &Running) {
    let text = |server: &Running| {
        let zone = server.published.zone().unwrap();
        zone.entries().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(text(one), text(other));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_zone_is_copied_whole_and_a_change_as_a_difference() {
    let primary = start(&[("ZONE_RECORDS", &large_zone(2000))]);
    let first = primary.serves_something().await;
    let copy = copy_of(&primary, &[]);
    copy.serves(first).await;
    same_records(&primary, &copy);
    assert!(copy.published.zone().unwrap().entries().len() > 8000);

    let second = add(&primary, "new 5 A 192.0.2.1");
    copy.secondary().notified.wake();
    copy.serves(second).await;
    same_records(&primary, &copy);
    for kind in ["kind=axfr", "kind=ixfr"] {
        let labels = ["direction=in", kind, "result=ok"];
        assert_eq!(copy.metric("nameserver_transfers_total", &labels), 1.0, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn word_of_a_change_is_sent_and_heard() {
    let port = free_port().to_string();
    let primary = start(&[
        ("ZONE_RECORDS", &slow_zone()),
        ("NOTIFY", &format!("127.0.0.1:{port}")),
        ("NOTIFY_SIGNED", "true"),
    ]);
    let first = primary.serves_something().await;
    let copy = copy_of(&primary, &[("DNS_PORT", &port)]);
    copy.serves(first).await;
    let second = add(&primary, "new 5 A 192.0.2.1");
    copy.serves(second).await; // its own timer would take an hour
    assert!(copy.metric("nameserver_notifies_total", &["direction=in", "result=ok"]) >= 1.0);
    eventually("the acknowledgement", async || {
        (primary.metric("nameserver_notifies_total", &["direction=out", "result=ok"]) >= 1.0)
            .then_some(())
    })
    .await;
}

/// The built-in zone with a refresh time that no test waits for.
fn slow_zone() -> String {
    authority::zone::default_zone().replace("1 10 2 60 5", "1 3600 3600 7200 5")
}

#[tokio::test(flavor = "multi_thread")]
async fn differences_over_several_versions_arrive_in_one_transfer() {
    let primary = start(&[("ZONE_RECORDS", &large_zone(50))]);
    let first = primary.serves_something().await;
    let copy = copy_of(&primary, &[]);
    copy.serves(first).await;
    copy.secondary().frozen.store(true, Relaxed);
    for number in 0..3 {
        add(&primary, &format!("new{number} 5 A 192.0.2.1"));
    }
    let gone = parse_entries("new1 5 A 192.0.2.1", primary.published.apex()).unwrap();
    let last = primary.primary().change(&gone, Vec::new()).unwrap();
    copy.secondary().frozen.store(false, Relaxed);
    copy.secondary().notified.wake();
    copy.serves(last).await;
    same_records(&primary, &copy);
    let labels = ["direction=in", "kind=ixfr", "result=ok"];
    assert_eq!(copy.metric("nameserver_transfers_total", &labels), 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_where_it_was() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [ours, theirs] = [0, 1].map(|index| ("STATE_DIR", folders[index].path().to_str().unwrap()));
    let primary = start(&[ours]);
    primary.serves_something().await;
    let last = add(&primary, "new 5 A 192.0.2.1");
    let key = primary.primary().signer().key().tag();
    let copy = copy_of(&primary, &[theirs]);
    copy.serves(last).await;
    eventually("the copy on disk", async || {
        std::fs::read(folders[1].path().join("tale.example.axfr"))
            .ok()
            .filter(|file| authority::state::read(file, copy.published.apex()).is_some())
    })
    .await;
    drop((primary, copy));

    let primary = start(&[ours]);
    assert_eq!(primary.serial(), Some(last), "before anything is signed");
    assert_eq!(primary.primary().signer().key().tag(), key);
    assert_eq!(rcode(&primary.ask("new.tale.example", Rtype::A)), Rcode::NOERROR);
    // Its primary is gone, and it serves what it has.
    let copy = start(&[("NAMESERVER_ROLE", "secondary"), ("PRIMARY", "127.0.0.1:1"), theirs]);
    assert_eq!(copy.serial(), Some(last));
    drop(copy);
    // Unless that is too old: SOA expire is 60 s.
    let file =
        std::fs::File::options().append(true).open(folders[1].path().join("tale.example.axfr"));
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(61);
    file.unwrap().set_modified(old).unwrap();
    let copy = start(&[("NAMESERVER_ROLE", "secondary"), ("PRIMARY", "127.0.0.1:1"), theirs]);
    assert_eq!(rcode(&copy.ask("new.tale.example", Rtype::A)), Rcode::SERVFAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_ends_the_start_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tale.example.axfr"), b"\x00\x0cgarbage").unwrap();
    let state = ("STATE_DIR", folder.path().to_str().unwrap());
    let error = crate::support::prepared(&[state]).err().unwrap().to_string();
    assert!(error.contains("tale.example.axfr") && error.contains("remove it"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_without_word_from_its_primary_expires() {
    let zone = authority::zone::default_zone().replace("1 10 2 60 5", "1 1 1 2 5");
    let primary = start(&[("ZONE_RECORDS", &zone)]);
    let first = primary.serves_something().await;
    let copy = copy_of(&primary, &[]);
    copy.serves(first).await;
    drop(primary);
    let mut changes = copy.published.changes();
    tokio::time::timeout(testkit::wait::SOON, changes.wait_for(Option::is_none))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(rcode(&copy.ask("www.tale.example", Rtype::A)), Rcode::SERVFAIL);
    assert_eq!(copy.metric("nameserver_zone_serial", &[]), 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_serial_of_the_future_two_steps_lead_back_and_so_does_a_retransfer() {
    let primary = start(&[]);
    primary.serves_something().await;
    let (one, other) = (copy_of(&primary, &[]), copy_of(&primary, &[]));
    let ahead = now() + 365 * 86_400;
    primary.primary().set_serial(ahead).unwrap();
    for copy in [&one, &other] {
        copy.secondary().notified.wake();
        copy.serves(ahead).await;
    }
    // The primary goes back; its copies believe that it is behind.
    let wanted = now();
    primary.primary().set_serial(wanted).unwrap();
    one.secondary().notified.wake();
    let asked = ["transport=udp", "type=SOA"];
    let before = primary.metric("nameserver_queries_total", &asked);
    eventually("its question", async || {
        (primary.metric("nameserver_queries_total", &asked) > before).then_some(())
    })
    .await;
    assert_eq!(one.serial(), Some(ahead), "waiting does not help");
    // One is told to copy whatever there is.
    one.secondary().retransfer.store(true, Relaxed);
    one.secondary().notified.wake();
    one.serves(wanted).await;
    // The other follows half around the circle, and from there to now.
    for step in [ahead.wrapping_add(LONGEST_STEP), now()] {
        primary.primary().set_serial(step).unwrap();
        other.secondary().notified.wake();
        other.serves(step).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_transfer_leaves_the_copy_behind_and_is_counted() {
    let primary = start(&[]);
    let first = primary.serves_something().await;
    let copy = copy_of(&primary, &[]);
    copy.serves(first).await;
    primary.desk.transfers_allowed.store(false, Relaxed);
    let second = add(&primary, "new 5 A 192.0.2.1");
    copy.secondary().notified.wake();
    let failed = ["direction=in", "kind=axfr", "result=failed"];
    eventually("the refusal", async || {
        (copy.metric("nameserver_transfers_total", &failed) >= 1.0).then_some(())
    })
    .await;
    assert_eq!(copy.serial(), Some(first));
    assert!(primary.metric("nameserver_refused_total", &["reason=transfer"]) >= 1.0);
    primary.desk.transfers_allowed.store(true, Relaxed);
    copy.serves(second).await;
}
