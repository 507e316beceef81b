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

#[tokio::test]
async fn a_template_becomes_the_request_it_describes() {
    let host = HeaderValue::from_static("shop:8000");
    let template = Template::new(
        &spec("POST", "/rpc?x=1", &[("content-type", "application/json")], "{}"),
        "/api",
        &host,
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
        (spec("GET", "/", &[("Host", "c")], ""), "Host"),
        (spec("GET", "/", &[("traceparent", "c")], ""), "traceparent"),
    ] {
        let error = Template::check(&spec).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn requests_are_drawn_by_weight() {
    let template =
        Template::new(&spec("GET", "/", &[], ""), "", &HeaderValue::from_static("h"), false)
            .unwrap();
    let mix = Mix::new([3, 0, 1].map(|weight| (template.clone(), weight)).into());
    let mut random = Random::seeded(1);
    let mut drawn = [0; 3];
    (0..10_000).for_each(|_| drawn[mix.draw(&mut random)] += 1);
    assert_eq!(drawn[1], 0);
    assert!((7_200..7_800).contains(&drawn[0]), "{drawn:?}");
}
