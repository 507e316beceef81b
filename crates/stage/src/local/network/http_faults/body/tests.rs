//! Tests of `body.rs`.

use chaos::fault::HttpSide;

use super::*;

fn fault(replace: Option<&str>, patch: Option<&str>) -> HttpFault {
    let mut fault = HttpFault::new(HttpSide::Request, 80);
    fault.replace.body = replace.map(|body| body.as_bytes().to_vec());
    fault.patch.body = patch.map(|patch| serde_json::from_str(patch).unwrap());
    fault
}

/// A body of which nothing ever comes.
struct Silent;

impl hyper::body::Body for Silent {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Failure>>> {
        std::task::Poll::Pending
    }
}

#[test]
fn merging_follows_the_table_of_rfc_7396() {
    for (target, patch, expected) in [
        (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
        (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
        (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
        (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
        (r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#),
        (r#"{"a":"b"}"#, r#"["c"]"#, r#"["c"]"#),
        (r#"{"a":"foo"}"#, "null", "null"),
        (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
        ("[1,2]", r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#),
        ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
    ] {
        let mut value: Value = serde_json::from_str(target).unwrap();
        merge(&mut value, &serde_json::from_str(patch).unwrap());
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(value, expected, "{target} and {patch}");
    }
}

#[tokio::test]
async fn a_replaced_body_is_never_read_and_has_its_own_length_and_no_old_packing() {
    for (patch, expected) in [(None, r#"{"a":1}"#), (Some(r#"{"b":2}"#), r#"{"a":1,"b":2}"#)] {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, 3.into());
        headers.insert(CONTENT_ENCODING, "gzip".parse().unwrap());
        let fault = fault(Some(r#"{"a":1}"#), patch);
        let new = change(&fault, Silent.boxed(), &mut headers).await.unwrap();
        assert_eq!(new.collect().await.unwrap().to_bytes(), expected);
        assert_eq!(headers[CONTENT_LENGTH], expected.len().to_string());
        assert!(!headers.contains_key(CONTENT_ENCODING));
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_no_body_to_patch() {
    let (patch, mut headers) = (fault(None, Some("{}")), HeaderMap::new());
    for old in ["no json", "", "{} {}"] {
        let new = change(&patch, whole(old), &mut headers).await;
        assert!(matches!(new, Err(Failure::NotJson(_))), "{old}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_or_does_not_end_is_not_collected() {
    let late = collected(Silent.boxed(), Duration::from_millis(1)).await;
    let late = late.unwrap_err().to_string();
    assert!(late.ends_with("it has not ended within 1ms"), "{late}");
    let large = collected(whole(vec![0; MAX_BYTES + 1]), TIME_OUT).await;
    assert!(matches!(large, Err(Failure::Body(_))));
}
