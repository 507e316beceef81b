//! Three ways in which "the serial is younger than an hour" is true while the zone is dying or its
//! servers disagree, and what shows each.

use authority::policy::Policy;
use authority::serial::now;
use authority::zone::parse_entries;

use crate::support::{Running, Series, probe, start};

/// The rule of the story, as it was: one-sided, and of the serial alone.
fn naive_is_green(series: &Series, server: &Running) -> bool {
    series[&format!("zone_serial_age_seconds server={}", server.address)] < 3600.0
}

fn of(series: &Series, name: &str, server: &Running, more: &str) -> f64 {
    let key = format!("{name} {}", [more, &format!("server={}", server.address)].join(" ").trim());
    let known = || format!("{key}: {:?}", series.keys().collect::<Vec<_>>());
    *series.get(&key).unwrap_or_else(|| panic!("{}", known()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_zone_is_young_signed_and_the_same_everywhere() {
    let primary = start(&[]);
    let serial = primary.serves(|_| true).await;
    let copy = start(&[("NAMESERVER_ROLE", "secondary"), ("PRIMARY", &primary.address)]);
    copy.serves(|now| now == serial).await;
    let series = probe(&[&primary.address, &copy.address]).await;
    for server in [&primary, &copy] {
        assert_eq!(of(&series, "zone_serial", server, ""), f64::from(serial));
        assert_eq!(of(&series, "zone_serial_behind", server, ""), 0.0);
        assert_eq!(of(&series, "zone_signed", server, ""), 1.0);
        assert!(of(&series, "zone_serial_age_seconds", server, "").abs() < 3600.0);
        assert_eq!(of(&series, "zone_serial_format", server, "format=unixtime"), 1.0);
        for rrtype in ["SOA", "DNSKEY", "NS"] {
            let end = of(
                &series,
                "zone_rrsig_expiry_timestamp_seconds",
                server,
                &format!("rrtype={rrtype}"),
            );
            assert_eq!(end, f64::from(primary.published.zone().unwrap().expiry().unwrap()));
        }
    }
    assert!((series["zone_prober_time_seconds"] - f64::from(now())).abs() < 60.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_while_the_signer_fails_is_seen_in_the_signatures_that_it_does_not_renew() {
    let server =
        start(&[("SIGN_LIFETIME", "120"), ("SIGN_REFRESH", "60"), ("SIGN_PROPAGATION_DELAY", "1")]);
    let first = server.serves(|_| true).await;
    let broken =
        Policy { lifetime_seconds: 7200, refresh_seconds: 1, propagation_delay_seconds: 1 };
    server.primary().set_policy(broken);
    let added = parse_entries("new 5 A 192.0.2.1", server.published.apex()).unwrap();
    server.primary().change(&[], added).unwrap();
    let series = probe(&[&server.address]).await;
    assert!(naive_is_green(&series, &server));
    let end = |rrtype| of(&series, "zone_rrsig_expiry_timestamp_seconds", &server, rrtype);
    assert!(
        end("rrtype=SOA") > f64::from(first + 7000),
        "whoever looks at this one is fooled, too"
    );
    assert!(
        end("rrtype=NS") < f64::from(first + 200) && end("rrtype=DNSKEY") < f64::from(first + 200)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_serial_of_the_future_has_a_negative_age() {
    let server = start(&[]);
    server.serves(|_| true).await;
    server.primary().set_serial(now() + 365 * 86_400).unwrap();
    let series = probe(&[&server.address]).await;
    assert!(naive_is_green(&series, &server));
    assert!(
        of(&series, "zone_serial_age_seconds", &server, "") < -3600.0,
        "the other side shows it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_went_back_is_behind_its_own_copies() {
    let primary = start(&[]);
    let serial = primary.serves(|_| true).await;
    let copy = start(&[("NAMESERVER_ROLE", "secondary"), ("PRIMARY", &primary.address)]);
    copy.serves(|now| now == serial).await;
    primary.primary().set_serial(serial - 1800).unwrap();
    copy.secondary().notified.wake();
    let series = probe(&[&primary.address, &copy.address]).await;
    assert!(naive_is_green(&series, &primary) && naive_is_green(&series, &copy));
    assert_eq!(of(&series, "zone_serial_behind", &primary, ""), 1800.0);
    assert_eq!(of(&series, "zone_serial_behind", &copy, ""), 0.0);
}
