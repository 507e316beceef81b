//! An API server for tests: a store of objects that speaks enough HTTP, and can be made unwell.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cluster::Connection;
use cluster::api::Api;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What was asked, as `METHOD path?query`.
type Asked = Arc<Mutex<Vec<String>>>;
/// What is there, by path.
type Store = Arc<Mutex<BTreeMap<String, Value>>>;

/// The server.
pub(crate) struct Fake {
    pub(crate) asked: Asked,
    pub(crate) store: Store,
    /// What every question is answered with, if something is wrong.
    pub(crate) unwell: Arc<Mutex<Option<(u16, String)>>>,
    pub(crate) url: String,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Fake {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (asked, store) = (Asked::default(), Store::default());
        let unwell = Arc::new(Mutex::new(None::<(u16, String)>));
        let state = (asked.clone(), store.clone(), unwell.clone());
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let state = state.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        let (asked, store, unwell) = state.clone();
                        async move {
                            let wrong = unwell.lock().unwrap().clone();
                            Ok::<_, Infallible>(answer(request, &asked, &store, wrong).await)
                        }
                    });
                    let http = hyper::server::conn::http1::Builder::new();
                    let _ = http.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { asked, store, unwell, url, task }
    }

    /// A way to it.
    pub(crate) fn connection(&self) -> Connection {
        let mut config = kube::Config::new(self.url.parse().unwrap());
        config.default_retry = false;
        let client = kube::Client::try_from(config).unwrap();
        let api = Api::new(client, self.url.clone());
        Connection { api, context: "fake".to_owned(), server: self.url.clone(), local: true }
    }

    /// Puts an object there.
    pub(crate) fn put(&self, path: &str, object: Value) {
        self.store.lock().unwrap().insert(path.to_owned(), object);
    }

    /// What is there.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.store.lock().unwrap().keys().cloned().collect()
    }

    /// The questions that begin like this.
    pub(crate) fn asked(&self, start: &str) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|line| line.starts_with(start)).cloned().collect()
    }
}

async fn answer(
    request: Request<Incoming>,
    asked: &Asked,
    store: &Store,
    wrong: Option<(u16, String)>,
) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().unwrap().to_string();
    asked.lock().unwrap().push(format!("{} {target}", parts.method));
    let body = body.collect().await.unwrap().to_bytes();
    if let Some((code, message)) = wrong {
        if code == 0 {
            tokio::time::sleep(Duration::from_secs(3600)).await;
        }
        return status(code, &message);
    }
    let path = parts.uri.path();
    let mut store = store.lock().unwrap();
    match parts.method {
        Method::GET if path == "/version" => json_of(&json!({"gitVersion": "v1.34.0"})),
        Method::GET => match store.get(path) {
            Some(object) => json_of(object),
            None if is_list(path) => {
                let inside = |key: &&String| {
                    key.rsplit_once('/')
                        .is_some_and(|(list, _)| list == path || in_any(list) == path)
                };
                let items: Vec<Value> =
                    store.iter().filter(|(key, _)| inside(key)).map(|(_, v)| v.clone()).collect();
                json_of(&json!({"items": items}))
            }
            None => status(404, "not found"),
        },
        Method::POST if path.ends_with("/token") => json_of(&json!({"status":
            {"token": format!("token-for{path}"), "expirationTimestamp": "2026-01-01T12:00:00Z"}})),
        Method::PATCH => {
            let change: Value = serde_json::from_slice(&body).unwrap();
            let apply = parts.headers["content-type"] == "application/apply-patch+yaml";
            let there = store.get(path).cloned();
            let mut object =
                if apply { change } else { merged(there.unwrap_or_default(), &change) };
            object["metadata"]["uid"] = json!(format!("uid-of-{path}"));
            // Everything comes up at once, and ends well.
            match object["kind"].as_str() {
                Some("Deployment") => {
                    object["status"] =
                        json!({"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1});
                }
                Some("Job") => object["status"] = json!({"succeeded": 1}),
                _ => {}
            }
            let leaving = object["metadata"]["deletionTimestamp"].is_string()
                && object["metadata"]["finalizers"].as_array().is_none_or(Vec::is_empty);
            if leaving {
                store.remove(path);
            } else {
                store.insert(path.to_owned(), object.clone());
            }
            json_of(&object)
        }
        Method::DELETE => match store.get_mut(path) {
            None => status(404, "not found"),
            Some(object)
                if object["metadata"]["finalizers"]
                    .as_array()
                    .is_some_and(|all| !all.is_empty()) =>
            {
                object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
                json_of(object)
            }
            Some(_) => json_of(&store.remove(path).unwrap()),
        },
        _ => status(405, "not here"),
    }
}

/// `.../namespaces/NAME/PLURAL`, or a kind in all namespaces.
fn is_list(path: &str) -> bool {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let after = parts.iter().position(|part| *part == "namespaces").map(|at| parts.len() - at);
    match after {
        Some(after) => [1, 3].contains(&after),
        None => parts.len() == if parts[0] == "api" { 3 } else { 4 },
    }
}

/// The list of a kind in all namespaces, from that in one.
fn in_any(list: &str) -> String {
    let Some((root, rest)) = list.split_once("/namespaces/") else {
        return String::new();
    };
    rest.split_once('/').map_or_else(String::new, |(_, plural)| format!("{root}/{plural}"))
}

fn merged(mut object: Value, change: &Value) -> Value {
    match (&mut object, change) {
        (Value::Object(map), Value::Object(change)) => {
            for (key, value) in change {
                if value.is_null() {
                    map.remove(key);
                } else {
                    let there = map.remove(key).unwrap_or_default();
                    map.insert(key.clone(), merged(there, value));
                }
            }
            object
        }
        _ => change.clone(),
    }
}

fn json_of(value: &Value) -> Response<Full<Bytes>> {
    Response::new(Full::from(value.to_string()))
}

fn status(code: u16, message: &str) -> Response<Full<Bytes>> {
    let body = json!({"kind": "Status", "code": code, "message": message});
    let mut response = json_of(&body);
    *response.status_mut() = StatusCode::from_u16(code).unwrap();
    response
}
