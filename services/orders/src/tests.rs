//! What `orders` promises over REST. Each lesson has tests of its own, and so have hostile input
//! and JSON-RPC, in `tests/`.

use instrument::{Env, Service};
use prometheus::Registry;
use rocket::futures::future::join_all;
use rocket::http::{Method, Status};
use rocket::local::asynchronous::{Client, LocalResponse};
use rocket::tokio::time::Duration;
use serde_json::{Value, json};

/// How long anything may take before a test gives up. Far more than it takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn clients<const N: usize>(
    settings: [(&str, &str); N],
) -> (Client, Client, Registry) {
    let mut service = Service::new("orders", Env::of(settings)).unwrap();
    let rocket = crate::build(&mut service).unwrap();
    let registry = service.registry.clone();
    let business = Client::untracked(rocket).await.unwrap();
    let admin = Client::untracked(service.into_admin()).await.unwrap();
    (business, admin, registry)
}

/// The value of a series, written as on `/metrics`.
pub(crate) fn value(registry: &Registry, series: &str) -> f64 {
    let text = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
    let value =
        text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok());
    value.unwrap_or_else(|| panic!("no {series} in {text}"))
}

pub(crate) async fn answer(client: &Client, path: &'static str) -> (Status, Value) {
    let answer = client.get(path).dispatch().await;
    let status = answer.status();
    let text = answer.into_string().await.unwrap_or_default();
    (status, serde_json::from_str(&text).unwrap_or_default())
}

pub(crate) async fn order<'c>(client: &'c Client, body: &str) -> LocalResponse<'c> {
    client.post("/orders").body(body).dispatch().await
}

#[rocket::async_test]
async fn an_order_is_priced_kept_and_found_again() {
    let (client, _, _) = clients([("WORK_UNITS", "1")]).await;
    let (status, tea) = answer(&client, "/orders/price/tea").await;
    assert_eq!((status, &tea["item"]), (Status::Ok, &json!("tea")));
    let cents = tea["cents"].as_u64().unwrap();
    assert!((100..=10_000).contains(&cents), "{cents}");

    let created = order(&client, r#"{"item": "tea", "quantity": 3}"#).await;
    assert_eq!(created.status(), Status::Created);
    assert_eq!(created.headers().get_one("location"), Some("/orders/0"));
    let expected = json!({"id": 0, "item": "tea", "quantity": 3, "cents": 3 * cents});
    assert_eq!(created.into_json::<Value>().await.unwrap(), expected);
    assert_eq!(answer(&client, "/orders/0").await, (Status::Ok, expected));
    assert_eq!(answer(&client, "/orders/1").await.0, Status::NotFound);
}

#[rocket::async_test]
async fn the_oldest_order_makes_room_for_a_new_one_and_is_counted() {
    let (client, _, registry) = clients([("WORK_UNITS", "1"), ("ORDERS_MAX", "2")]).await;
    for _ in 0..3 {
        order(&client, r#"{"item": "tea", "quantity": 1}"#).await;
    }
    let statuses =
        join_all(["/orders/0", "/orders/1", "/orders/2"].map(|path| answer(&client, path)));
    let statuses: Vec<Status> = statuses.await.into_iter().map(|(status, _)| status).collect();
    assert_eq!(statuses, [Status::NotFound, Status::Ok, Status::Ok]);
    assert_eq!(value(&registry, "orders_evicted_total"), 1.0);
}

#[rocket::async_test]
async fn what_is_not_an_order_is_refused_in_one_line_and_nothing_is_kept() {
    let (client, _, _) = clients([("WORK_UNITS", "1")]).await;
    let deep = "[".repeat(10_000);
    let long = format!(r#"{{"item": "tea", "quantity": 1}}{}"#, " ".repeat(64 << 10));
    let long_name = format!(r#"{{"item": "{}", "quantity": 1}}"#, "x".repeat(33));
    for (body, status) in [
        ("", 400),
        ("tea", 400),
        (r#"{"item": "tea", "quantity": 1"#, 400),
        (r#"{"item": "\ud800", "quantity": 1}"#, 400),
        (&deep, 400),
        (r#"["tea", 1]"#, 422),
        ("null", 422),
        (r#"{"item": "tea"}"#, 422),
        (r#"{"item": "tea", "quantity": 0}"#, 422),
        (r#"{"item": "tea", "quantity": -1}"#, 422),
        (r#"{"item": "tea", "quantity": 1.5}"#, 422),
        (r#"{"item": "tea", "quantity": "1"}"#, 422),
        (r#"{"item": "tea", "quantity": 65536}"#, 422),
        (r#"{"item": "tea", "item": "cake", "quantity": 1}"#, 422),
        (r#"{"item": "tea", "quantity": 1, "cents": 0}"#, 422),
        (r#"{"item": "Tea!", "quantity": 1}"#, 422),
        (r#"{"item": "", "quantity": 1}"#, 422),
        (&long_name, 422),
        (&long, 413),
    ] {
        let shown: String = body.chars().take(60).collect();
        let refused = order(&client, body).await;
        assert_eq!(refused.status().code, status, "{shown}");
        let why = refused.into_string().await.unwrap();
        assert!(why.lines().count() == 1 && why.len() > 5, "{shown}: {why}");
    }
    let not_text = client.post("/orders").body([0xff, 0xfe]).dispatch().await;
    assert_eq!(not_text.status(), Status::BadRequest);
    assert_eq!(answer(&client, "/orders/0").await.0, Status::NotFound);
    for path in ["/orders/price/T%C3%A9", "/orders/price/%ff", "/orders/-1", "/orders/x"] {
        assert_eq!(answer(&client, path).await.0, Status::UnprocessableEntity, "{path}");
    }
}

#[rocket::async_test]
async fn a_refused_request_says_when_to_come_back() {
    let settings = [("WORK_UNITS", "500"), ("WORK_WORKERS", "1"), ("WORK_QUEUE", "0")];
    let (client, _, registry) = clients(settings).await;
    let call =
        r#"{"jsonrpc": "2.0", "method": "orders.price", "params": {"item": "tea"}, "id": 1}"#;
    let (first, rest, rpc) = rocket::tokio::join!(
        client.get("/orders/price/tea").dispatch(),
        client.get("/orders/price/tea").dispatch(),
        client.post("/rpc").body(call).dispatch(),
    );
    assert_eq!(first.status(), Status::Ok);
    for refused in [rest, rpc] {
        assert_eq!(refused.status(), Status::ServiceUnavailable);
        assert_eq!(refused.headers().get_one("retry-after"), Some("1"));
    }
    let series = r#"orders_rpc_requests_total{code="-32000",method="orders.price"}"#;
    assert_eq!(value(&registry, series), 1.0);
}

#[rocket::async_test]
async fn wrong_settings_are_refused_with_name_and_remedy() {
    for (name, value, remedy) in [
        ("WORK_MODE", "turbo", "inline, thread-per-request, bounded"),
        ("WORK_UNITS", "0", "1 to 65535"),
        ("WORK_WORKERS", "0", "1 to 65535"),
        ("WORK_QUEUE", "-1", "0 to 65535"),
        ("ORDERS_MAX", "many", "1 to 65535"),
        ("WATCHERS_MAX", "0", "1 to 65535"),
        ("WATCH_QUEUE", "endless", "bounded or unbounded"),
        ("WATCH_BUDGET_BYTES", "64M", "set it to the bytes"),
    ] {
        let mut service = Service::new("orders", Env::of([(name, value)])).unwrap();
        let error = crate::build(&mut service).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(remedy), "{error}");
    }
}

/// The document and the routes, each as method and path.
#[rocket::async_test]
async fn the_openapi_document_has_the_routes_of_the_service_and_no_other() {
    let (client, _, _) = clients([]).await;
    let answer = client.get("/openapi.yaml").dispatch().await;
    assert_eq!(answer.content_type().unwrap().to_string(), "application/yaml");
    let document: Value = serde_saphyr::from_str(&answer.into_string().await.unwrap()).unwrap();
    let mut documented = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let methods = methods.as_object().unwrap().keys();
        documented.extend(methods.map(|method| format!("{} {path}", method.to_uppercase())));
    }
    let braces = |path: &str| path.replace('<', "{").replace('>', "}");
    let mut routes: Vec<String> = client
        .rocket()
        .routes()
        .map(|route| format!("{} {}", route.method, braces(route.uri.as_str())))
        .collect();
    documented.sort();
    routes.sort();
    assert_eq!(documented, routes);
}

/// What the document says about a status has to be true for at least one answer that can be had
/// here; that all answers are in the document, a fuzzer finds out.
#[rocket::async_test]
async fn the_openapi_document_knows_the_statuses_that_are_answered() {
    let (client, _, _) = clients([("WORK_UNITS", "1")]).await;
    let document: Value = serde_saphyr::from_str(include_str!("../openapi.yaml")).unwrap();
    for (method, template, path, body) in [
        (Method::Post, "/orders", "/orders", r#"{"item": "tea", "quantity": 1}"#),
        (Method::Post, "/orders", "/orders", "{"),
        (Method::Post, "/orders", "/orders", "{}"),
        (Method::Get, "/orders/{id}", "/orders/0", ""),
        (Method::Get, "/orders/{id}", "/orders/9", ""),
        (Method::Get, "/orders/{id}", "/orders/x", ""),
        (Method::Get, "/orders/price/{item}", "/orders/price/tea", ""),
        (Method::Get, "/orders/price/{item}", "/orders/price/T", ""),
        (Method::Post, "/rpc", "/rpc", r#"{"jsonrpc": "2.0", "method": "x", "id": 1}"#),
        (Method::Post, "/rpc", "/rpc", r#"{"jsonrpc": "2.0", "method": "x"}"#),
        (Method::Post, "/rpc", "/rpc", "{"),
    ] {
        let answer = client.req(method, path).body(body).dispatch().await;
        let operation = &document["paths"][template][method.as_str().to_lowercase()];
        let mut known = &operation["responses"][answer.status().code.to_string()];
        assert!(known.is_object(), "{method} {path} {body}: {}", answer.status());
        if let Some(name) = known["$ref"].as_str() {
            known = &document["components"]["responses"][name.rsplit('/').next().unwrap()];
        }
        if let Some(kind) = answer.content_type() {
            let kind = format!("{}/{}", kind.top(), kind.sub());
            assert!(known["content"][&kind].is_object(), "{method} {path} {body}: {kind}");
        }
    }
    let wrong = client.delete("/orders/0").dispatch().await;
    assert_eq!(wrong.status(), Status::MethodNotAllowed);
    assert_eq!(wrong.headers().get_one("allow"), Some("GET"));
}
