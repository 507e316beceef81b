//! Clients that hold connections, against servers that put up with it or do not.

use std::{
    collections::BTreeSet,
    future::Future,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::sleep,
};

use crate::support::{command, count};

/// A server that does the same with every connection.
struct Tcp {
    address: SocketAddr,
    clients: Arc<Mutex<BTreeSet<IpAddr>>>,
}

impl Tcp {
    async fn start<F>(behave: fn(TcpStream) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let clients = Arc::new(Mutex::new(BTreeSet::new()));
        let seen = Arc::clone(&clients);
        tokio::spawn(async move {
            loop {
                let (stream, client) = listener.accept().await.unwrap();
                seen.lock().unwrap().insert(client.ip());
                tokio::spawn(behave(stream));
            }
        });
        Self { address, clients }
    }

    /// The report of a run against it, and its exit code.
    async fn run(&self, profile: &str, more: &[&str]) -> (Value, i32) {
        let url = format!("http://{}/watch", self.address);
        let arguments = [&[profile, &url, "--json"], more].concat();
        let mut command = tokio::process::Command::from(command(&arguments));
        let output = command.output().await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let report: Value = serde_json::from_str(&text).unwrap_or_else(|error| {
            panic!("{error}: {text} {}", String::from_utf8_lossy(&output.stderr))
        });
        let ended = count(&report, "closed") + count(&report, "reset");
        assert_eq!(count(&report, "opened"), ended + count(&report, "still_open"), "{report}");
        assert_eq!(report["lifetime"]["count"], ended, "{report}");
        (report, output.status.code().unwrap())
    }
}

/// Puts up with everything.
async fn patient(stream: TcpStream) {
    let _stream = stream;
    std::future::pending::<()>().await;
}

/// Reads until there is nothing more to read.
async fn listening(mut stream: TcpStream) {
    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
}

/// Waits for the end of a header for half a second.
async fn hardened(mut stream: TcpStream) {
    let head = async {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        std::io::Result::Ok(())
    };
    if tokio::time::timeout(Duration::from_millis(500), head).await.is_err() {
        let answer = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n";
        let _ = stream.write_all(answer).await;
        return;
    }
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    listening(stream).await;
}

/// Says more than the kernel buffers, and hangs up on whoever does not read it.
async fn gives_up(mut stream: TcpStream) {
    let mut head = [0; 1024];
    let _ = stream.read(&mut head).await;
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
    let endless = async { while stream.write_all(&[b'x'; 65_536]).await.is_ok() {} };
    let _ = tokio::time::timeout(Duration::from_millis(300), endless).await;
}

/// Hangs up soon, whatever has come.
async fn brief(stream: TcpStream) {
    sleep(Duration::from_millis(50)).await;
    drop(stream);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_profile_holds_its_connections_against_a_server_that_puts_up_with_it() {
    let server = Tcp::start(patient).await;
    for (profile, more) in [
        ("hoard", &[][..]),
        ("slow-header", &["--every", "100ms"]),
        ("slow-read", &["--every", "100ms"]),
        ("half-open", &[]),
        ("half-open", &["--after", "header"]),
        ("half-open", &["--after", "body"]),
    ] {
        let more = [more, &["--connections", "50", "--rate", "500", "--duration", "1s"]].concat();
        let (report, code) = server.run(profile, &more).await;
        assert_eq!((code, count(&report, "still_open")), (0, 50), "{report}");
        assert_eq!((count(&report, "most_open"), count(&report, "failed")), (50, 0), "{report}");
        assert_eq!(report["profile"], profile);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_never_finishes_a_header_is_seen_to_be_shown_the_door() {
    let server = Tcp::start(hardened).await;
    for (profile, more) in [
        ("slow-header", &["--every", "200ms"][..]),
        ("half-open", &[]),
        ("half-open", &["--after", "header"]),
    ] {
        let conditions = ["--fail-if", "open>0", "--fail-if", "closed<100%", "--fail-if", "max>9s"];
        let size = ["--connections", "20", "--rate", "500", "--duration", "20s"];
        let (report, code) = server.run(profile, &[more, &conditions, &size].concat()).await;
        assert_eq!((code, count(&report, "closed")), (0, 20), "{profile}: {report}");
        assert_eq!(report["statuses"]["408"], 20, "{profile}: {report}");
        let shortest = report["lifetime"]["p50"].as_f64().unwrap();
        assert!(shortest >= 0.5, "{profile}: {report}");
        // With nobody left there is nothing more to see.
        assert!(report["seconds"].as_f64().unwrap() < 15.0, "{profile}: {report}");
    }
    // Whoever says all that is to be said may stay, and never sees the answer.
    let stays = ["--connections", "5", "--duration", "2s", "--fail-if", "open>0"];
    let (report, code) = server.run("hoard", &stays).await;
    assert_eq!((code, count(&report, "still_open")), (1, 5), "{report}");
    assert_eq!(report["broken"][0], "open>0: it is 5");
    assert_eq!(report["statuses"]["200"], 5, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_farewell_behind_data_that_nobody_reads_is_found_at_the_end() {
    let server = Tcp::start(gives_up).await;
    let size = ["--connections", "2", "--duration", "2s", "--every", "10s"];
    let (report, _) = server.run("slow-read", &size).await;
    assert_eq!((count(&report, "closed"), count(&report, "still_open")), (2, 0), "{report}");
    assert_eq!(report["statuses"]["200"], 2, "{report}");
    // Nothing could be seen before the run was over.
    assert!(report["lifetime"]["p50"].as_f64().unwrap() >= 1.9, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_and_a_goodbye_are_told_apart() {
    // What has not been read when a socket is closed makes its end a reset.
    let server = Tcp::start(brief).await;
    let size = ["--connections", "10", "--rate", "500", "--duration", "20s"];
    let (report, _) = server.run("hoard", &size).await;
    assert_eq!((count(&report, "reset"), count(&report, "closed")), (10, 0), "{report}");
    let (report, _) = server.run("half-open", &size).await;
    assert_eq!((count(&report, "reset"), count(&report, "closed")), (0, 10), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_end_are_opened_again_only_on_request() {
    let server = Tcp::start(brief).await;
    let size = ["--connections", "5", "--rate", "100", "--duration", "2s"];
    let (report, _) = server.run("hoard", &size).await;
    assert_eq!(count(&report, "opened"), 5, "{report}");
    let (report, _) = server.run("hoard", &[&size[..], &["--reopen"]].concat()).await;
    assert!(count(&report, "opened") > 20, "{report}");
    // At most at their rate, and never more than there are to be held.
    assert!(count(&report, "opened") <= 200 && count(&report, "most_open") <= 5, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_may_come_from_several_addresses() {
    let server = Tcp::start(patient).await;
    let size = ["--connections", "9", "--rate", "500", "--duration", "1s", "--sources", "3"];
    server.run("hoard", &size).await;
    let clients: Vec<String> =
        server.clients.lock().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(clients, ["127.0.0.1", "127.0.0.2", "127.0.0.3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_said_and_a_pod_waits_for_its_act() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", free.local_addr().unwrap());
    drop(free);
    let run = async |more: &[&str]| {
        let arguments = [&["hoard", &url], more].concat();
        tokio::process::Command::from(command(&arguments)).output().await.unwrap()
    };
    let output = run(&["--duration", "30s", "--connections", "3"]).await;
    let (said, error) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(2), "{said} {error}");
    assert!(error.contains("not one connection") && error.contains("refused"), "{error}");
    assert!(said.contains("  refused           3"), "{said}");
    // None are wanted, so none are missing.
    let output = run(&["--duration", "1s", "--connections", "0"]).await;
    assert_eq!(output.status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scrape_sees_them_while_they_are_held_and_a_signal_ends_them() {
    use rustix::process::{Pid, Signal, kill_process};
    let server = Tcp::start(patient).await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let admin = format!("127.0.0.1:{port}");
    let url = format!("http://{}/", server.address);
    let arguments = ["hoard", &url, "--connections", "30", "--metrics", &admin, "--json"];
    let child = command(&arguments).spawn().unwrap();
    let scraped = async {
        loop {
            if let Ok(mut stream) = TcpStream::connect(&admin).await {
                let ask = b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
                stream.write_all(ask).await.unwrap();
                let mut text = String::new();
                let _ = stream.read_to_string(&mut text).await;
                if text.contains("\nload_connections_open 30\n") {
                    return text;
                }
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    let text = tokio::time::timeout(Duration::from_secs(30), scraped).await.unwrap();
    assert!(text.contains("\nload_connections_opened_total 30\n"), "{text}");
    assert!(text.contains("\nload_connections_closed_total{how=\"closed\"} 0\n"), "{text}");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((count(&report, "still_open"), &report["interrupted"]), (30, &true.into()));
}
