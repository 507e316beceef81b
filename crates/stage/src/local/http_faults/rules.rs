//! What an HTTP fault hits: conditions on requests and responses. Pure, after Chaos Mesh's own rules.

use std::collections::BTreeMap;

use chaos::fault::{HttpConditions, HttpFault, HttpSide};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, StatusCode, Uri};

/// What is known of a request, also when its response is looked at.
pub(crate) struct Head {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
}

impl Head {
    pub(crate) fn of(request: &Parts) -> Self {
        Self {
            method: request.method.clone(),
            uri: request.uri.clone(),
            headers: request.headers.clone(),
        }
    }
}

/// Whether `fault` hits a request on its way to the pod.
pub(crate) fn hits_request(fault: &HttpFault, request: &Head) -> bool {
    fault.side == HttpSide::Request && of_request(&fault.conditions, request)
}

/// Whether `fault` hits the response to `request` on its way back.
pub(crate) fn hits_response(
    fault: &HttpFault,
    request: &Head,
    status: StatusCode,
    headers: &HeaderMap,
) -> bool {
    let conditions = &fault.conditions;
    fault.side == HttpSide::Response
        && of_request(conditions, request)
        && conditions.code.is_none_or(|code| code == status.as_u16())
        && all_there(&conditions.response_headers, headers)
}

fn of_request(conditions: &HttpConditions, request: &Head) -> bool {
    let path = conditions.path.as_deref();
    let method = conditions.method.as_deref();
    path.is_none_or(|pattern| path_matches(pattern, request.uri.path()))
        && method.is_none_or(|method| method == request.method.as_str())
        && all_there(&conditions.request_headers, &request.headers)
}

/// A header that comes several times needs one equal value.
fn all_there(wanted: &BTreeMap<String, String>, headers: &HeaderMap) -> bool {
    let there = |(name, value): (&String, &String)| {
        let mut values = headers.get_all(name.as_str()).iter();
        values.any(|got| got.as_bytes() == value.as_bytes())
    };
    wanted.iter().all(there)
}

/// `*` is any run of characters, `?` one; all of the path, and case matters.
pub(crate) fn path_matches(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), path.chars().collect());
    let (mut p, mut t) = (0, 0);
    // The last `*` and how far it reaches: on a mismatch it takes one character more.
    let mut star: Option<(usize, usize)> = None;
    while t < path.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == path[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, reach)) => {
                    star = Some((at, reach + 1));
                    (p, t) = (at + 1, reach + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
            assert_eq!(
                path_matches(pattern, path),
                expected,
                "{pattern} and {path}"
            );
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
        HttpFault {
            conditions,
            abort: true,
            ..HttpFault::new(side, 80)
        }
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
        assert!(!hit(HttpConditions {
            path: Some("/b/*".into()),
            ..all.clone()
        }));
        assert!(!hit(HttpConditions {
            method: Some("POST".into()),
            ..all.clone()
        }));
        assert!(!hit(HttpConditions {
            request_headers: one("accept", "z"),
            ..all.clone()
        }));
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
}
