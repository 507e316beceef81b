//! A real Prometheus with three quarters of an hour of history.

use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process};
use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// Seconds between samples.
const SCRAPE: i64 = 15;
/// Length of a part of the history; the memory grows from part to part.
pub(crate) const PART: i64 = 15 * 60;
/// Resident memory in each part.
const MEMORY: [f64; 3] = [100e6, 109e6, 121e6];

/// A server that is killed at the end of the test.
pub(crate) struct Real {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) url: String,
    begin: i64,
    _folder: TempDir,
}

/// Can kill the server while somebody else waits for it.
pub(crate) struct Killer(Pid);

impl Killer {
    pub(crate) fn kill(&self) {
        kill_process(self.0, Signal::KILL).unwrap();
    }
}

impl Real {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::now().as_second();
        let begin = now - now % PART - 8 * PART;
        std::fs::write(folder.path().join("history.om"), history(begin)).unwrap();
        std::fs::write(folder.path().join("prometheus.yml"), "{}\n").unwrap();
        let import = [
            "tsdb",
            "create-blocks-from",
            "openmetrics",
            "history.om",
            "data",
        ];
        let import = Command::new("promtool")
            .args(import)
            .current_dir(&folder)
            .output();
        let import = tokio::time::timeout(crate::DEADLINE, import)
            .await
            .unwrap()
            .unwrap();
        assert!(import.status.success(), "{import:?}");
        let address = free_address();
        let child = Command::new("prometheus")
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"])
            .arg(format!("--web.listen-address={address}"))
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("apt-get install prometheus");
        let url = format!("http://{address}");
        let server = tale::prometheus::Prometheus::new(&url);
        let ready = async {
            while !server.is_ready().await {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(crate::DEADLINE, ready)
            .await
            .expect("Prometheus starts");
        Self {
            child,
            address,
            url,
            begin,
            _folder: folder,
        }
    }

    /// When the part of this number, from 1, ends.
    pub(crate) fn end(&self, part: i64) -> String {
        self.at(part * PART)
    }

    /// So many seconds after the begin of the history.
    pub(crate) fn at(&self, seconds: i64) -> String {
        Timestamp::from_second(self.begin + seconds)
            .unwrap()
            .to_string()
    }

    pub(crate) fn killer(&self) -> Killer {
        let pid = self.child.id().unwrap().try_into().unwrap();
        Killer(Pid::from_raw(pid).unwrap())
    }

    pub(crate) async fn has_died(&mut self) -> bool {
        let end = tokio::time::timeout(crate::DEADLINE, self.child.wait()).await;
        !end.unwrap().unwrap().success()
    }

    /// Judges the last ten minutes of a part, with more arguments.
    pub(crate) async fn gate(&self, part: i64, args: &[&str]) -> crate::Said {
        let end = self.end(part);
        let window = ["--clock", "real", "--last", "10m", "--to", &end];
        let all = [args, &window, &["--prometheus", &self.url]].concat();
        crate::gate(&all).await
    }
}

/// A port of an address that is this process's own: nobody else can take it before the server does.
fn free_address() -> SocketAddr {
    let [.., high, low] = std::process::id().to_be_bytes();
    let listener = std::net::TcpListener::bind((Ipv4Addr::new(127, 77, high, low), 0)).unwrap();
    listener.local_addr().unwrap()
}

/// `good` has no errors, `bad` a tenth; `few` serves 1500 requests in ten minutes, all of them well.
fn history(begin: i64) -> String {
    let jobs = [
        ("good", 100.0, 0.0),
        ("bad", 90.0, 10.0),
        ("few", 37.5, 0.0),
    ];
    let scrapes = || 0..=3 * PART / SCRAPE;
    let mut text = String::from("# TYPE http_requests counter\n");
    for (job, good, bad) in jobs {
        for (code, each) in [("200", good), ("500", bad)] {
            for scrape in scrapes() {
                let (value, time) = (scrape as f64 * each, begin + scrape * SCRAPE);
                let labels = format!("{{job=\"{job}\",code=\"{code}\"}}");
                writeln!(text, "http_requests_total{labels} {value} {time}").unwrap();
            }
        }
    }
    text.push_str("# TYPE process_resident_memory_bytes gauge\n");
    for (job, _, _) in jobs {
        for scrape in scrapes() {
            // The sample at the very end of a part belongs to it.
            let part = ((scrape * SCRAPE - 1).max(0) / PART) as usize;
            let (value, time) = (MEMORY[part], begin + scrape * SCRAPE);
            writeln!(
                text,
                "process_resident_memory_bytes{{job=\"{job}\"}} {value} {time}"
            )
            .unwrap();
        }
    }
    text.push_str("# EOF\n");
    text
}
