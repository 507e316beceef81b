//! How the head of a message is changed: parts are replaced, then others are added. Pure.

use chaos::fault::{HttpFault, HttpPatch, HttpReplace};
use hyper::http::uri::PathAndQuery;
use hyper::{HeaderMap, Method, StatusCode, Uri};

use crate::local::http::decode;

/// A part of a fault that HTTP does not allow, such as a header name with a blank, or not in a
/// message that is complete.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP fault's {part} `{value}` is not allowed in HTTP; correct it in the experiment")]
pub(crate) struct NotAllowed {
    part: &'static str,
    value: String,
}

fn not_allowed(part: &'static str, value: impl ToString) -> NotAllowed {
    NotAllowed { part, value: value.to_string() }
}

/// Refuses what could not be said later.
pub(crate) fn check(fault: &HttpFault) -> Result<(), NotAllowed> {
    let (mut method, mut uri) = (Method::GET, Uri::from_static("/"));
    request_line(fault, &mut method, &mut uri)?;
    status(&fault.replace, &mut StatusCode::OK.clone())?;
    let patched = fault.patch.headers.iter().map(|(name, _)| name);
    let mut named = fault.replace.headers.keys().chain(patched);
    if let Some(name) = named.find(|name| chaos::fault::is_framing(name)) {
        return Err(not_allowed("header", name));
    }
    headers(fault, &mut HeaderMap::new())
}

/// Method, path and query.
pub(crate) fn request_line(
    fault: &HttpFault,
    method: &mut Method,
    uri: &mut Uri,
) -> Result<(), NotAllowed> {
    let (replace, patch) = (&fault.replace, &fault.patch);
    if let Some(new) = &replace.method {
        *method = Method::from_bytes(new.as_bytes()).map_err(|_| not_allowed("method", new))?;
    }
    if replace.path.is_none() && replace.queries.is_empty() && patch.queries.is_empty() {
        return Ok(());
    }
    let path = replace.path.as_deref().unwrap_or(uri.path());
    let query = queries(uri.query().unwrap_or_default(), replace, patch);
    let all = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    let mut parts = std::mem::take(uri).into_parts();
    let new = PathAndQuery::try_from(all.as_str()).map_err(|_| not_allowed("path", &all))?;
    parts.path_and_query = Some(new);
    *uri = Uri::from_parts(parts).map_err(|_| not_allowed("path", &all))?;
    Ok(())
}

/// Replaced parameters lose all their old values; patched ones come after all others.
fn queries(old: &str, replace: &HttpReplace, patch: &HttpPatch) -> String {
    let name = |pair: &str| decode(pair.split_once('=').map_or(pair, |(name, _)| name));
    let kept = old
        .split('&')
        .filter(|pair| !pair.is_empty() && !replace.queries.contains_key(&name(pair)));
    let new = replace.queries.iter();
    let new = new.chain(patch.queries.iter().map(|(name, value)| (name, value)));
    let new = new.map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    let all: Vec<String> = kept.map(str::to_owned).chain(new).collect();
    all.join("&")
}

/// Percent-encoding of everything but RFC 3986's unreserved characters.
fn encode(text: &str) -> String {
    let byte = |b: u8| match b {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(b).to_string()
        }
        _ => format!("%{b:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// Status code. One below 200 announces another response, which would never come.
pub(crate) fn status(replace: &HttpReplace, status: &mut StatusCode) -> Result<(), NotAllowed> {
    if let Some(code) = replace.code {
        let new = StatusCode::from_u16(code).ok();
        let last = new.filter(|new| !new.is_informational());
        *status = last.ok_or_else(|| not_allowed("status code", code))?;
    }
    Ok(())
}

/// Replaced headers lose all their old values; patched ones are added.
pub(crate) fn headers(fault: &HttpFault, headers: &mut HeaderMap) -> Result<(), NotAllowed> {
    use hyper::header::{HeaderName, HeaderValue};
    let parsed = |name: &str, value: &str| -> Result<(HeaderName, HeaderValue), NotAllowed> {
        Ok((
            name.parse().map_err(|_| not_allowed("header", name))?,
            value.parse().map_err(|_| not_allowed("header value", value))?,
        ))
    };
    for (name, value) in &fault.replace.headers {
        let (name, value) = parsed(name, value)?;
        headers.insert(name, value);
    }
    for (name, value) in &fault.patch.headers {
        let (name, value) = parsed(name, value)?;
        headers.append(name, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chaos::fault::HttpSide;

    use super::*;

    fn fault() -> HttpFault {
        HttpFault::new(HttpSide::Request, 80)
    }

    #[test]
    fn path_query_and_method_are_replaced_and_queries_are_appended() {
        let mut fault = fault();
        fault.replace.path = Some("/new".into());
        fault.replace.method = Some("PUT".into());
        fault.replace.queries = BTreeMap::from([("a b".into(), "1&2".into())]);
        fault.patch.queries = vec![("k".into(), "v".into()), ("k".into(), "w".into())];
        let (mut method, mut uri) = (Method::GET, "/old?a+b=9&c=3&a%20b=8".parse().unwrap());
        request_line(&fault, &mut method, &mut uri).unwrap();
        assert_eq!(
            (method, uri.to_string().as_str()),
            (Method::PUT, "/new?c=3&a%20b=1%262&k=v&k=w")
        );
    }

    #[test]
    fn headers_are_overwritten_or_added() {
        let mut fault = fault();
        fault.replace.headers = BTreeMap::from([("X-One".into(), "new".into())]);
        fault.patch.headers = vec![("x-two".into(), "more".into())];
        let mut map = HeaderMap::new();
        for (name, value) in [("x-one", "a"), ("x-one", "b"), ("x-two", "c")] {
            map.append(name, value.parse().unwrap());
        }
        headers(&fault, &mut map).unwrap();
        let values =
            |name| map.get_all(name).iter().map(|v| v.to_str().unwrap()).collect::<Vec<_>>();
        assert_eq!((values("x-one"), values("x-two")), (vec!["new"], vec!["c", "more"]));
    }

    #[test]
    fn what_http_does_not_allow_is_refused_before_it_is_injected() {
        let refused = |change: fn(&mut HttpFault)| {
            let mut fault = fault();
            change(&mut fault);
            check(&fault).unwrap_err().to_string()
        };
        assert!(refused(|f| f.replace.code = Some(42)).contains("status code `42`"));
        assert!(refused(|f| f.replace.code = Some(199)).contains("status code `199`"));
        assert!(refused(|f| f.replace.method = Some("A B".into())).contains("method"));
        assert!(refused(|f| f.replace.path = Some("/a b".into())).contains("path"));
        assert!(refused(|f| f.patch.headers = vec![("a b".into(), "c".into())]).contains("header"));
        let framing = refused(|f| f.patch.headers = vec![("Content-Length".into(), "9".into())]);
        assert!(framing.contains("header `Content-Length`"));
        assert!(check(&fault()).is_ok());
    }
}
