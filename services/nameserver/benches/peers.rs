//! How many questions a second, and at what price: this nameserver beside Knot, both with the same
//! signed zone of 2,000 names, on the same core, in turns; dnsperf asks from another.
//!
//! `cargo bench -p nameserver` needs two cores, and `apt-get install knot knot-dnsutils dnsperf`.
//! Compare the ratios; questions per second belong to the machine, and where dnsperf's core is full
//! before the server's is, only the CPU time per question says what a server could do.
//! `PEERS_ROUNDS` and `PEERS_SECONDS` change the defaults of 3 and 3. A question that was lost ends
//! it with exit code 1.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark blocks nobody, prints its table, and has nobody to return an error to"
)]

use std::fmt::Write as _;
use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

const CLIENT_CORE: &str = "0";
const SERVER_CORE: &str = "1";
const SECRET: &str = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0";
const NAMES: usize = 2000;

/// What is asked, how the names begin, and what dnsperf is told besides.
const KINDS: [(&str, &str, &[&str]); 4] = [
    ("addresses", "n", &[]),
    ("addresses, signed", "n", &["-D"]),
    ("no such name", "nope", &[]),
    ("no such name, proved", "nope", &["-D"]),
];

/// A server that runs; it is killed when dropped.
struct Server {
    name: &'static str,
    port: u16,
    process: Child,
}

impl Server {
    /// Starts it on its core, and waits until it serves the zone.
    fn start(name: &'static str, port: u16, command: &mut Command) -> Self {
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Self { name, port, process };
        let begun = Instant::now();
        while !server.serves() {
            assert!(begun.elapsed() < Duration::from_secs(60), "{name} does not serve the zone");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    /// Whether it knows the last name, with a signature: the whole zone is there.
    fn serves(&self) -> bool {
        let port = self.port.to_string();
        let name = format!("n{}.tale.example", NAMES - 1);
        let words = ["@127.0.0.1", "-p", &port, "+dnssec", "+short", "+retry=0", "+timeout=1"];
        let said = Command::new("kdig").args(words).args([&name, "A"]).output().unwrap();
        String::from_utf8_lossy(&said.stdout).lines().count() == 2
    }

    /// CPU time so far, of all its threads.
    fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks: u64 = ticks.map(|field| field.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * 10) // a hundred a second, on every Linux that people have
    }

    /// Asks for some seconds.
    fn measure(&self, queries: &Path, more: &[&str], seconds: &str) -> Run {
        let before = self.cpu();
        let port = self.port.to_string();
        let mut dnsperf = on_core(CLIENT_CORE, "dnsperf");
        dnsperf.args(["-s", "127.0.0.1", "-p", &port, "-l", seconds, "-d"]).arg(queries);
        let said = dnsperf.args(more).output().unwrap();
        let said = String::from_utf8_lossy(&said.stdout);
        let number = |label: &str| -> f64 {
            let rest = said.split(label).nth(1).unwrap_or_else(|| panic!("{label}: {said}"));
            rest.split_whitespace().next().unwrap().parse().unwrap()
        };
        Run {
            per_second: number("Queries per second:"),
            lost: number("Queries lost:"),
            cpu_us: (self.cpu() - before).as_secs_f64() * 1e6 / number("Queries completed:"),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[derive(Clone, Copy)]
struct Run {
    per_second: f64,
    lost: f64,
    cpu_us: f64,
}

fn main() -> ExitCode {
    let setting = |name, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let (rounds, seconds) = (setting("PEERS_ROUNDS", "3"), setting("PEERS_SECONDS", "3"));
    let rounds: usize = rounds.parse().unwrap();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let missing = ["taskset", "knotd", "kdig", "dnsperf"].into_iter().find(|tool| !installed(tool));
    if cores < 2 || missing.is_some() {
        let missing = missing.map_or(String::new(), |tool| format!("; {tool} is missing"));
        println!("skipped: needs two cores, knot, knot-dnsutils and dnsperf{missing}");
        return ExitCode::SUCCESS;
    }
    let folder = tempfile::tempdir().unwrap();
    let ours = start_ours(folder.path());
    let knot = start_knot(folder.path(), ours.port);
    let mut lost = 0.0;
    println!("| asked | server | questions/s | CPU µs each | lost | of Knot's rate |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for (kind, name, more) in KINDS {
        let queries = folder.path().join("queries");
        // Each once, in no order.
        let numbers = (0..NAMES).map(|number| number * 7919 % NAMES);
        let all = numbers.map(|number| format!("{name}{number}.tale.example A\n"));
        fs::write(&queries, all.collect::<String>()).unwrap();
        let mut runs = [Vec::new(), Vec::new()];
        for round in 0..rounds {
            // Another one begins each round.
            for turn in 0..2 {
                let which = (round + turn) % 2;
                runs[which].push([&ours, &knot][which].measure(&queries, more, &seconds));
            }
        }
        let best = median(&runs[1], |run| run.per_second);
        for (server, runs) in [&ours, &knot].into_iter().zip(&runs) {
            let rate = median(runs, |run| run.per_second);
            let gone: f64 = runs.iter().map(|run| run.lost).sum();
            let cpu = median(runs, |run| run.cpu_us);
            println!(
                "| {kind} | {} | {rate:.0} | {cpu:.1} | {gone} | {:.2} |",
                server.name,
                rate / best
            );
            if server.name == "nameserver" {
                lost += gone;
            }
        }
    }
    if lost > 0.0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn start_ours(folder: &Path) -> Server {
    let zone = folder.join("tale.zone");
    let mut text = authority::zone::default_zone().to_owned();
    for number in 0..NAMES {
        writeln!(text, "n{number} A 192.0.2.{}", number % 250 + 1).unwrap();
    }
    fs::write(&zone, text).unwrap();
    let port = free_port();
    let mut command = on_core(SERVER_CORE, env!("CARGO_BIN_EXE_nameserver"));
    command.env("ZONE_FILE", zone).env("DNS_PORT", port.to_string()).env("DNS_WORKERS", "1");
    command.env("TSIG_KEYS", format!("tale:hmac-sha256:{SECRET}"));
    command.env("ROCKET_PORT", free_port().to_string());
    command.env("ADMIN_PORT", free_port().to_string());
    Server::start("nameserver", port, &mut command)
}

/// Knot, which copies the zone from ours.
fn start_knot(folder: &Path, from: u16) -> Server {
    let (port, place) = (free_port(), folder.display());
    let config = format!(
        "server:\n  listen: 127.0.0.1@{port}\n  rundir: {place}\n  udp-workers: 1\n\
         database:\n  storage: {place}\n\
         key:\n  - id: tale\n    algorithm: hmac-sha256\n    secret: {SECRET}\n\
         remote:\n  - id: ours\n    address: 127.0.0.1@{from}\n    key: tale\n\
         zone:\n  - domain: tale.example\n    master: ours\n    storage: {place}\n"
    );
    let file = folder.join("knot.conf");
    fs::write(&file, config).unwrap();
    Server::start("knot", port, on_core(SERVER_CORE, "knotd").arg("-c").arg(file))
}

fn on_core(core: &str, program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", core, program]).env("PATH", path());
    command
}

/// Debian puts servers where users do not look.
fn path() -> String {
    format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default())
}

fn installed(program: &str) -> bool {
    path().split(':').any(|folder| Path::new(folder).join(program).exists())
}

/// A port that is free for UDP and TCP.
fn free_port() -> u16 {
    loop {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = tcp.local_addr().unwrap().port();
        if UdpSocket::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn median(runs: &[Run], of: fn(&Run) -> f64) -> f64 {
    let mut values: Vec<f64> = runs.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
