//! A real Prometheus that remembers what a test tells it: blocks made by `promtool`, served on a
//! free loopback port.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Instant;

use tempfile::TempDir;

use crate::history::History;
use crate::promtool;
use crate::wait::SOON;

/// Few large blocks instead of one for each two hours: a month is written in a second.
const BLOCK: &str = "--max-block-duration=2400h";

/// A server with a history. It is killed, and its folder removed, at the end.
pub struct Prometheus {
    server: Option<Server>,
    folder: TempDir,
}

impl Prometheus {
    /// Starts a server that knows `history` and scrapes nothing.
    ///
    /// # Panics
    /// Prometheus is not installed, or does not start.
    pub fn with(history: &History) -> Self {
        Self::listening_at("127.0.0.1:0", history)
    }

    /// As [`Self::with`], at an address of its own.
    ///
    /// # Panics
    /// As there; or the address is taken.
    pub fn listening_at(address: &str, history: &History) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("history.om", &history.to_openmetrics());
        write("prometheus.yml", "{}\n");
        let blocks = ["tsdb", "create-blocks-from", BLOCK, "openmetrics", "history.om", "data"];
        promtool::run(folder.path(), &blocks).expect_code(0);
        let server = Some(Server::start(folder.path(), address));
        Self { server, folder }
    }

    /// Where it listens, e.g. `http://127.0.0.1:9090`.
    ///
    /// # Panics
    /// Never: a started server has an address.
    pub fn url(&self) -> &str {
        &self.server.as_ref().unwrap().url
    }

    /// Its process, for tests in which it dies.
    ///
    /// # Panics
    /// Never: a started server has a process.
    pub fn pid(&self) -> u32 {
        self.server.as_ref().unwrap().child.id()
    }

    /// Evaluates the recording rules of a rule file over the past, as if they had always been
    /// there. Rules that read what others record need a call of their own.
    ///
    /// # Panics
    /// promtool refuses the rules.
    pub fn record(&mut self, rules: &str, from: f64, to: f64, interval: &str) {
        std::fs::write(self.folder.path().join("rules.yml"), rules).unwrap();
        let url = format!("--url={}", self.url());
        let [start, end] = [format!("--start={from}"), format!("--end={to}")];
        let interval = format!("--eval-interval={interval}");
        let blocks = ["tsdb", "create-blocks-from", "rules", &url, &start, &end, &interval];
        let args = [&blocks[..], &["--output-dir=data", "rules.yml"]].concat();
        promtool::run(self.folder.path(), &args).expect_code(0);
        // A server looks for new blocks once a minute, and when it starts.
        self.server = None;
        self.server = Some(Server::start(self.folder.path(), "127.0.0.1:0"));
    }

    /// The values of an instant query at `time`, in seconds since 1970.
    ///
    /// # Panics
    /// Prometheus refuses the query.
    pub fn values(&self, promql: &str, time: f64) -> Vec<f64> {
        let time = format!("--time={time}");
        let url = self.url();
        let args = ["query", "instant", "-o", "json", &time, url, promql];
        let answer = promtool::run(self.folder.path(), &args).expect_code(0).json();
        let series = answer.as_array().unwrap().iter();
        series.map(|sample| sample["value"][1].as_str().unwrap().parse().unwrap()).collect()
    }
}

struct Server {
    child: Child,
    reader: Option<JoinHandle<()>>,
    url: String,
}

impl Server {
    fn start(folder: &Path, address: &str) -> Self {
        let mut child = Command::new("prometheus")
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"])
            // Histories are older than the usual fifteen days.
            .args(["--storage.tsdb.retention.time=100y"])
            .arg(format!("--web.listen-address={address}"))
            .current_dir(folder)
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("prometheus does not start; apt-get install prometheus");
        let (sender, lines) = channel();
        let log = BufReader::new(child.stderr.take().unwrap());
        // Reads to the end: a server whose log nobody reads stops one day.
        let reader = std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut server = Self { child, reader: Some(reader), url: String::new() };
        let [listens, _] = wait_for(&lines, ["Listening on", "Server is ready"]);
        let address = listens.split("address=").nth(1).unwrap();
        server.url = format!("http://{}", address.trim());
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// The lines with these words. They come in any order: each is written by another part of
/// Prometheus.
fn wait_for<const N: usize>(lines: &Receiver<String>, wanted: [&str; N]) -> [String; N] {
    let deadline = Instant::now() + SOON;
    let mut found = [const { String::new() }; N];
    let mut seen = String::new();
    while found.iter().any(String::is_empty) {
        let left = deadline.saturating_duration_since(Instant::now());
        let line = lines
            .recv_timeout(left)
            .unwrap_or_else(|why| panic!("prometheus never said all of {wanted:?}: {why}\n{seen}"));
        for (words, found) in wanted.iter().zip(&mut found) {
            if line.contains(words) {
                found.clone_from(&line);
            }
        }
        seen.push_str(&(line + "\n"));
    }
    found
}
