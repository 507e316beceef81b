//! What an HTTP fault hits: conditions on requests and responses. Pure, after Chaos Mesh's own
//! rules.

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
    pub(crate) fn new(request: &Parts) -> Self {
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
mod tests;
