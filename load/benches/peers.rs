//! How fast, and at what price: this load generator beside wrk, oha and h2load, each on one core
//! against one server on another.
//!
//! `cargo bench -p load` runs whichever of them is installed (`apt-get install wrk nghttp2-client`,
//! `cargo install oha`) in interleaved rounds, so that whatever else the machine does hits them
//! alike. Compare the ratios; requests per second belong to the machine. `PEERS_ROUNDS` and
//! `PEERS_SECONDS` change the defaults of 5 and 3.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints its table, and has nobody to return an error to"
)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitCode, Stdio};

/// The variable by which this program starts itself as the server.
const ROLE: &str = "PEERS_ROLE";
const CONNECTIONS: &str = "32";
const CLIENT_CORE: &str = "0";
const SERVER_CORE: &str = "1";

struct Tool {
    name: &'static str,
    program: &'static str,
    arguments: fn(seconds: &str, url: &str) -> Vec<String>,
    requests_per_second: fn(output: &str) -> Option<f64>,
}

const TOOLS: [Tool; 5] = [
    Tool {
        name: "load",
        program: env!("CARGO_BIN_EXE_load"),
        arguments: |seconds, url| {
            words(&format!(
                "{url} --max --connections {CONNECTIONS} --duration {seconds}s --no-traceparent --json"
            ))
        },
        requests_per_second: answered,
    },
    Tool {
        name: "load with traceparent",
        program: env!("CARGO_BIN_EXE_load"),
        arguments: |seconds, url| {
            words(&format!("{url} --max --connections {CONNECTIONS} --duration {seconds}s --json"))
        },
        requests_per_second: answered,
    },
    Tool {
        name: "wrk",
        program: "wrk",
        arguments: |seconds, url| words(&format!("-t1 -c{CONNECTIONS} -d{seconds}s {url}")),
        requests_per_second: |output| {
            output.split("Requests/sec:").nth(1)?.split_whitespace().next()?.parse().ok()
        },
    },
    Tool {
        name: "oha",
        program: "oha",
        arguments: |seconds, url| {
            words(&format!("--no-tui --output-format json -c {CONNECTIONS} -z {seconds}s {url}"))
        },
        requests_per_second: |output| {
            serde_json::from_str::<serde_json::Value>(output).ok()?["summary"]["requestsPerSec"]
                .as_f64()
        },
    },
    Tool {
        name: "h2load",
        program: "h2load",
        arguments: |seconds, url| words(&format!("--h1 -t1 -c{CONNECTIONS} -D{seconds} {url}")),
        requests_per_second: |output| {
            let line = output.lines().find(|line| line.starts_with("finished in"))?;
            line.split(", ").nth(1)?.trim_end_matches(" req/s").parse().ok()
        },
    },
];

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn answered(output: &str) -> Option<f64> {
    let report: serde_json::Value = serde_json::from_str(output).ok()?;
    // A fast failure is not an answer.
    (report["errors"] == 0).then(|| report["answered_per_second"].as_f64())?
}

/// One run of one tool.
#[derive(Clone, Copy)]
struct Run {
    requests_per_second: f64,
    cpu_us: f64,
}

fn main() -> ExitCode {
    if std::env::var(ROLE).is_ok() {
        return serve();
    }
    let setting = |name, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let rounds: usize = setting("PEERS_ROUNDS", "5").parse().unwrap();
    let seconds = setting("PEERS_SECONDS", "3");
    if std::thread::available_parallelism().map_or(1, usize::from) < 2 || !installed("taskset") {
        println!("skipped: needs two cores and taskset (util-linux)");
        return ExitCode::SUCCESS;
    }
    let tools: Vec<&Tool> =
        TOOLS.iter().filter(|tool| tool.program.contains('/') || installed(tool.program)).collect();
    for tool in TOOLS.iter().filter(|tool| !tool.program.contains('/') && !installed(tool.program))
    {
        println!("left out: {} is not installed", tool.name);
    }
    let (_server, url) = start_server();
    let mut runs: Vec<Vec<Run>> = vec![Vec::new(); tools.len()];
    for round in 0..rounds {
        for turn in 0..tools.len() {
            // Another tool begins each round: nobody is always first after a pause.
            let index = (round + turn) % tools.len();
            let run = measure(tools[index], &seconds, &url);
            println!(
                "round {} {:<22} {:>9.0}/s {:>6.2} us",
                round + 1,
                tools[index].name,
                run.requests_per_second,
                run.cpu_us
            );
            runs[index].push(run);
        }
    }
    print_table(&tools, &runs);
    ExitCode::SUCCESS
}

fn installed(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    })
}

fn measure(tool: &Tool, seconds: &str, url: &str) -> Run {
    let mut child = Command::new("taskset")
        .args(["-c", CLIENT_CORE, tool.program])
        .args((tool.arguments)(seconds, url))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = String::new();
    child.stdout.take().unwrap().read_to_string(&mut output).unwrap();
    let cpu_seconds = cpu_of_ended(&mut child);
    let requests_per_second: f64 =
        (tool.requests_per_second)(&output).unwrap_or_else(|| panic!("{}: {output}", tool.name));
    assert!(requests_per_second > 100.0, "{}: that is no measurement: {output}", tool.name);
    Run {
        requests_per_second,
        cpu_us: cpu_seconds * 1e6 / (requests_per_second * seconds.parse::<f64>().unwrap()),
    }
}

/// The processor time of a process that has ended: the kernel keeps it until somebody collects the
/// exit code.
fn cpu_of_ended(child: &mut Child) -> f64 {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let pid = Pid::from_child(child);
    waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    assert!(child.wait().unwrap().success());
    // After the name in parentheses come state, ppid, …; utime and stime are the 12th and 13th.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / rustix::param::clock_ticks_per_second() as f64
}

fn print_table(tools: &[&Tool], runs: &[Vec<Run>]) {
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    type Value = fn(&Run) -> f64;
    let of = |runs: &[Run], value: Value| median(runs.iter().map(value).collect());
    // Round by round: what slowed the machine down for a round slowed down everybody in it.
    let ratio = |runs: &[Run], peer: &[Run], value: Value| {
        median(runs.iter().zip(peer).map(|(run, peer)| value(run) / value(peer)).collect())
    };
    let (rate, cpu): (Value, Value) = (|run| run.requests_per_second, |run| run.cpu_us);
    println!(
        "\n| client, 1 core, {CONNECTIONS} connections | requests/s, median | CPU us/request, median | load's rate is | load's CPU is |"
    );
    println!("| --- | --- | --- | --- | --- |");
    for (tool, of_tool) in tools.iter().zip(runs) {
        println!(
            "| {} | {:.0} | {:.2} | {:.2} x | {:.2} x |",
            tool.name,
            of(of_tool, rate),
            of(of_tool, cpu),
            ratio(&runs[0], of_tool, rate),
            ratio(&runs[0], of_tool, cpu)
        );
    }
}

/// Ends the server when dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start_server() -> (Server, String) {
    let mut child = Command::new("taskset")
        .args(["-c", SERVER_CORE])
        .arg(std::env::current_exe().unwrap())
        .env(ROLE, "server")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (Server(child), format!("http://{}/", line.trim()))
}

/// The same short answer for everybody, without even reading the request: a server that did more
/// would be the limit itself, and then all clients look alike.
fn serve() -> ExitCode {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\nHello, load!";
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                // No client here sends its next request before it has the answer, so one read is
                // one request.
                while let Ok(1..) = stream.read(&mut request).await {
                    if stream.write_all(ANSWER).await.is_err() {
                        break;
                    }
                }
            });
        }
    })
}
