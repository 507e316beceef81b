//! Each rule, by a clock of its own.

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn rule(refill: Refill) -> Rule {
    Rule { limit: Some(4), window: HOUR, refill, refusals_count: false }
}

fn source(text: &str) -> Source {
    Source::of(text.parse().unwrap())
}

fn left(limiter: &Limiter, now: Instant) -> u64 {
    limiter.look(&source("192.0.2.1"), now).unwrap().remaining
}

#[test]
fn a_window_begins_with_the_first_pull_and_gives_all_back_at_its_end() {
    let (limiter, now, own) =
        (Limiter::new(rule(Refill::Window)), Instant::now(), source("192.0.2.1"));
    let later = now + HOUR / 2;
    for expected in [3, 2, 1, 0] {
        assert_eq!(limiter.take(&own, later).unwrap().unwrap().remaining, expected);
    }
    let refused = limiter.take(&own, later + HOUR / 4).unwrap_err();
    assert_eq!((refused.remaining, refused.next), (0, HOUR * 3 / 4));
    assert_eq!(left(&limiter, later + HOUR - Duration::from_millis(1)), 0);
    assert_eq!(left(&limiter, later + HOUR), 4);
    assert!(limiter.take(&source("192.0.2.2"), later).is_ok(), "others are others");
}

#[test]
fn a_bucket_gives_one_after_the_other_back() {
    let (limiter, now, own) =
        (Limiter::new(rule(Refill::Bucket)), Instant::now(), source("192.0.2.1"));
    for _ in 0..4 {
        limiter.take(&own, now).unwrap();
    }
    let refused = limiter.take(&own, now).unwrap_err();
    assert_eq!(refused.next, HOUR / 4);
    assert_eq!([left(&limiter, now + HOUR / 4), left(&limiter, now + HOUR / 2)], [1, 2]);
    assert_eq!(left(&limiter, now + HOUR * 9), 4, "and no more than there were");
}

#[test]
fn looking_costs_nothing_and_a_refusal_only_if_it_is_to() {
    for (refusals_count, expected) in [(false, 4), (true, 3)] {
        let limiter = Limiter::new(Rule { refusals_count, ..rule(Refill::Bucket) });
        let (now, own) = (Instant::now(), source("192.0.2.1"));
        for _ in 0..1000 {
            assert_eq!(left(&limiter, now), 4);
        }
        for _ in 0..4 {
            limiter.take(&own, now).unwrap();
        }
        limiter.take(&own, now).unwrap_err();
        assert_eq!(left(&limiter, now + HOUR), expected);
    }
}

#[test]
fn a_network_of_2_to_the_64_addresses_is_one_source() {
    let (limiter, now) = (Limiter::new(rule(Refill::Window)), Instant::now());
    limiter.take(&source("2001:db8::1"), now).unwrap();
    limiter.take(&source("2001:db8::ffff:1"), now).unwrap();
    limiter.take(&source("2001:db8:0:1::1"), now).unwrap();
    assert_eq!(limiter.look(&source("2001:db8::2"), now).unwrap().remaining, 2);
    assert_eq!(source("2001:db8::ffff:1").to_string(), "2001:db8::");
    assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
}

#[test]
fn accounts_have_limits_of_their_own_or_none() {
    let (limiter, now) = (Limiter::new(rule(Refill::Window)), Instant::now());
    let paid = Source::account("ada", None);
    assert_eq!((limiter.take(&paid, now), limiter.look(&paid, now)), (Ok(None), None));
    let free = Source::account("bob", Some(9));
    assert_eq!(limiter.take(&free, now).unwrap().unwrap().remaining, 8);
}

#[test]
fn a_million_sources_are_not_all_remembered_and_who_has_spent_all_is() {
    let limiter = Limiter::new(rule(Refill::Window));
    let (now, own) = (Instant::now(), source("192.0.2.1"));
    for _ in 0..4 {
        limiter.take(&own, now).unwrap();
    }
    for number in 0..MAX_SOURCES as u32 + 50 {
        let address = std::net::Ipv4Addr::from_bits(number);
        limiter.take(&Source::of(address.into()), now).unwrap();
    }
    assert_eq!(limiter.sources(now).len(), MAX_SOURCES);
    limiter.take(&own, now).unwrap_err();
}

#[test]
fn a_limit_of_nothing_is_a_limit() {
    let limiter = Limiter::new(Rule { limit: Some(0), ..rule(Refill::Bucket) });
    assert_eq!(limiter.take(&source("192.0.2.1"), Instant::now()).unwrap_err().next, HOUR);
}
