//! Tests of the search order and of the verdict, without a network.

use std::{io, net::SocketAddr};

use proptest::prelude::*;

use super::*;
use crate::{resolv_conf, watched_file::Text};

fn settings(text: &str) -> Settings {
    resolv_conf::parse(&Text::new(text.as_bytes()), 53).0
}

fn asked(name: &str, ndots: u32, search: &str) -> Vec<String> {
    let text = format!("search {search}\noptions ndots:{ndots}");
    candidates(name, &settings(&text))
        .unwrap()
        .iter()
        .map(|candidate| candidate.name.fmt_with_dot().to_string())
        .collect()
}

#[test]
fn a_trailing_dot_means_this_name_only() {
    assert_eq!(asked("orders.", 5, "a b"), ["orders."]);
}

#[test]
fn a_short_name_goes_through_the_search_list_first() {
    assert_eq!(asked("orders", 1, "a b.c"), ["orders.a.", "orders.b.c.", "orders."]);
    assert_eq!(asked("www.example.com", 5, "a"), ["www.example.com.a.", "www.example.com."]);
}

#[test]
fn a_name_with_enough_dots_is_asked_as_it_is_first() {
    assert_eq!(
        asked("www.example", 1, "a b"),
        ["www.example.", "www.example.a.", "www.example.b."]
    );
    assert_eq!(asked("orders", 0, "a"), ["orders.", "orders.a."]);
}

#[test]
fn upper_and_lower_case_are_sent_as_typed() {
    assert_eq!(asked("OrDers", 1, "A"), ["OrDers.A.", "OrDers."]);
}

#[test]
fn the_root_in_the_search_list_is_the_name_as_it_is_at_that_place() {
    assert_eq!(asked("orders", 1, ". a"), ["orders.", "orders.a."]);
    assert_eq!(asked("www.example", 1, "a ."), ["www.example.", "www.example.a."]);
}

#[test]
fn a_suffix_that_makes_the_name_too_long_is_left_out() {
    let suffix = ["x".repeat(60), "x".repeat(60), "x".repeat(60), "x".repeat(60)].join(".");
    assert_eq!(asked("orders.shop", 5, &format!("{suffix} a")), ["orders.shop.a.", "orders.shop."]);
}

#[test]
fn without_a_top_level_query_a_name_without_a_dot_is_asked_with_suffixes_only() {
    let asked = |name: &str, text: &str| -> Vec<String> {
        let candidates =
            candidates(name, &settings(&format!("{text}\noptions no-tld-query"))).unwrap();
        candidates.iter().map(|candidate| candidate.name.fmt_with_dot().to_string()).collect()
    };
    assert_eq!(asked("orders", "search a b"), ["orders.a.", "orders.b."]);
    assert_eq!(
        asked("orders.shop", "search a\noptions ndots:5"),
        ["orders.shop.a.", "orders.shop."]
    );
    assert_eq!(asked("orders.", "search a"), ["orders."]);
    // With no suffix there would be nothing left to ask.
    assert_eq!(asked("orders", ""), ["orders."]);
}

fn server() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 53))
}

/// Feeds failures to a verdict until it says stop; the outcome reported and the number of failures
/// it took.
fn verdict(typed_first: bool, causes: Vec<Cause>) -> (Outcome, usize) {
    let mut verdict = Verdict::default();
    let mut taken = 0;
    for (index, cause) in causes.into_iter().enumerate() {
        let candidate = Candidate {
            name: complete("x").unwrap(),
            is_first_as_typed: typed_first && index == 0,
        };
        taken += 1;
        if verdict.add(&candidate, cause).is_break() {
            break;
        }
    }
    (verdict.into_cause().outcome(), taken)
}

#[test]
fn no_address_outranks_servfail_which_outranks_no_such_name() {
    let causes = vec![Cause::Nxdomain, Cause::NoData, Cause::Servfail(server()), Cause::Nxdomain];
    assert_eq!(verdict(false, causes), (Outcome::NoData, 4));
    let causes = vec![Cause::Servfail(server()), Cause::Nxdomain, Cause::Nxdomain];
    assert_eq!(verdict(false, causes), (Outcome::Servfail, 3));
    assert_eq!(verdict(false, vec![Cause::Nxdomain, Cause::Nxdomain]), (Outcome::Nxdomain, 2));
}

#[test]
fn the_failure_of_the_name_as_typed_wins_if_it_was_asked_first() {
    assert_eq!(verdict(true, vec![Cause::Nxdomain, Cause::NoData]), (Outcome::Nxdomain, 2));
    assert_eq!(
        verdict(true, vec![Cause::Servfail(server()), Cause::Nxdomain]),
        (Outcome::Servfail, 2)
    );
}

#[test]
fn silence_and_refusal_end_the_search() {
    assert_eq!(verdict(false, vec![Cause::Timeout, Cause::Nxdomain]), (Outcome::Timeout, 1));
    assert_eq!(
        verdict(false, vec![Cause::Refused(server()), Cause::NoData]),
        (Outcome::Refused, 1)
    );
    let source = io::Error::from(io::ErrorKind::ConnectionRefused);
    let unreachable = Cause::Unreachable { server: server(), source };
    assert_eq!(verdict(false, vec![unreachable, Cause::NoData]), (Outcome::Refused, 1));
    assert_eq!(
        verdict(true, vec![Cause::Nxdomain, Cause::Timeout, Cause::NoData]),
        (Outcome::Nxdomain, 2)
    );
}

proptest! {
    #[test]
    fn no_name_makes_it_panic_and_there_is_always_a_candidate(name in any::<String>(), ndots in 0_u32..=15) {
        let text = format!("search a b.c\noptions ndots:{ndots}");
        if let Ok(names) = candidates(&name, &settings(&text)) {
            prop_assert!((1..=3).contains(&names.len()));
            prop_assert!(names.iter().all(|candidate| candidate.name.len() <= 255));
        }
    }

    #[test]
    fn the_name_as_typed_is_always_among_the_candidates_exactly_once(name in "[a-z]{1,5}(\\.[a-z]{1,5}){0,6}", ndots in 0_u32..=15) {
        let names = asked(&name, ndots, "a b.c .");
        prop_assert_eq!(names.iter().filter(|asked| **asked == format!("{name}.")).count(), 1);
    }
}
