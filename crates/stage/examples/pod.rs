//! A pod's program for tests, and, as `pod stage DIR FILE..`, a whole stage in a process that a
//! test can kill. Below `/v2/` it serves the manifest of an image. Its environment says how it
//! misbehaves: `CRASH=1` ends at once with code 3, `GROW=1` eats memory, `IGNORE_TERM=1` ignores
//! SIGTERM, `NEVER_READY=1` answers 503 on /readyz, `EXIT=0` ends well at once, `SPIN=1` computes
//! for ever, `IDLE=1` does nothing at all, as a second container may.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use stage::Stage;

fn main() {
    let mut args = std::env::args_os().skip(1);
    match args.next().as_ref().and_then(|arg| arg.to_str()) {
        Some("pod-shim") => {
            let error = stage::shim::exec(args).expect_err("exec only returns on failure");
            fail(&error.to_string());
        }
        Some("stress-worker") => {
            if let Err(error) = stage::stress::exec(args) {
                fail(&error.to_string());
            }
        }
        Some("stage") => run_stage(args.map(Into::into).collect()),
        _ => serve(),
    }
}

#[allow(clippy::print_stderr, reason = "a program's last words")]
fn fail(message: &str) -> ! {
    eprintln!("{message}");
    std::process::exit(127)
}

fn is_set(name: &str) -> bool {
    std::env::var(name).is_ok_and(|value| value == "1")
}

fn serve() {
    if is_set("CRASH") {
        std::process::exit(3);
    }
    if std::env::var_os("EXIT").is_some() {
        std::process::exit(0);
    }
    while is_set("IDLE") {
        std::thread::park();
    }
    if is_set("IGNORE_TERM") {
        ignore_sigterm();
    }
    if is_set("GROW") {
        std::thread::spawn(grow);
    }
    if is_set("SPIN") {
        std::thread::spawn(|| {
            loop {
                std::hint::spin_loop();
            }
        });
    }
    let ip = std::env::var("ROCKET_ADDRESS").unwrap_or_else(|_| "127.0.0.1".into());
    let admin =
        TcpListener::bind((ip.as_str(), 9000)).unwrap_or_else(|e| fail(&format!("{ip}:9000: {e}")));
    let business =
        TcpListener::bind((ip.as_str(), 8000)).unwrap_or_else(|e| fail(&format!("{ip}:8000: {e}")));
    std::thread::spawn(move || answer_all(&admin));
    answer_all(&business);
}

/// A handler would need `unsafe`; a tokio signal stream replaces the default action, which is all
/// it takes.
fn ignore_sigterm() {
    std::thread::spawn(|| {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut signals =
                tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
                    .expect("SIGTERM");
            while signals.recv().await.is_some() {}
        });
    });
}

fn grow() {
    let mut hoard = Vec::new();
    loop {
        hoard.push(vec![1u8; 1 << 20]);
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

fn answer_all(listener: &TcpListener) {
    for stream in listener.incoming().flatten() {
        std::thread::spawn(|| answer(stream));
    }
}

fn answer(mut stream: TcpStream) {
    let mut head = [0; 2048];
    let length = stream.read(&mut head).unwrap_or(0);
    let head = String::from_utf8_lossy(&head[..length]);
    if head.starts_with("echo") {
        return echo(stream, head.as_bytes());
    }
    let path = head.split(' ').nth(1).unwrap_or("/");
    let (status, body) = match path {
        "/readyz" if is_set("NEVER_READY") => (503, "not ready\n".to_owned()),
        "/healthz" if is_set("NEVER_HEALTHY") => (503, "not healthy\n".to_owned()),
        "/metrics" => (200, "# TYPE pod_up gauge\npod_up 1\n".to_owned()),
        "/json" => (200, r#"{"a":1,"b":{"c":2}}"#.to_owned()),
        path if path.starts_with("/v2/") => (200, r#"{"schemaVersion":2}"#.to_owned()),
        path if path.starts_with("/call/") => (200, call(path.trim_start_matches("/call/"))),
        path if path.starts_with("/head") => (200, head.to_string()),
        "/env" => (200, std::env::vars().map(|(k, v)| format!("{k}={v}\n")).collect()),
        _ => (200, format!("{}\n", std::env::var("ROCKET_ADDRESS").unwrap_or_default())),
    };
    let answer = format!(
        "HTTP/1.1 {status} x\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(answer.as_bytes());
}

/// Sends back whatever comes: not HTTP, and open as long as the client likes.
fn echo(mut stream: TcpStream, first: &[u8]) {
    let _ = stream.write_all(first);
    if let Ok(mut read) = stream.try_clone() {
        let _ = std::io::copy(&mut read, &mut stream);
    }
}

/// Asks somebody else, who has to answer within a second.
fn call(address: &str) -> String {
    let asked = || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map(|_| answer)
    };
    asked().unwrap_or_else(|error: std::io::Error| format!("failed: {:?}", error.kind()))
}

/// Two workers for an hour.
async fn stress(stage: &stage::local::LocalStage, pod: &stage::PodStatus) {
    let cpu = chaos::fault::CpuStress { workers: 2, load_percent: 10 };
    let fault = chaos::fault::StressFault { cpu: Some(cpu), memory: None };
    let until = std::time::Instant::now() + Duration::from_secs(3600);
    let target = chaos::target::Target {
        namespace: pod.namespace.clone(),
        pod: pod.name.clone(),
        uid: pod.uid.clone(),
        container: None,
    };
    let fault = chaos::fault::Fault::Stress(fault);
    let done = stage.fault(&target, "x", &fault, Some(until));
    done.await.unwrap_or_else(|e| fail(&e.to_string()));
}

/// Plays stage until it is killed: `DIR` is the state folder, the rest are manifests. Says when all
/// is ready.
#[allow(clippy::print_stdout, reason = "the test waits for this line")]
fn run_stage(args: Vec<std::path::PathBuf>) {
    let (dir, files) = args.split_first().expect("a state folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let config = stage::local::Config::new(dir).expect("own path");
        let stage =
            stage::local::LocalStage::start(config).await.unwrap_or_else(|e| fail(&e.to_string()));
        let files = stage::SourceFile::load(files).unwrap_or_else(|e| fail(&e.to_string()));
        let env = std::collections::BTreeMap::new();
        stage.apply(&files, &env).await.unwrap_or_else(|e| fail(&e.to_string()));
        let ready = |s: &stage::Snapshot| s.deployments.iter().all(|d| d.complete());
        let status = stage.wait_until("all is ready", ready, Duration::from_secs(30)).await;
        let status = status.unwrap_or_else(|e| fail(&e.to_string()));
        if is_set("STRESS") {
            stress(&stage, &status.pods[0]).await;
        }
        println!("{}", serde_json::to_string(&*status).expect("plain data"));
        std::future::pending::<()>().await;
    });
}
