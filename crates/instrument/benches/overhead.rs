//! What instrumentation costs in time: the same handler on bare Rocket and instrumented, with
//! tracing off, on and to nobody.
//!
//! `cargo bench -p instrument --bench overhead` prints a table of medians. Rounds of all variants
//! are interleaved, so that whatever else the machine does hits them alike; the comparable columns
//! are the ratios and the CPU time per request of the server process. Rates are taken with a server
//! that is never idle. Latency is not: there it would be the length of the queue, so it is taken
//! again at half of bare Rocket's rate. Needs `wrk` (Debian: `apt-get install wrk`), and says so if
//! it is missing.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints its table, and has nobody to return an error to"
)]

#[path = "support/servers.rs"]
mod servers;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use servers::{ROLE, Role};

const ROUNDS: usize = 5;
const SECONDS: &str = "2";
const CONNECTIONS: u32 = 32;
/// Clients that pause: wrk's own script.
const PACED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/paced.lua");

/// A way to run the server.
struct Variant {
    name: &'static str,
    role: Role,
    collector: Option<Collector>,
    sampler: &'static str,
}

#[derive(Clone, Copy)]
enum Collector {
    Live,
    Dead,
}

const VARIANTS: [Variant; 7] = [
    Variant { name: "bare Rocket", role: Role::Bare, collector: None, sampler: "0" },
    Variant { name: "golden signals", role: Role::Signals, collector: None, sampler: "0" },
    Variant { name: "service", role: Role::Service, collector: None, sampler: "0" },
    Variant { name: "vulnerable", role: Role::Vulnerable, collector: None, sampler: "0" },
    Variant {
        name: "1 % traced, live",
        role: Role::Service,
        collector: Some(Collector::Live),
        sampler: "0.01",
    },
    Variant {
        name: "100 % traced, live",
        role: Role::Service,
        collector: Some(Collector::Live),
        sampler: "1",
    },
    Variant {
        name: "100 % traced, dead",
        role: Role::Service,
        collector: Some(Collector::Dead),
        sampler: "1",
    },
];

fn main() -> ExitCode {
    servers::serve().unwrap_or_else(compare)
}

fn compare() -> ExitCode {
    if Command::new("wrk").arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        println!("skipped: wrk is not installed (apt-get install wrk)");
        return ExitCode::SUCCESS;
    }
    let live = start_sink();
    let longest_pause = longest_pause(measure(&VARIANTS[0], &live, 1).requests_per_second);
    let mut rounds: Vec<Vec<Round>> = VARIANTS.iter().map(|_| Vec::new()).collect();
    for round in 0..ROUNDS {
        for turn in 0..VARIANTS.len() {
            // Another variant begins each round: nobody is always first after a pause.
            let index = (round + turn) % VARIANTS.len();
            rounds[index].push(measure(&VARIANTS[index], &live, longest_pause));
        }
        println!("round {} of {ROUNDS}", round + 1);
    }
    print_table(&rounds);
    ExitCode::SUCCESS
}

/// Milliseconds; half of it on average makes for half of the rate.
fn longest_pause(rate: f64) -> u32 {
    let mean = 2e3 * f64::from(CONNECTIONS) / rate;
    (2.0 * mean).round().max(1.0) as u32
}

/// What one run of one variant measured.
struct Round {
    requests_per_second: f64,
    cpu_per_request: Duration,
    /// Requests per second of clients that pause.
    paced: f64,
    /// What those wait for, in microseconds.
    p99: f64,
    resident_kb: u64,
}

fn print_table(rounds: &[Vec<Round>]) {
    let median = |rounds: &[Round], value: fn(&Round) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let cpu = |round: &Round| round.cpu_per_request.as_secs_f64() * 1e6;
    // What slows the machine down for a round slows down everybody in it: ratios are taken round by
    // round.
    let ratio = |variant: &[Round], value: fn(&Round) -> f64| {
        let pairs = variant.iter().zip(&rounds[0]);
        let mut ratios: Vec<f64> = pairs.map(|(round, bare)| value(round) / value(bare)).collect();
        ratios.sort_by(f64::total_cmp);
        ratios[ratios.len() / 2]
    };
    println!(
        "\n| variant | requests/s | x bare | CPU us/request (min-max) | at requests/s | p99 ms | x bare | RSS MB |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for (variant, rounds) in VARIANTS.iter().zip(rounds) {
        let rate = median(rounds, |round| round.requests_per_second);
        let all: Vec<f64> = rounds.iter().map(cpu).collect();
        let (min, max) =
            (all.iter().copied().fold(f64::MAX, f64::min), all.iter().copied().fold(0.0, f64::max));
        println!(
            "| {} | {rate:.0} | {:.2} | {:.1} ({min:.1}-{max:.1}) | {:.0} | {:.2} | {:.2} | {:.1} |",
            variant.name,
            ratio(rounds, |round| round.requests_per_second),
            median(rounds, cpu),
            median(rounds, |round| round.paced),
            median(rounds, |round| round.p99) / 1e3,
            ratio(rounds, |round| round.p99),
            median(rounds, |round| round.resident_kb as f64) / 1e3,
        );
    }
}

fn measure(variant: &Variant, live: &str, longest_pause: u32) -> Round {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .env_clear()
        .env(ROLE, variant.role.as_str())
        .env("CONNECTIONS", variant.role.connections())
        .env("ROCKET_PORT", "0")
        .env("ADMIN_PORT", "0");
    if let Some(collector) = variant.collector {
        let endpoint = match collector {
            Collector::Live => live,
            Collector::Dead => "http://127.0.0.1:9",
        };
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
        command
            .env("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
            .env("OTEL_TRACES_SAMPLER_ARG", variant.sampler);
    }
    let mut server = command.stdout(Stdio::piped()).spawn().unwrap();
    let url = format!("http://{}/hello/world", servers::address(&mut server));
    wrk(&url, "1", None); // warm
    let before = cpu_seconds(server.id());
    let output = wrk(&url, SECONDS, None);
    let cpu = cpu_seconds(server.id()) - before;
    let paced = wrk(&url, SECONDS, Some(longest_pause));
    let resident_kb = resident_kb(server.id());
    server.kill().unwrap();
    server.wait().unwrap();

    let total = output.lines().find(|line| line.contains(" requests in ")).unwrap();
    let requests: f64 = total.split_whitespace().next().unwrap().parse().unwrap();
    Round {
        requests_per_second: word_after("Requests/sec:", &output).parse().unwrap(),
        cpu_per_request: Duration::from_secs_f64(cpu / requests),
        paced: word_after("Requests/sec:", &paced).parse().unwrap(),
        p99: microseconds(word_after("99%", &paced)),
        resident_kb,
    }
}

/// What wrk writes behind `label`.
fn word_after<'o>(label: &str, output: &'o str) -> &'o str {
    let mut lines = output.lines().map(str::trim_start);
    let rest = lines.find_map(|line| line.strip_prefix(label)).unwrap();
    rest.split_whitespace().next().unwrap()
}

/// `812.00us`, `3.59ms` or `1.20s`, as wrk writes it.
fn microseconds(text: &str) -> f64 {
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).unwrap());
    let factor = match unit {
        "us" => 1.0,
        "ms" => 1e3,
        _ => 1e6,
    };
    number.parse::<f64>().unwrap() * factor
}

fn wrk(url: &str, seconds: &str, longest_pause: Option<u32>) -> String {
    let mut wrk = Command::new("wrk");
    wrk.args(["-t1", "--latency", "-d", seconds]);
    wrk.args(["-c", &CONNECTIONS.to_string()]);
    if let Some(longest) = longest_pause {
        wrk.args(["-s", PACED]);
        wrk.env("LONGEST_PAUSE_MS", longest.to_string());
    }
    let output = wrk.arg(url).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let failed = text.contains("Non-2xx") || text.contains("Socket errors");
    assert!(!failed, "errors are faster than answers, and no measure:\n{text}");
    text
}

fn cpu_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / rustix::param::clock_ticks_per_second() as f64
}

fn resident_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A collector that reads and answers, on two cores that it shares with server and load generator.
fn start_sink() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || swallow(stream));
        }
    });
    endpoint
}

fn swallow(stream: TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut length, mut line) = (0_u64, String::new());
        while line != "\r\n" {
            line.clear();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink()).ok()?;
        reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").ok()?;
    }
}
