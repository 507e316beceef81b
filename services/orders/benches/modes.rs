//! What really differs between the modes, as the table of `src/work/README.md`: `cargo bench -p
//! orders --bench modes`.
//!
//! 64 clients ask for prices of 10 ms CPU time, one after the other and as fast as they can: more
//! than any machine here has cores. Meanwhile one asks for something that costs nothing, on the
//! same port, and one for `/healthz` on the admin port. How long threads waited for a core comes
//! from the kernel (`/proc/PID/task/TID/schedstat`).
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints its table, and has nobody to return an error to"
)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

const CLIENTS: usize = 64;
const LASTS: Duration = Duration::from_secs(6);

fn main() {
    println!(
        "| `WORK_MODE` | threads | prices/s | refused/s | price, p99 | `GET /orders/0`, p99 | `/healthz`, p99 | a thread waits for a core |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for mode in ["inline", "thread-per-request", "bounded"] {
        row(mode);
    }
}

fn row(mode: &str) {
    let orders = Orders::start(mode);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let ask = |address, path| {
            let stop = &stop;
            scope.spawn(move || {
                let (mut ok, mut refused) = (Vec::new(), 0_u32);
                while !stop.load(Relaxed) {
                    let (status, took) = ask(address, path);
                    if status == 503 {
                        refused += 1
                    } else {
                        ok.push(took)
                    }
                    if status != 200 || path != PRICE {
                        thread::park_timeout(Duration::from_millis(20));
                    }
                }
                (ok, refused)
            })
        };
        let prices: Vec<_> = (0..CLIENTS).map(|_| ask(orders.address, PRICE)).collect();
        let cheap = ask(orders.address, "/orders/0");
        let health = ask(orders.admin, "/healthz");
        thread::park_timeout(LASTS / 3);
        let before = orders.waited();
        thread::park_timeout(LASTS * 2 / 3);
        let (waited, threads) = (orders.waited(), orders.threads());
        stop.store(true, Relaxed);
        let mut all = (Vec::new(), 0);
        for (ok, refused) in prices.into_iter().map(|client| client.join().unwrap()) {
            all.0.extend(ok);
            all.1 += refused;
        }
        let per_second = |count: f64| count / LASTS.as_secs_f64();
        let (ns, turns) = (waited.0 - before.0, (waited.1 - before.1).max(1));
        println!(
            "| `{mode}` | {threads} | {:.0} | {:.0} | {} | {} | {} | {:.1} ms |",
            per_second(all.0.len() as f64),
            per_second(all.1.into()),
            p99(all.0),
            p99(cheap.join().unwrap().0),
            p99(health.join().unwrap().0),
            ns as f64 / turns as f64 / 1e6
        );
    });
}

const PRICE: &str = "/orders/price/tea";

/// Asks on a connection of its own; the status, and how long it took.
fn ask(address: SocketAddr, path: &str) -> (u16, Duration) {
    let start = Instant::now();
    let mut answer = Vec::new();
    if let Ok(mut stream) = TcpStream::connect(address) {
        let request = format!("GET {path} HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n");
        let _ = stream.write_all(request.as_bytes());
        let _ = stream.read_to_end(&mut answer);
    }
    let status = answer.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok());
    (status.and_then(|digits| digits.parse().ok()).unwrap_or(0), start.elapsed())
}

fn p99(mut took: Vec<Duration>) -> String {
    took.sort();
    let at = took.len().saturating_sub(1).min(took.len() * 99 / 100);
    took.get(at)
        .map_or_else(|| "-".to_owned(), |took| format!("{:.0} ms", took.as_secs_f64() * 1e3))
}

struct Orders {
    child: Child,
    address: SocketAddr,
    admin: SocketAddr,
}

impl Orders {
    fn start(mode: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_orders"))
            .envs([("ROCKET_PORT", "0"), ("ADMIN_PORT", "0"), ("WORK_MODE", mode)])
            .envs([("WORK_UNITS", "100"), ("WORK_QUEUE", "16")])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut address = |message: &str| {
            let line = log.find(|line| line.contains(&format!(":\"{message}\""))).unwrap();
            let line: serde_json::Value = serde_json::from_str(&line).unwrap();
            line["address"].as_str().unwrap().parse().unwrap()
        };
        let (admin, address) = (address("admin ready"), address("ready"));
        thread::spawn(move || log.for_each(drop));
        Self { child, address, admin }
    }

    fn tasks(&self) -> impl Iterator<Item = std::path::PathBuf> {
        let folder = format!("/proc/{}/task", self.child.id());
        fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path())
    }

    fn threads(&self) -> usize {
        self.tasks().count()
    }

    /// Nanoseconds that threads have waited for a core, and how often they got one. Of threads that
    /// are there: those that have ended took theirs with them.
    fn waited(&self) -> (u64, u64) {
        let stats = self.tasks().filter_map(|task| fs::read_to_string(task.join("schedstat")).ok());
        stats.fold((0, 0), |(ns, turns), stat| {
            let mut fields = stat.split_whitespace().map(|field| field.parse().unwrap_or(0));
            let (_, waited, count): (u64, u64, u64) = (
                fields.next().unwrap_or(0),
                fields.next().unwrap_or(0),
                fields.next().unwrap_or(0),
            );
            (ns + waited, turns + count)
        })
    }
}

impl Drop for Orders {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
