//! Tests of `request.rs`.

use http_body_util::BodyExt;

use super::*;

fn spec(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> RequestSpec {
    RequestSpec {
        method: method.to_owned(),
        path: path.to_owned(),
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: body.to_owned(),
        weight: 1,
    }
}

fn template(spec: &RequestSpec, login: Option<&HeaderValue>) -> Template {
    let host = HeaderValue::from_static("shop");
    Template::new(spec, &ForAll { path: "", host: &host, login }, false).unwrap()
}

/// The headers of a request, in the order in which they are sent.
fn headers(template: &Template) -> Vec<String> {
    let request = template.request(HeaderMap::new(), None);
    let lines = request.headers().iter();
    lines.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
}

#[test]
fn headers_are_sent_as_they_are_given_also_twice_and_also_the_host() {
    let given = [("Cookie", "a=1"), ("x", "y"), ("cookie", "b=2"), ("Host", "virtual.example")];
    let sent = headers(&template(&spec("GET", "/", &given, ""), None));
    assert_eq!(sent, ["cookie: a=1", "cookie: b=2", "x: y", "host: virtual.example"]);
}

#[test]
fn the_user_of_the_url_logs_in_unless_a_request_does() {
    let login = HeaderValue::from_static("Basic YTpi");
    let sent = headers(&template(&spec("GET", "/", &[], ""), Some(&login)));
    assert_eq!(sent, ["host: shop", "authorization: Basic YTpi"]);
    let own = spec("GET", "/", &[("Authorization", "Bearer x")], "");
    assert_eq!(headers(&template(&own, Some(&login))), ["host: shop", "authorization: Bearer x"]);
}

#[test]
fn json_with_many_braces_is_no_placeholder() {
    for text in ["{\"a\": {\"b\": {}}}", "100 $", "{{", "}}{{", "query($id: ID!) { x { y } }"] {
        assert_eq!(placeholder(text), None, "{text}");
    }
}

#[tokio::test]
async fn a_template_becomes_the_request_it_describes() {
    let host = HeaderValue::from_static("shop:8000");
    let template = Template::new(
        &spec("POST", "/rpc?x=1", &[("content-type", "application/json")], "{}"),
        &ForAll { path: "/api", host: &host, login: None },
        true,
    )
    .unwrap();
    let mut old = HeaderMap::new();
    old.insert("left-over", HeaderValue::from_static("1"));
    let request = template.request(old, Some(HeaderValue::from_static("t")));
    assert_eq!(
        (request.method().as_str(), request.uri().to_string().as_str()),
        ("POST", "/api/rpc?x=1")
    );
    let mut headers: Vec<_> = request
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    assert_eq!(
        headers,
        [
            "connection: close",
            "content-type: application/json",
            "host: shop:8000",
            "traceparent: t"
        ]
    );
    assert_eq!(request.into_body().collect().await.unwrap().to_bytes(), "{}");
}

#[test]
fn what_http_cannot_carry_is_refused() {
    for (spec, word) in [
        (spec("G T", "/", &[], ""), "G T"),
        (spec("GET", "/a b", &[], ""), "/a b"),
        (spec("GET", "/", &[("a b", "c")], ""), "a b"),
        (spec("GET", "/", &[("a", "c\nd")], ""), "a: c"),
        (spec("GET", "/", &[("Host", "c"), ("host", "d")], ""), "two headers `host`"),
        (spec("GET", "/", &[("Content-Length", "1")], ""), "Content-Length"),
        (spec("GET", "/item/{{id}}", &[], ""), "{{id}}"),
        (spec("GET", "/", &[("x", "a ${user} b")], ""), "${user}"),
        (spec("POST", "/", &[], "{\"user\": \"{{ name }}\"}"), "{{ name }}"),
        (spec("GET", "/", &[("traceparent", "c")], ""), "traceparent"),
    ] {
        let error = Template::check(&spec).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn requests_are_drawn_by_weight() {
    let template = template(&spec("GET", "/", &[], ""), None);
    let mix = Mix::new([3, 0, 1].map(|weight| (template.clone(), weight)).into());
    let mut random = Random::seeded(1);
    let mut drawn = [0; 3];
    (0..10_000).for_each(|_| drawn[mix.draw(&mut random)] += 1);
    assert_eq!(drawn[1], 0);
    assert!((7_200..7_800).contains(&drawn[0]), "{drawn:?}");
}
