//! A Prometheus that answers by a script, and keeps every request.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What becomes of a request.
pub(crate) enum Reply {
    /// Status and body.
    Body(u16, String),
    /// A head that promises more than comes.
    Truncated(String),
    /// Nothing, and the connection stays open.
    Hang,
    /// The connection ends.
    Close,
    /// The real server answers, if it still can.
    Forward(SocketAddr),
}

/// Ends with the test.
pub(crate) struct FakePrometheus {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<String>>>,
    heads: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl FakePrometheus {
    /// `reply` is given the number of the request, from 1, and its path and form as `path?form`.
    pub(crate) async fn start(
        reply: impl Fn(usize, &str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (reply, log) = (Arc::new(reply), (requests.clone(), heads.clone()));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (reply, log) = (reply.clone(), log.clone());
                connections.spawn(async move {
                    // A client that goes away is no concern of this server.
                    let _ = serve(stream, &log.0, &log.1, &*reply).await;
                });
            }
        });
        Self { url, requests, heads, _tasks: tasks }
    }

    /// The head of every request so far, in lower case.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// Every request so far, of verdicts (`query`) or of charts (`query_range`).
    pub(crate) fn requests(&self, endpoint: &str) -> Vec<String> {
        let start = format!("/api/v1/{endpoint}?");
        let requests = self.requests.lock().unwrap();
        requests.iter().filter(|path| path.starts_with(&start)).cloned().collect()
    }
}

async fn serve(
    mut stream: TcpStream,
    log: &Mutex<Vec<String>>,
    heads: &Mutex<Vec<String>>,
    reply: &(dyn Fn(usize, &str) -> Reply + Send + Sync),
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    heads.lock().unwrap().push(head.clone());
    let length = head.split("content-length: ").nth(1);
    let length = length.map_or(0, |rest| rest.lines().next().unwrap().parse().unwrap());
    let mut form = vec![0; length];
    stream.read_exact(&mut form).await?;
    let form = String::from_utf8(form).unwrap();
    let path = format!("{}?{form}", head.split(' ').nth(1).unwrap());
    let number = {
        let mut log = log.lock().unwrap();
        log.push(path.clone());
        log.len()
    };
    let (status, body, missing) = match reply(number, &path) {
        Reply::Body(status, body) => (status, body, 0),
        Reply::Truncated(body) => (200, body, 100),
        Reply::Hang => std::future::pending().await,
        Reply::Close => return Ok(()),
        Reply::Forward(to) => return forward(stream, &head, &form, to).await,
    };
    let text = format!(
        "HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len() + missing
    );
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await
}

/// One request per connection, so that each is counted.
async fn forward(
    mut stream: TcpStream,
    head: &str,
    form: &str,
    to: SocketAddr,
) -> std::io::Result<()> {
    let mut server = TcpStream::connect(to).await?;
    let (line, rest) = head.split_once(" http/1.1\r\n").unwrap();
    let line = line.replacen("post", "POST", 1);
    let request = format!("{line} HTTP/1.1\r\nconnection: close\r\n{rest}{form}");
    server.write_all(request.as_bytes()).await?;
    tokio::io::copy(&mut server, &mut stream).await?;
    stream.shutdown().await
}
