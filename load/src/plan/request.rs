//! What is sent: prepared once, stamped with a trace id for each use.

use http_body_util::Full;
use hyper::{
    Method, Request, Uri,
    body::Bytes,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};

use super::{
    body::{self, BadBody},
    request_spec::RequestSpec,
};
use crate::random::Random;

/// A request, ready to be copied.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    method: Method,
    uri: Uri,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

/// A request that HTTP cannot carry.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadRequest {
    #[error("`{0}` is not a method; write one such as GET or POST")]
    Method(String),
    #[error("`{0}` is not a path; write it as /price/tea, with %20 for a blank")]
    Path(String),
    #[error("`{0}` is not a header; write it as `name: value` in printable ASCII")]
    Header(String),
    #[error("the header `{0}` is made by the load generator; leave it out")]
    Reserved(String),
    #[error("there are two headers `host`; a request has one, so give one of them")]
    TwoHosts,
    #[error(
        "`{0}` is a placeholder, and none is filled in: write the value, or several requests with weights; a body from a file, `@FILE`, is sent as it is"
    )]
    Placeholder(String),
    #[error(transparent)]
    Body(#[from] BadBody),
}

/// What the connection decides; two of them would contradict each other.
const RESERVED: [HeaderName; 4] = [
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    HeaderName::from_static("traceparent"),
];

/// What the URL says about all requests.
pub(crate) struct ForAll<'a> {
    /// Put before each path.
    pub(crate) path: &'a str,
    /// The header `host`, unless a request has its own.
    pub(crate) host: &'a HeaderValue,
    /// The header `authorization`, unless a request has its own.
    pub(crate) login: Option<&'a HeaderValue>,
}

impl Template {
    /// Would this request do?
    pub(crate) fn check(spec: &RequestSpec) -> Result<(), BadRequest> {
        let all = ForAll { path: "", host: &HeaderValue::from_static("localhost"), login: None };
        Self::new(spec, &all, false).map(|_| ())
    }

    /// `close` ends the connection after the answer.
    pub(crate) fn new(
        spec: &RequestSpec,
        all: &ForAll<'_>,
        close: bool,
    ) -> Result<Self, BadRequest> {
        no_placeholder(spec)?;
        let path = format!("{}{}", all.path, spec.path);
        Ok(Self {
            method: Method::from_bytes(spec.method.as_bytes())
                .map_err(|_| BadRequest::Method(spec.method.clone()))?,
            uri: path
                .parse()
                .ok()
                .filter(|uri: &Uri| uri.authority().is_none())
                .ok_or(BadRequest::Path(path))?,
            headers: headers(spec, all, close)?,
            body: Bytes::from(body::of(&spec.body)?),
        })
    }

    /// A copy to send. `headers` is an old header map: filling it again costs no allocation.
    pub(crate) fn request(
        &self,
        mut headers: HeaderMap,
        traceparent: Option<HeaderValue>,
    ) -> Request<Full<Bytes>> {
        headers.clear();
        for (name, value) in &self.headers {
            headers.append(name, value.clone());
        }
        if let Some(traceparent) = traceparent {
            headers.insert(HeaderName::from_static("traceparent"), traceparent);
        }
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = headers;
        request
    }
}

fn headers(
    spec: &RequestSpec,
    all: &ForAll<'_>,
    close: bool,
) -> Result<Vec<(HeaderName, HeaderValue)>, BadRequest> {
    let mut headers: Vec<(HeaderName, HeaderValue)> = Vec::new();
    for (name, value) in &spec.headers {
        let bad = || BadRequest::Header(format!("{name}: {value}"));
        let header: HeaderName = name.parse().map_err(|_| bad())?;
        if RESERVED.contains(&header) {
            return Err(BadRequest::Reserved(name.clone()));
        }
        headers.push((header, value.parse().map_err(|_| bad())?));
    }
    let count = |wanted: HeaderName| headers.iter().filter(|(name, _)| *name == wanted).count();
    let (hosts, logins) = (count(header::HOST), count(header::AUTHORIZATION));
    match hosts {
        0 => headers.insert(0, (header::HOST, all.host.clone())),
        1 => {}
        _ => return Err(BadRequest::TwoHosts),
    }
    if let Some(login) = all.login.filter(|_| logins == 0) {
        headers.push((header::AUTHORIZATION, login.clone()));
    }
    if close {
        // The server closes first, so that its side keeps the port in TIME_WAIT: ours would run out.
        headers.push((header::CONNECTION, HeaderValue::from_static("close")));
    }
    Ok(headers)
}

/// What other load generators would fill in would be sent as it stands here: refused instead.
fn no_placeholder(spec: &RequestSpec) -> Result<(), BadRequest> {
    let headers = spec.headers.iter().map(|(_, value)| value);
    let body = (!spec.body.starts_with('@')).then_some(&spec.body);
    let mut texts = [&spec.path].into_iter().chain(headers).chain(body);
    match texts.find_map(|text| placeholder(text)) {
        Some(found) => Err(BadRequest::Placeholder(found.to_owned())),
        None => Ok(()),
    }
}

/// The first `{{..}}` or `${..}` in a text.
pub(crate) fn placeholder(text: &str) -> Option<&str> {
    [("{{", "}}"), ("${", "}")].into_iter().find_map(|(open, close)| {
        let start = text.find(open)?;
        let length = text[start..].find(close)? + close.len();
        Some(&text[start..start + length])
    })
}

/// Requests and how often each is drawn.
#[derive(Clone, Debug)]
pub(crate) struct Mix {
    templates: Vec<Template>,
    /// Sum of the weights up to and including each template.
    up_to: Vec<u64>,
}

impl Mix {
    /// `weighted` is not empty, and not all weights are 0.
    pub(crate) fn new(weighted: Vec<(Template, u32)>) -> Self {
        let mut sum = 0;
        let up_to = weighted
            .iter()
            .map(|(_, weight)| {
                sum += u64::from(*weight);
                sum
            })
            .collect();
        Self { templates: weighted.into_iter().map(|(template, _)| template).collect(), up_to }
    }

    pub(crate) fn draw(&self, random: &mut Random) -> usize {
        match self.up_to.as_slice() {
            [] | [_] => 0,
            [.., total] => {
                let ticket = random.next() % total;
                self.up_to.partition_point(|up_to| *up_to <= ticket)
            }
        }
    }

    pub(crate) fn template(&self, index: usize) -> &Template {
        &self.templates[index]
    }
}

#[cfg(test)]
mod tests;
