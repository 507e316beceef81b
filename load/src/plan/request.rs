//! What is sent: prepared once, stamped with a trace id for each use.

use http_body_util::Full;
use hyper::{
    Method, Request, Uri,
    body::Bytes,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};

use super::request_spec::RequestSpec;
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
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadRequest {
    #[error("`{0}` is not a method; write one such as GET or POST")]
    Method(String),
    #[error("`{0}` is not a path; write it as /price/tea, with %20 for a blank")]
    Path(String),
    #[error("`{0}` is not a header; write it as `name: value` in printable ASCII")]
    Header(String),
    #[error("the header `{0}` is made by the load generator; leave it out")]
    Reserved(String),
}

/// What the connection decides; two of them would contradict each other.
const RESERVED: [HeaderName; 5] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    HeaderName::from_static("traceparent"),
];

impl Template {
    /// Would this request do?
    pub(crate) fn check(spec: &RequestSpec) -> Result<(), BadRequest> {
        Self::new(spec, "", &HeaderValue::from_static("localhost"), false).map(|_| ())
    }

    pub(crate) fn new(
        spec: &RequestSpec,
        base_path: &str,
        host: &HeaderValue,
        close: bool,
    ) -> Result<Self, BadRequest> {
        let path = format!("{base_path}{}", spec.path);
        let bad_header = |name: &str, value: &str| BadRequest::Header(format!("{name}: {value}"));
        let mut headers = vec![(header::HOST, host.clone())];
        for (name, value) in &spec.headers {
            let header: HeaderName = name.parse().map_err(|_| bad_header(name, value))?;
            if RESERVED.contains(&header) {
                return Err(BadRequest::Reserved(name.clone()));
            }
            headers.push((header, value.parse().map_err(|_| bad_header(name, value))?));
        }
        if close {
            // The server closes first, so that its side keeps the port in TIME_WAIT: ours would run
            // out.
            headers.push((header::CONNECTION, HeaderValue::from_static("close")));
        }
        Ok(Self {
            method: Method::from_bytes(spec.method.as_bytes())
                .map_err(|_| BadRequest::Method(spec.method.clone()))?,
            uri: path
                .parse()
                .ok()
                .filter(|uri: &Uri| uri.authority().is_none())
                .ok_or(BadRequest::Path(path))?,
            headers,
            body: Bytes::from(spec.body.clone().into_bytes()),
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
