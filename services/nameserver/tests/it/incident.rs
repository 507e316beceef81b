//! The Friday change: a policy that is accepted, and a zone that dies while every server answers.

use authority::policy::Policy;
use authority::serial::now;
use authority::zone::parse_entries;
use domain::base::Rtype;
use domain::base::iana::Rcode;

use crate::support::{rcode, start};

/// Signatures for two minutes, renewed after one: the zone's TTLs are 5 s.
const SHORT: [(&str, &str); 3] =
    [("SIGN_LIFETIME", "120"), ("SIGN_REFRESH", "60"), ("SIGN_PROPAGATION_DELAY", "1")];

fn policy(refresh_seconds: u32) -> Policy {
    Policy { lifetime_seconds: 120, refresh_seconds, propagation_delay_seconds: 1 }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_zone_is_signed_again_before_its_signatures_end() {
    let server = start(&SHORT);
    let first = server.serves_something().await;
    let begun = now();
    server.primary().sign_if_due(begun + 50);
    assert_eq!(server.serial(), Some(first), "not due yet");
    server.primary().sign_if_due(begun + 62);
    assert_eq!(server.serial(), Some(begun + 62), "due, and the serial is the time");
    assert_eq!(server.published.zone().unwrap().expiry(), Some(begun + 62 + 120));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_cannot_work_is_loaded_and_every_answer_stays_noerror_until_the_zone_is_dead()
{
    let server = start(&SHORT);
    let first = server.serves_something().await;
    let end = server.published.zone().unwrap().expiry().unwrap();
    server.primary().set_policy(policy(1)); // no error: it takes a zone to see that it cannot work
    assert_eq!(server.primary().policy().refresh_seconds, 1);

    server.primary().sign_if_due(end - 1);
    server.primary().sign_if_due(end); // within the pause after a failure: no second attempt
    server.primary().sign_if_due(end + 20);
    assert_eq!(server.serial(), Some(first));
    assert_eq!(server.metric("signer_runs_total", &["result=failed"]), 2.0);
    assert_eq!(server.metric("signer_last_attempt_timestamp_seconds", &[]), f64::from(end + 20));
    assert!(server.metric("signer_last_success_timestamp_seconds", &[]) < f64::from(end - 60));
    let answer = server.ask("www.tale.example", Rtype::A);
    assert!(rcode(&answer) == Rcode::NOERROR && answer.header().aa(), "nothing looks wrong");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_while_the_signer_fails_renews_the_serial_and_not_the_signatures() {
    let server = start(&SHORT);
    let first = server.serves_something().await;
    let end = server.published.zone().unwrap().expiry();
    server.primary().set_policy(policy(1));
    let added = parse_entries("new 5 A 192.0.2.1", server.published.apex()).unwrap();
    let second = server.primary().change(&[], added).unwrap();
    assert!(second > first, "whoever looks at the serial alone sees a healthy zone");
    assert_eq!(
        server.published.zone().unwrap().expiry(),
        end,
        "the oldest signatures are the same"
    );
    assert_eq!(server.metric("signer_runs_total", &["result=ok"]), 1.0, "no run of the signer");
    let answer = server.ask("new.tale.example", Rtype::A);
    assert_eq!(crate::support::types(&answer)[0], [Rtype::A, Rtype::RRSIG]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_repaired_policy_signs_at_once() {
    let server = start(&SHORT);
    server.serves_something().await;
    let end = server.published.zone().unwrap().expiry().unwrap();
    server.primary().set_policy(policy(1));
    server.primary().sign_if_due(end);
    server.primary().set_policy(policy(60));
    server.primary().sign_if_due(end + 1);
    assert_eq!(server.published.zone().unwrap().expiry(), Some(end + 1 + 120));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_that_could_never_be_signed_is_not_served() {
    let server = start(&[("SIGN_LIFETIME", "120"), ("SIGN_REFRESH", "130")]);
    assert_eq!(rcode(&server.ask("www.tale.example", Rtype::A)), Rcode::SERVFAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_makes_no_sense_is_refused_and_changes_nothing() {
    let server = start(&SHORT);
    let first = server.serves_something().await;
    let entries = |text| parse_entries(text, server.published.apex()).unwrap();
    for (remove, add, why) in [
        ("gone 5 A 192.0.2.1", "", "no record"),
        ("", "www 5 CNAME shop", "alias"),
        ("", "@ 5 SOA a b 1 2 3 4 5", "SOA"),
        ("", "a.other.example. 5 A 192.0.2.1", "below"),
    ] {
        let refused = server.primary().change(&entries(remove), entries(add)).unwrap_err();
        assert!(refused.to_string().contains(why), "{refused}");
    }
    assert_eq!(server.serial(), Some(first));
    let removed = entries("www 5 A 192.0.2.80");
    server.primary().change(&removed, Vec::new()).unwrap();
    assert!(crate::support::types(&server.ask("www.tale.example", Rtype::A))[0].is_empty());
}
