//! From the document to the fault: bodies are decoded, and what this stage cannot do is refused by
//! its field.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::spec::{HttpChaos, HttpTarget, Patch, PatchBody, Replace, given};
use crate::fault::{HttpConditions, HttpFault, HttpPatch, HttpReplace, HttpSide, is_framing};
use crate::fields::duration::GoDuration;
use crate::fields::problem::Problem;

pub(super) fn build(spec: &HttpChaos) -> Result<HttpFault, Problem> {
    if spec.tls.is_some() {
        return Err(Problem::new(
            "tls",
            "this stage does not open HTTPS; remove it, and let the pod serve plain HTTP",
        ));
    }
    let port = u16::try_from(spec.port).ok().filter(|port| *port > 0);
    let port = port.ok_or_else(|| {
        Problem::new("port", format!("{} is not a port of the pod; write 1 to 65535", spec.port))
    })?;
    let side = match spec.target {
        HttpTarget::Request => HttpSide::Request,
        HttpTarget::Response => HttpSide::Response,
    };
    let (conditions, delay) = (conditions(spec, side)?, delay(spec)?);
    let replaced = spec.replace.as_ref().map(|parts| replace(parts, side)).transpose()?;
    let patched = spec.patch.as_ref().map(|parts| patch(parts, side)).transpose()?;
    Ok(HttpFault {
        side,
        port,
        conditions,
        abort: spec.abort == Some(true),
        delay,
        replace: replaced.unwrap_or_default(),
        patch: patched.unwrap_or_default(),
    })
}

/// Code and response headers say nothing about a request, which has neither yet.
fn conditions(spec: &HttpChaos, side: HttpSide) -> Result<HttpConditions, Problem> {
    let response = side == HttpSide::Response;
    Ok(HttpConditions {
        path: given(spec.path.as_deref()).map(str::to_owned),
        method: given(spec.method.as_deref()).map(str::to_owned),
        code: code("code", spec.code.filter(|_| response))?,
        request_headers: spec.request_headers.clone(),
        response_headers: if response { spec.response_headers.clone() } else { [].into() },
    })
}

fn delay(spec: &HttpChaos) -> Result<Option<Duration>, Problem> {
    let Some(text) = given(spec.delay.as_deref()) else {
        return Ok(None);
    };
    let delay: GoDuration = text.parse().map_err(|error| Problem::new("delay", error))?;
    let nanos = u64::try_from(delay.as_nanos())
        .map_err(|_| Problem::new("delay", "is negative; write for example 1500ms"))?;
    Ok(Some(Duration::from_nanos(nanos)))
}

fn replace(parts: &Replace, side: HttpSide) -> Result<HttpReplace, Problem> {
    let request = side == HttpSide::Request;
    let of_request =
        |text: &Option<String>| given(text.as_deref()).filter(|_| request).map(str::to_owned);
    let body = parts.body.as_ref().map(|body| BASE64_STANDARD.decode(body));
    let body = body.transpose().map_err(|error| {
        Problem::new(
            "replace.body",
            format!("is not base64 ({error}); encode the text, for example with `base64 -w0`"),
        )
    })?;
    for name in parts.headers.keys() {
        not_framing(format!("replace.headers.{name}"), name)?;
    }
    Ok(HttpReplace {
        path: of_request(&parts.path),
        method: of_request(&parts.method),
        code: new_code(parts.code.filter(|_| !request))?,
        body,
        queries: if request { parts.queries.clone() } else { [].into() },
        headers: parts.headers.clone(),
    })
}

fn patch(parts: &Patch, side: HttpSide) -> Result<HttpPatch, Problem> {
    let queries = pairs("patch.queries", &parts.queries)?;
    let headers = pairs("patch.headers", &parts.headers)?;
    for (index, (name, _)) in headers.iter().enumerate() {
        not_framing(format!("patch.headers[{index}]"), name)?;
    }
    Ok(HttpPatch {
        body: parts.body.as_ref().map(json).transpose()?,
        queries: if side == HttpSide::Request { queries } else { Vec::new() },
        headers,
    })
}

fn json(body: &PatchBody) -> Result<serde_json::Value, Problem> {
    if body.kind != "JSON" {
        return Err(Problem::new(
            "patch.body.type",
            format!("`{}` cannot be merged; only JSON can", body.kind),
        ));
    }
    serde_json::from_str(&body.value).map_err(|error| {
        Problem::new(
            "patch.body.value",
            format!("is not JSON ({error}); write for example '{{\"price\": 0}}'"),
        )
    })
}

fn pairs(field: &str, entries: &[Vec<String>]) -> Result<Vec<(String, String)>, Problem> {
    let pair = |(index, entry): (usize, &Vec<String>)| match entry.as_slice() {
        [name, value] => Ok((name.clone(), value.clone())),
        _ => Err(Problem::new(format!("{field}[{index}]"), "is not a pair; write [name, value]")),
    };
    entries.iter().enumerate().map(pair).collect()
}

fn not_framing(field: String, name: &str) -> Result<(), Problem> {
    if is_framing(name) {
        return Err(Problem::new(
            field,
            format!(
                "`{name}` is set by the reverse proxy, from the body; remove it, and change the body instead"
            ),
        ));
    }
    Ok(())
}

/// A code below 200 can be waited for, but not sent in place of another: clients would wait for the
/// one that counts.
fn new_code(new: Option<i64>) -> Result<Option<u16>, Problem> {
    match code("replace.code", new)? {
        Some(informational @ ..200) => Err(Problem::new(
            "replace.code",
            format!("{informational} does not end a response; write 200 to 999"),
        )),
        code => Ok(code),
    }
}

fn code(field: &str, code: Option<i64>) -> Result<Option<u16>, Problem> {
    // The zero value is absent, as everywhere.
    let Some(code) = code.filter(|code| *code != 0) else {
        return Ok(None);
    };
    match u16::try_from(code) {
        Ok(valid @ 100..=999) => Ok(Some(valid)),
        _ => Err(Problem::new(field, format!("{code} is not a status code; write 100 to 999"))),
    }
}
