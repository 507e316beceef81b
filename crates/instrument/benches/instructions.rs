//! What instrumentation costs in instructions: the same handler on bare Rocket and instrumented.
//!
//! `cargo bench -p instrument --bench instructions` runs each server under callgrind, which counts
//! instructions and not time: the result does not depend on what else the machine does. Needs
//! `valgrind` (Debian: `apt-get install valgrind`), and says so if it is missing.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints its table, and has nobody to return an error to"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, ExitCode, Stdio};

use instrument::{Service, StartError, traced};
use rocket::{Build, Rocket, get, routes};

/// The variable by which this program starts itself as a server.
const ROLE: &str = "INSTRUCTIONS_ROLE";
const FEW: u32 = 200;
const MANY: u32 = 1200;

const VARIANTS: [(&str, &str); 3] =
    [("bare Rocket", "bare"), ("GoldenSignals", "signals"), ("instrument::run, traced", "service")];

fn main() -> ExitCode {
    match std::env::var(ROLE).as_deref() {
        Ok("bare") => bare(false),
        Ok("signals") => bare(true),
        Ok(_) => instrument::run("instructions", service),
        Err(_) => compare(),
    }
}

#[get("/hello/<name>")]
fn hello(name: &str) -> String {
    format!("Hello, {name}!")
}

fn service(service: &mut Service) -> Result<Rocket<Build>, StartError> {
    Ok(service.rocket().mount("/", traced(routes![hello])))
}

fn bare(signals: bool) -> ExitCode {
    let figment = rocket::Config::figment().merge(("log_level", "off"));
    let ready = rocket::fairing::AdHoc::on_liftoff("ready", |rocket| {
        let address = SocketAddr::new(rocket.config().address, rocket.config().port);
        Box::pin(async move { println!("{{\"address\":\"{address}\",\"message\":\"ready\"}}") })
    });
    let mut rocket = rocket::custom(figment).attach(ready).mount("/", routes![hello]);
    if signals {
        let signals = instrument::GoldenSignals::default();
        rocket = rocket.attach(signals.clone()).mount("/metrics", signals);
    }
    let _ = rocket::execute(rocket.launch());
    ExitCode::SUCCESS
}

fn compare() -> ExitCode {
    let mut bare = 0.0;
    for connections in [1, 16] {
        for (name, role) in VARIANTS {
            let few = collected(role, FEW, connections);
            let many = collected(role, MANY, connections);
            let each = (many - few) as f64 / f64::from(MANY - FEW);
            if role == "bare" {
                bare = each;
            }
            println!("| {name} | {connections} | {each:.0} | {:.3} |", each / bare);
        }
    }
    ExitCode::SUCCESS
}

/// Instructions of a whole run with so many requests.
fn collected(role: &str, requests: u32, connections: u32) -> u64 {
    let mut server = Command::new("valgrind")
        .args(["--tool=callgrind"])
        .arg(format!(
            "--callgrind-out-file={}",
            std::env::var("OUT")
                .map(|o| format!("{o}.{role}.{connections}.{requests}"))
                .unwrap_or("/dev/null".into())
        ))
        .arg(std::env::current_exe().unwrap())
        .env(ROLE, role)
        .envs([("ROCKET_PORT", "0"), ("ADMIN_PORT", "0"), ("ROCKET_WORKERS", "1")])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(server.stdout.take().unwrap()).lines().map_while(Result::ok);
    let line = lines.into_iter().find(|line| line.contains("\"message\":\"ready\"")).unwrap();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    let address: SocketAddr = line["address"].as_str().unwrap().parse().unwrap();
    let mut streams: Vec<_> =
        (0..connections).map(|_| TcpStream::connect(address).unwrap()).collect();
    for _ in 0..requests.div_ceil(connections) {
        for stream in &mut streams {
            stream.write_all(b"GET /hello/world HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
        }
        for stream in &mut streams {
            read_answer(stream);
        }
    }
    drop(streams);
    let pid = rustix::process::Pid::from_child(&server);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let mut text = String::new();
    server.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    server.wait().unwrap();
    let line = text.lines().find(|line| line.contains("Collected :")).expect(&text);
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

fn read_answer(stream: &mut TcpStream) {
    let mut text = Vec::new();
    let mut bytes = [0; 4096];
    while !text.ends_with(b"Hello, world!") {
        let count = stream.read(&mut bytes).unwrap();
        assert_ne!(count, 0);
        text.extend_from_slice(&bytes[..count]);
    }
}
