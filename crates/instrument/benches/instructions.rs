//! What instrumentation costs in instructions per request: the same handler on bare Rocket, with
//! golden signals, and as a service.
//!
//! `cargo bench -p instrument --bench instructions` runs each server under callgrind, which counts
//! instructions and not time: whatever else the machine does changes nothing. A run with few
//! requests is subtracted from one with many, so that starting and stopping cancel out. What is
//! left of chance is how often the server goes to sleep in between, hence several runs and their
//! median. Needs `valgrind` (Debian: `apt-get install valgrind`), and says so if it is missing.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints its table, and has nobody to return an error to"
)]

#[path = "support/servers.rs"]
mod servers;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitCode, Stdio};

use servers::{ROLE, Role};

const VARIANTS: [(&str, Role); 4] = [
    ("bare Rocket", Role::Bare),
    ("golden signals", Role::Signals),
    ("service, nobody collects spans", Role::Service),
    ("the same, CONNECTIONS=vulnerable", Role::Vulnerable),
];
const RUNS: usize = 3;
const FEW: usize = 320;
const MANY: usize = 3520;
/// Requests sent at once: one by one, and as a busy server gets them.
const CONNECTIONS: [usize; 2] = [1, 16];
const REQUEST: &[u8] = b"GET /hello/world HTTP/1.1\r\nhost: localhost\r\n\r\n";
const END_OF_ANSWER: &[u8] = b"Hello, world!";

fn main() -> ExitCode {
    servers::serve().unwrap_or_else(compare)
}

fn compare() -> ExitCode {
    if Command::new("valgrind").arg("--version").stdout(Stdio::null()).status().is_err() {
        println!("skipped: valgrind is not installed (apt-get install valgrind)");
        return ExitCode::SUCCESS;
    }
    println!("| variant | connections | instructions per request (min-max) | x bare |");
    println!("| --- | --- | --- | --- |");
    for connections in CONNECTIONS {
        let mut bare = None;
        for (name, role) in VARIANTS {
            let [min, median, max] = per_request(role, connections);
            let ratio = median / *bare.get_or_insert(median);
            println!("| {name} | {connections} | {median:.0} ({min:.0}-{max:.0}) | {ratio:.3} |");
        }
    }
    ExitCode::SUCCESS
}

/// Instructions per request: the fewest, the median and the most of all runs.
fn per_request(role: Role, connections: usize) -> [f64; 3] {
    let mut runs = [(); RUNS].map(|()| {
        let [few, many] = [FEW, MANY].map(|requests| instructions(role, requests, connections));
        (many - few) as f64 / (MANY - FEW) as f64
    });
    runs.sort_by(f64::total_cmp);
    [runs[0], runs[RUNS / 2], runs[RUNS - 1]]
}

/// Instructions of a whole run with so many requests.
fn instructions(role: Role, requests: usize, connections: usize) -> u64 {
    let mut server = start(role);
    let address = servers::address(&mut server);
    let connect = || TcpStream::connect(address).unwrap();
    let mut streams: Vec<TcpStream> = std::iter::repeat_with(connect).take(connections).collect();
    for _ in 0..requests / connections {
        streams.iter_mut().for_each(|stream| stream.write_all(REQUEST).unwrap());
        streams.iter_mut().for_each(read_answer);
    }
    drop(streams);
    let pid = rustix::process::Pid::from_child(&server);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let output = server.wait_with_output().unwrap();
    let report = String::from_utf8_lossy(&output.stderr);
    let collected = report.lines().find(|line| line.contains("Collected :"));
    collected.expect(&report).rsplit(' ').next().unwrap().parse().unwrap()
}

/// To see where the instructions go, give `--callgrind-out-file` a name and ask
/// `callgrind_annotate`.
fn start(role: Role) -> Child {
    Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().unwrap())
        .env(ROLE, role.as_str())
        .env("CONNECTIONS", role.connections())
        .envs([("ROCKET_PORT", "0"), ("ADMIN_PORT", "0"), ("ROCKET_WORKERS", "1")])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn read_answer(stream: &mut TcpStream) {
    let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
    while !answer.ends_with(END_OF_ANSWER) {
        let count = stream.read(&mut buffer).unwrap();
        assert_ne!(count, 0, "the server hung up");
        answer.extend_from_slice(&buffer[..count]);
    }
}
