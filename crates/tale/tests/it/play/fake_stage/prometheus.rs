//! A Prometheus that answers from what has become of the pods.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::stage::{Breaks, State};

/// Ends with the test.
pub(crate) struct FakePrometheus {
    pub(crate) url: String,
    _tasks: JoinSet<()>,
}

impl FakePrometheus {
    pub(crate) async fn start(state: Arc<Mutex<State>>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let state = *state.lock().unwrap();
                connections.spawn(async move {
                    // A client that goes away is no concern of this server.
                    let _ = serve(stream, state).await;
                });
            }
        });
        Self { url, _tasks: tasks }
    }
}

async fn serve(mut stream: TcpStream, state: State) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let length = head.split("content-length: ").nth(1);
    let length = length.map_or(0, |rest| rest.lines().next().unwrap().parse().unwrap());
    let mut form = vec![0; length];
    stream.read_exact(&mut form).await?;
    if state.breaks == Breaks::NoAnswer && state.leaked {
        return Ok(());
    }
    let form = format!("http://form/?{}", String::from_utf8_lossy(&form));
    let form = reqwest::Url::parse(&form).unwrap();
    let query = form.query_pairs().find(|(name, _)| name == "query").map(|(_, value)| value);
    let range = head.contains("query_range");
    let result = if range { json!([]) } else { answer(&query.unwrap_or_default(), state) };
    let kind = if range { "matrix" } else { "vector" };
    let body = json!({"status": "success", "data": {"resultType": kind, "result": result}});
    let body = body.to_string();
    let text = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await
}

/// The instant vector of a query.
fn answer(query: &str, state: State) -> Value {
    let State { breaks, dark, leaked, repaired } = state;
    let grown = leaked && breaks != Breaks::NoGrowth;
    let firing = grown && !repaired && breaks != Breaks::NoAlert;
    let blind = breaks == Breaks::NoData && leaked;
    let sample = |holds: bool, labels: Value| {
        let series = json!([{"metric": labels, "value": [1_652_952_600, "1"]}]);
        if holds && !blind { series } else { json!([]) }
    };
    let alert = json!({"alertname": "DnsLeakerMemoryGrowth", "alertstate": "firing"});
    if query.contains("gate_part") {
        return evidence(query, grown && !repaired);
    }
    if query.starts_with("count_over_time(ALERTS") {
        return sample(grown, alert);
    }
    if query.starts_with("ALERTS") {
        return sample(firing, alert);
    }
    match query {
        query if query.contains("servfail") => sample(dark, json!({})),
        query if query.contains("result!=\"ok\"") => sample(!dark, json!({})),
        query if query.ends_with("> 1.1") => sample(grown, json!({})),
        _ => sample(true, json!({})),
    }
}

/// What the gate asks for: the parts of its union.
fn evidence(query: &str, bad: bool) -> Value {
    let value = if bad { "150" } else { "100" };
    let bad = if bad { "50" } else { "0" };
    let parts =
        [("bad", bad), ("total", "100"), ("points", "1000"), ("age", "0.5"), ("value", value)];
    let asked = parts.iter().filter(|(part, _)| query.contains(&format!("\"{part}\"")));
    asked
        .map(
            |(part, value)| json!({"metric": {"gate_part": part}, "value": [1_652_952_600, value]}),
        )
        .collect()
}
