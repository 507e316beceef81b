//! Tests of `rules.rs`.

use proptest::prelude::*;

use super::*;

#[test]
fn paths_match_as_a_whole_and_case_matters() {
    for (pattern, path, expected) in [
        ("/api/*", "/api/", true),
        ("/api/*", "/api/a/b", true),
        ("/api/*", "/api", false),
        ("/api/*", "/API/x", false),
        ("/api/*", "/v1/api/x", false),
        ("*", "/", true),
        ("/a?c", "/abc", true),
        ("/a?c", "/ac", false),
        ("/a?c", "/a/c", true),
        ("*/b", "/a/b/b", true),
        ("/a*c*e", "/abcde", true),
        ("/a*c*e", "/abcd", false),
        ("/a", "/a/", false),
        ("", "/", false),
    ] {
        assert_eq!(path_matches(pattern, path), expected, "{pattern} and {path}");
    }
}

proptest! {
    #[test]
    fn a_star_stands_for_any_middle(before in "[a-c/]{0,5}", middle in "[a-c/]{0,9}", after in "[a-c/]{0,5}") {
        let pattern = format!("{before}*{after}");
        let path = format!("{before}{middle}{after}");
        prop_assert!(path_matches(&pattern, &path));
    }
}

fn fault(side: HttpSide, conditions: HttpConditions) -> HttpFault {
    HttpFault { conditions, abort: true, ..HttpFault::new(side, 80) }
}

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        map.append(*name, value.parse().unwrap());
    }
    map
}

fn head() -> Head {
    Head {
        method: Method::GET,
        uri: "/a/b?c=d".parse().unwrap(),
        headers: headers(&[("accept", "x"), ("accept", "y")]),
    }
}

#[test]
fn all_conditions_have_to_hold() {
    let one = |name: &str, value: &str| BTreeMap::from([(name.into(), value.into())]);
    let all = HttpConditions {
        path: Some("/a/*".into()),
        method: Some("GET".into()),
        request_headers: one("Accept", "y"),
        ..Default::default()
    };
    let hit = |conditions| hits_request(&fault(HttpSide::Request, conditions), &head());
    assert!(hit(HttpConditions::default()));
    assert!(hit(all.clone()));
    assert!(!hit(HttpConditions { path: Some("/b/*".into()), ..all.clone() }));
    assert!(!hit(HttpConditions { method: Some("POST".into()), ..all.clone() }));
    assert!(!hit(HttpConditions { request_headers: one("accept", "z"), ..all.clone() }));
    assert!(!hits_request(&fault(HttpSide::Response, all), &head()));
}

#[test]
fn code_and_headers_of_the_response_matter_for_responses_only() {
    let conditions = HttpConditions {
        code: Some(404),
        response_headers: BTreeMap::from([("x".into(), "1".into())]),
        ..Default::default()
    };
    let hit = |status, pairs: &[_]| {
        let fault = fault(HttpSide::Response, conditions.clone());
        hits_response(&fault, &head(), status, &headers(pairs))
    };
    assert!(hit(StatusCode::NOT_FOUND, &[("x", "1")]));
    assert!(!hit(StatusCode::OK, &[("x", "1")]));
    assert!(!hit(StatusCode::NOT_FOUND, &[("x", "2")]));
    assert!(hits_request(&fault(HttpSide::Request, conditions), &head()));
}
