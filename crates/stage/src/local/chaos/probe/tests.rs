//! Answers of a small server, as a StatusCheck sees them.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// A server at `http://shop:PORT`: `/hop/N` redirects N times, other paths say what they do.
async fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, port));
        }
    });
    port
}

async fn answer(mut stream: TcpStream, port: u16) {
    let mut request = String::new();
    while !request.contains("\r\n\r\n") {
        let mut buffer = [0; 1024];
        let count = stream.read(&mut buffer).await.unwrap();
        request.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    let path = request.split(' ').nth(1).unwrap();
    let to = |place: String| format!("302 Found\r\nlocation: {place}\r\ncontent-length: 0");
    let head = match path.split_once("/hop/") {
        Some((_, "0")) => "200 OK\r\ncontent-length: 0".to_owned(),
        Some((_, hops)) => {
            let left = hops.parse::<u32>().unwrap() - 1;
            // Relative and absolute ones take turns.
            let host =
                ["", &format!("http://shop.default.svc:{port}")][left as usize % 2].to_owned();
            to(format!("{host}/hop/{left}"))
        }
        None => match path {
            "/away" => to("http://192.0.2.1/".to_owned()),
            "/unknown" => to("http://elsewhere/".to_owned()),
            "/nowhere" => "302 Found\r\ncontent-length: 0".to_owned(),
            "/broken" | "/stalled" => "200 OK\r\ncontent-length: 9".to_owned(),
            _ => "503 Busy\r\ncontent-length: 0".to_owned(),
        },
    };
    let text = format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n");
    stream.write_all(text.as_bytes()).await.unwrap();
    if path == "/stalled" {
        std::future::pending::<()>().await;
    }
}

/// What a check learns from a path of the server.
async fn ask_for(path: &str) -> Result<ProbeAnswer, String> {
    let request = HttpProbe {
        url: format!("http://shop:{}{path}", server().await),
        method: "GET",
        headers: [].into(),
        body: String::new(),
        timeout: Duration::from_secs(if path == "/stalled" { 1 } else { 30 }),
    };
    let known = |host: &str| host.starts_with("shop").then_some(Ipv4Addr::LOCALHOST.into());
    ask(Arc::new(known), &request).await
}

fn whole(status: u16) -> Result<ProbeAnswer, String> {
    Ok(ProbeAnswer { status, whole: true })
}

#[tokio::test]
async fn the_answer_is_the_status_code() {
    assert_eq!(ask_for("/").await, whole(503));
}

#[tokio::test]
async fn redirects_are_followed_on_the_stage() {
    assert_eq!(ask_for("/hop/9").await, whole(200));
}

#[tokio::test]
async fn the_tenth_redirect_is_a_failure() {
    let failed = ask_for("/hop/10").await;
    assert_eq!(failed, Err("redirected 10 times".to_owned()));
}

#[tokio::test]
async fn a_redirect_without_a_place_is_an_answer() {
    assert_eq!(ask_for("/nowhere").await, whole(302));
}

#[tokio::test]
async fn nothing_outside_of_the_stage_is_asked() {
    let away = ask_for("/away").await.unwrap_err();
    assert!(away.ends_with("192.0.2.1 is not on this stage"), "{away}");
    let unknown = ask_for("/unknown").await.unwrap_err();
    assert!(unknown.ends_with("there is no Service `elsewhere` on this stage"), "{unknown}");
}

#[tokio::test]
async fn a_body_that_breaks_off_or_stalls_leaves_no_whole_answer() {
    for path in ["/broken", "/stalled"] {
        let cut = Ok(ProbeAnswer { status: 200, whole: false });
        assert_eq!(ask_for(path).await, cut, "{path}");
    }
}

#[tokio::test]
async fn why_nobody_answered_is_returned() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let request = HttpProbe {
        url: format!("http://127.0.0.1:{port}/"),
        method: "GET",
        headers: [].into(),
        body: String::new(),
        timeout: Duration::from_secs(30),
    };
    let refused = ask(Arc::new(|_: &str| None), &request).await.unwrap_err();
    assert!(refused.contains("refused"), "{refused}");
}
