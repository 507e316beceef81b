//! What an HTTPChaos asks for, and what is odd about it.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::fault::{HttpFault, HttpSide};

fn spec(extra: &str) -> HttpChaos {
    let text = format!("{{mode: all, selector: {{}}, target: Request, port: 8000, {extra}}}");
    serde_saphyr::from_str(&text).unwrap()
}

fn response(extra: &str) -> HttpChaos {
    HttpChaos { target: HttpTarget::Response, ..spec(extra) }
}

fn fault(spec: &HttpChaos) -> HttpFault {
    match spec.fault() {
        Ok(Fault::Http(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

fn refused(extra: &str) -> String {
    spec(extra).fault().unwrap_err().to_string()
}

fn lints(spec: &HttpChaos) -> Vec<String> {
    let mut lints = Vec::new();
    spec.lints(&mut lints);
    lints.into_iter().map(|lint| lint.field).collect()
}

fn problems(extra: &str) -> Vec<String> {
    let mut problems = Vec::new();
    spec(extra).check(&mut problems);
    problems.into_iter().map(|problem| problem.field).collect()
}

#[test]
fn an_abort_on_a_path_is_read() {
    let fault = fault(&spec("path: '/price/*', abort: true"));
    assert_eq!((fault.side, fault.port, fault.abort), (HttpSide::Request, 8_000, true));
    assert_eq!(fault.conditions.path.as_deref(), Some("/price/*"));
    assert_eq!(fault.conditions.method, None);
}

#[test]
fn headers_are_spelt_in_snake_case_as_upstream() {
    let fault = fault(&response(
        "code: 404, request_headers: {a: b}, response_headers: {c: d}, delay: 1500ms",
    ));
    assert_eq!(fault.conditions.code, Some(404));
    assert_eq!(fault.conditions.request_headers["a"], "b");
    assert_eq!(fault.conditions.response_headers["c"], "d");
    assert_eq!(fault.delay, Some(Duration::from_millis(1_500)));
    let camel = "{mode: all, selector: {}, target: Request, requestHeaders: {}}";
    assert!(serde_saphyr::from_str::<HttpChaos>(camel).is_err());
}

#[test]
fn a_replaced_body_is_decoded() {
    let fault = fault(&response("replace: {body: aGVsbG8=, code: 503, headers: {x: y}}"));
    assert_eq!(fault.replace.body.as_deref(), Some(&b"hello"[..]));
    assert_eq!((fault.replace.code, fault.replace.headers["x"].as_str()), (Some(503), "y"));
    assert!(refused("replace: {body: hello!}").starts_with("replace.body: is not base64"));
}

#[test]
fn a_patched_body_is_json_in_a_text() {
    let fault = fault(&spec(
        "patch: {body: {type: JSON, value: '{\"price\": 0}'}, queries: [[a, b]], headers: [[c, d]]}",
    ));
    assert_eq!(fault.patch.body, Some(json!({"price": 0})));
    assert_eq!(fault.patch.queries, [("a".to_owned(), "b".to_owned())]);
    assert!(refused("patch: {body: {type: XML, value: x}}").starts_with("patch.body.type: "));
    assert!(refused("patch: {body: {type: JSON, value: x}}").starts_with("patch.body.value: "));
    assert!(refused("patch: {headers: [[c]]}").starts_with("patch.headers[0]: is not a pair"));
}

#[test]
fn what_the_other_side_would_read_is_left_out_and_linted() {
    let request = spec("abort: true, code: 404, response_headers: {a: b}");
    assert_eq!(lints(&request), ["code", "response_headers"]);
    assert_eq!(fault(&request).conditions.code, None);
    let response = response("replace: {path: /x, method: GET, queries: {a: b}}");
    assert_eq!(lints(&response), ["replace.path", "replace.method", "replace.queries"]);
    assert_eq!(fault(&response).replace.path, None);
}

#[test]
fn unlikely_documents_are_linted() {
    assert_eq!(lints(&spec("path: /a")), ["abort"]);
    assert_eq!(lints(&spec("abort: true, delay: 1s")), ["abort"]);
    assert_eq!(lints(&spec("delay: 1.5s")), ["delay"]);
    assert_eq!(lints(&spec("delay: 1s, path: api/x")), ["path"]);
    assert_eq!(lints(&spec("delay: 1s, path: '/a?b=c'")), ["path"]);
    assert!(lints(&spec("delay: 1500ms, path: '/a/?'")).is_empty());
}

#[test]
fn what_admission_refuses_is_refused() {
    assert_eq!(
        problems("port: -1".replace("port", "value: '', code").as_str()),
        Vec::<String>::new()
    );
    assert_eq!(
        problems("method: get, delay: 1d, replace: {method: FETCH}"),
        ["method", "replace.method", "delay"]
    );
    let mut negative = spec("abort: true");
    negative.port = -1;
    let mut found = Vec::new();
    negative.check(&mut found);
    assert_eq!(found[0].field, "port");
}

#[test]
fn what_this_stage_cannot_do_is_refused_by_its_field() {
    let tls = "tls: {certName: a, keyName: b, secretName: c, secretNamespace: d}";
    assert!(refused(tls).starts_with("tls: "));
    assert!(refused("delay: -1s").starts_with("delay: is negative"));
    assert!(response("code: 7").fault().unwrap_err().field == "code");
    let mut everywhere = spec("abort: true");
    everywhere.port = 0;
    assert_eq!(everywhere.fault().unwrap_err().field, "port");
}

#[test]
fn what_would_break_the_framing_of_messages_is_refused_by_its_field() {
    for (extra, expected) in [
        ("replace: {headers: {Content-Length: '3'}}", "replace.headers.Content-Length: "),
        (
            "replace: {headers: {x: y, transfer-encoding: chunked}}",
            "replace.headers.transfer-encoding: ",
        ),
        ("patch: {headers: [[x, y], [CONTENT-LENGTH, '3']]}", "patch.headers[1]: "),
        ("patch: {headers: [[Transfer-Encoding, gzip]]}", "patch.headers[0]: "),
    ] {
        let refusal = refused(extra);
        assert!(refusal.starts_with(expected), "{refusal}");
        assert!(refusal.contains("remove it"), "{refusal}");
    }
    for code in [100, 101, 199] {
        let refusal = response(&format!("replace: {{code: {code}}}")).fault();
        let refusal = refusal.unwrap_err().to_string();
        assert!(refusal.starts_with("replace.code: "), "{refusal}");
        assert!(refusal.ends_with("write 200 to 999"), "{refusal}");
    }
    let harmless = "code: 100, replace: {code: 200, headers: {Connection: keep-alive}}";
    assert_eq!(fault(&response(harmless)).replace.code, Some(200));
}
