//! Whatever arrives on `/rpc`, the answer is one that JSON-RPC knows.

use instrument::{Env, Service};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rocket::local::blocking::Client;
use serde_json::{Value, from_str, json};

fn client() -> Client {
    let settings = [("WORK_UNITS", "1"), ("ORDERS_MAX", "100")];
    let mut service = Service::new("orders", Env::of(settings)).unwrap();
    Client::untracked(orders::build(&mut service).unwrap()).unwrap()
}

/// Sends a body and checks the answer against the protocol.
fn ask(client: &Client, body: &[u8]) -> Result<u16, TestCaseError> {
    let answer = client.post("/rpc").body(body).dispatch();
    let status = answer.status().code;
    let text = answer.into_string().unwrap_or_default();
    match status {
        204 => prop_assert_eq!(text, ""),
        200 | 400 | 413 => {
            let answer: Value =
                from_str(&text).map_err(|why| TestCaseError::fail(format!("{why}: {text}")))?;
            let answers = match answer {
                Value::Array(answers) => answers,
                single => vec![single],
            };
            prop_assert!(!answers.is_empty());
            for answer in answers {
                prop_assert!(is_answer(&answer), "{}", answer);
            }
        }
        other => prop_assert!(false, "status {}", other),
    }
    Ok(status)
}

fn is_answer(answer: &Value) -> bool {
    let error = answer.get("error");
    let known = error.is_none_or(|error| {
        let code = error["code"].as_i64().unwrap_or(0);
        [-32700, -32600, -32601, -32602, -32001].contains(&code) && error["message"].is_string()
    });
    let id = answer.get("id");
    answer["jsonrpc"] == "2.0"
        && answer.get("result").is_some() != error.is_some()
        && known
        && id.is_some_and(|id| id.is_null() || id.is_number() || id.is_string())
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..8).prop_map(Value::from),
            btree_map(any::<String>(), inner, 0..8)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// Almost a call: each member is right, something else, or not there.
fn almost_a_call() -> impl Strategy<Value = Value> {
    let member = |right: Vec<Value>| {
        prop_oneof![
            6 => proptest::sample::select(right).prop_map(Some),
            1 => any_json().prop_map(Some),
            1 => Just(None),
        ]
    };
    let methods = ["orders.get", "orders.create", "orders.price", "orders.none"];
    let params = vec![
        json!({"id": 0}),
        json!({"item": "tea"}),
        json!({"item": "tea", "quantity": 2}),
        json!(["tea", 2]),
        json!([0]),
    ];
    let members = (
        member(vec![json!("2.0")]),
        member(methods.map(Value::from).to_vec()),
        member(params),
        member(vec![json!(1), json!("one"), Value::Null]),
    );
    members.prop_map(|(jsonrpc, method, params, id)| {
        let members = [("jsonrpc", jsonrpc), ("method", method), ("params", params), ("id", id)];
        let given = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        given.collect()
    })
}

#[test]
fn arbitrary_bytes_are_answered_by_the_protocol() {
    let client = client();
    let mut runner = TestRunner::new(Config::with_cases(512));
    let outcome = runner.run(&vec(any::<u8>(), 0..512), |body| ask(&client, &body).map(|_| ()));
    outcome.unwrap();
}

#[test]
fn arbitrary_json_is_answered_by_the_protocol() {
    let client = client();
    let mut runner = TestRunner::new(Config::with_cases(256));
    let outcome =
        runner.run(&any_json(), |body| ask(&client, body.to_string().as_bytes()).map(|_| ()));
    outcome.unwrap();
}

#[test]
fn what_is_almost_a_call_or_a_batch_of_it_is_answered_by_the_protocol() {
    let client = client();
    let bodies = prop_oneof![almost_a_call(), vec(almost_a_call(), 0..5).prop_map(Value::from),];
    let mut runner = TestRunner::new(Config::with_cases(512));
    let outcome = runner.run(&bodies, |body| ask(&client, body.to_string().as_bytes()).map(|_| ()));
    outcome.unwrap();
}
