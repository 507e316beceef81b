//! Every example of section 7 of the JSON-RPC 2.0 specification, and what the specification says in
//! words.

use orders::rpc::{BATCH_MAX, Error, Methods, Metrics, Reply, answer};
use prometheus::Registry;
use rocket::execute as block_on;
use serde_json::{Value, from_str, json};

/// The methods that the specification's examples call.
struct Examples(Metrics);

impl Methods for Examples {
    async fn call(&self, method: &str, params: Option<&str>) -> Result<Value, Error> {
        let params: Value = from_str(params.unwrap_or("[]")).unwrap();
        let number = |place: usize, name: &str| params.get(place).or(params.get(name))?.as_i64();
        match method {
            "subtract" => {
                let minuend = number(0, "minuend").ok_or(Error::PARAMS)?;
                Ok(json!(minuend - number(1, "subtrahend").ok_or(Error::PARAMS)?))
            }
            "sum" => Ok(json!((0..3).filter_map(|place| number(place, "")).sum::<i64>())),
            "get_data" => Ok(json!(["hello", 5])),
            "update" | "notify_hello" | "notify_sum" => Ok(Value::Null),
            _ => Err(Error::METHOD),
        }
    }

    fn count(&self, method: &str, error: Option<&Error>) {
        self.0.called(method, error);
    }
}

/// HTTP status and answer, the explanations of errors left out: they are ours.
fn ask(body: &str) -> (u16, Value) {
    let methods = Examples(Metrics::register(&Registry::new()).unwrap());
    let (status, text) = match block_on(answer(body.as_bytes(), &methods)) {
        Reply::Answered(text) => (200, text),
        Reply::Nothing(()) => (204, "null".to_owned()),
        Reply::NoRequest(text) => (400, text),
        Reply::TooLong(text) => (413, text),
        Reply::Busy(text, _) => (503, text),
    };
    let mut answer: Value = from_str(&text).unwrap();
    let answers = match &mut answer {
        Value::Array(answers) => answers.iter_mut().collect(),
        single => vec![single],
    };
    for error in answers.into_iter().filter_map(|answer| answer.get_mut("error")) {
        error.as_object_mut().unwrap().remove("data");
    }
    (status, answer)
}

/// An error as the specification prints it, for an unknown id.
fn error(code: i32) -> Value {
    let message = match code {
        -32700 => "Parse error",
        -32600 => "Invalid Request",
        -32601 => "Method not found",
        -32602 => "Invalid params",
        _ => panic!("{code}"),
    };
    json!({"jsonrpc": "2.0", "error": {"code": code, "message": message}, "id": null})
}

fn error_for(id: Value, code: i32) -> Value {
    let mut error = error(code);
    error["id"] = id;
    error
}

fn result(id: Value, result: Value) -> Value {
    json!({"jsonrpc": "2.0", "result": result, "id": id})
}

#[test]
fn every_example_of_the_specification_is_answered_as_printed() {
    for (name, body, expected) in [
        (
            "positional parameters",
            r#"{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}"#,
            (200, result(json!(1), json!(19))),
        ),
        (
            "positional parameters",
            r#"{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}"#,
            (200, result(json!(2), json!(-19))),
        ),
        (
            "named parameters",
            r#"{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}"#,
            (200, result(json!(3), json!(19))),
        ),
        (
            "named parameters",
            r#"{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4}"#,
            (200, result(json!(4), json!(19))),
        ),
        (
            "a notification",
            r#"{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}"#,
            (204, Value::Null),
        ),
        ("a notification", r#"{"jsonrpc": "2.0", "method": "foobar"}"#, (204, Value::Null)),
        (
            "a method that does not exist",
            r#"{"jsonrpc": "2.0", "method": "foobar", "id": "1"}"#,
            (200, error_for(json!("1"), -32601)),
        ),
        (
            "invalid JSON",
            r#"{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]"#,
            (400, error(-32700)),
        ),
        (
            "an invalid request object",
            r#"{"jsonrpc": "2.0", "method": 1, "params": "bar"}"#,
            (400, error(-32600)),
        ),
        (
            "a batch of invalid JSON",
            r#"[
                {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
                {"jsonrpc": "2.0", "method"
            ]"#,
            (400, error(-32700)),
        ),
        ("an empty array", "[]", (400, error(-32600))),
        ("an invalid batch that is not empty", "[1]", (200, json!([error(-32600)]))),
        (
            "an invalid batch",
            "[1,2,3]",
            (200, json!([error(-32600), error(-32600), error(-32600)])),
        ),
        (
            "a batch",
            r#"[
                {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
                {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
                {"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},
                {"foo": "boo"},
                {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
                {"jsonrpc": "2.0", "method": "get_data", "id": "9"}
            ]"#,
            (
                200,
                json!([
                    result(json!("1"), json!(7)),
                    result(json!("2"), json!(19)),
                    error(-32600),
                    error_for(json!("5"), -32601),
                    result(json!("9"), json!(["hello", 5])),
                ]),
            ),
        ),
        (
            "a batch of notifications",
            r#"[
                {"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},
                {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}
            ]"#,
            (204, Value::Null),
        ),
    ] {
        assert_eq!(ask(body), expected, "{name}: {body}");
    }
}

#[test]
fn what_the_specification_forbids_is_an_invalid_request() {
    for body in [
        r#"{"method": "sum", "id": 1}"#,
        r#"{"jsonrpc": "1.0", "method": "sum", "id": 1}"#,
        r#"{"jsonrpc": 2.0, "method": "sum", "id": 1}"#,
        r#"{"jsonrpc": "2.0", "id": 1}"#,
        r#"{"jsonrpc": "2.0", "method": null, "id": 1}"#,
        r#"{"jsonrpc": "2.0", "method": "sum", "id": {}}"#,
        r#"{"jsonrpc": "2.0", "method": "sum", "id": [1]}"#,
        r#"{"jsonrpc": "2.0", "method": "sum", "id": true}"#,
        r#"{"jsonrpc": "2.0", "method": "sum", "params": null, "id": 1}"#,
        r#"{"jsonrpc": "2.0", "method": "sum", "params": 7, "id": 1}"#,
        r#"{"jsonrpc": "2.0", "method": "sum", "id": 1, "id": 2}"#,
        r#"{"jsonrpc": "2.0", "method": "sum", "method": "get_data", "id": 1}"#,
        r#"{"jsonrpc": "2.0", "method": "sum", "id": 1, "token": 5}"#,
        r#"["2.0", "sum", [], 1]"#,
        "null",
        r#""sum""#,
    ] {
        let (status, answer) = ask(body);
        if body.starts_with('[') {
            assert_eq!(answer[0], error(-32600), "{body}");
        } else {
            assert_eq!((status, answer), (400, error(-32600)), "{body}");
        }
    }
    // Inside a batch, an array is not a call either, although its members come in the right order.
    let (_, answer) = ask(r#"[["2.0", "sum", [1, 2, 4], 1]]"#);
    assert_eq!(answer, json!([error(-32600)]));
}

#[test]
fn an_id_comes_back_as_it_was_written() {
    for id in [
        "null",
        "0",
        "-0",
        "1.50",
        "1e2",
        "123456789012345678901234567890",
        r#""""#,
        r#""\u00e9\n""#,
    ] {
        let body = format!(r#" {{"id": {id}, "method": "get_data", "jsonrpc": "2.0"}} "#);
        let methods = Examples(Metrics::register(&Registry::new()).unwrap());
        let Reply::Answered(text) = block_on(answer(body.as_bytes(), &methods)) else {
            panic!("{body}");
        };
        let expected = format!(r#"{{"jsonrpc":"2.0","result":["hello",5],"id":{id}}}"#);
        assert_eq!(text, expected);
    }
}

#[test]
fn a_text_that_is_not_json_throughout_is_a_parse_error_wherever_the_mistake_is() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for body in [
        "",
        " ",
        "{",
        "nul",
        "{'jsonrpc': 2}",
        r#"{"jsonrpc": "2.0", "method": "sum", "params": ["\ud800"], "id": 1}"#,
        r#"{"jsonrpc": "2.0", "method": "sum", "id": 1} x"#,
        r#"{"jsonrpc": "2.0", "method": "sum", "id": 1,}"#,
        r#"[{"jsonrpc": "2.0", "method": "sum", "id": 01}]"#,
        &deep,
    ] {
        assert_eq!(ask(body), (400, error(-32700)), "{body}");
    }
}

#[test]
fn a_batch_has_a_limit_and_beyond_it_no_call_is_made() {
    let call = r#"{"jsonrpc": "2.0", "method": "sum", "id": 1}"#;
    let batch = |calls: usize| format!("[{}]", vec![call; calls].join(","));
    let (status, answers) = ask(&batch(BATCH_MAX));
    assert_eq!((status, answers.as_array().unwrap().len()), (200, BATCH_MAX));
    assert_eq!(ask(&batch(BATCH_MAX + 1)), (400, error(-32600)));
    assert_eq!(ask(&batch(1000)), (400, error(-32600)));
}

#[test]
fn calls_are_counted_by_what_became_of_them_and_made_up_names_get_no_series() {
    let registry = Registry::new();
    let methods = Examples(Metrics::register(&registry).unwrap());
    let series = || registry.gather().iter().map(|family| family.get_metric().len()).sum::<usize>();
    let at_start = series();
    for body in [
        r#"{"jsonrpc": "2.0", "method": "made.up", "id": 1}"#,
        r#"{"jsonrpc": "2.0", "method": "made.up.too"}"#,
        r#"{"jsonrpc": "2.0"}"#,
        "{",
    ] {
        block_on(answer(body.as_bytes(), &methods));
    }
    assert_eq!(series(), at_start);
    let text = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
    for (code, count) in [(-32601, 2), (-32600, 1), (-32700, 1)] {
        let line =
            format!("orders_rpc_requests_total{{code=\"{code}\",method=\"unknown\"}} {count}");
        assert!(text.contains(&line), "{line} is not in {text}");
    }
}
