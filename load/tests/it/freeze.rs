//! Does it hide a freeze? A server stands still for 2 of 10 seconds; requests keep being due.
//!
//! At 200 requests per second, 400 of 2000 are due while the server stands still, and wait between
//! 2 and 0 seconds. So a tenth of all waits longer than 1.0 s, and a hundredth longer than 1.9 s. A
//! load generator that waits for an answer before it sends the next request sees a few slow ones
//! instead, and reports a p99 of a millisecond.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};
use tokio::{net::TcpListener, time::sleep};

use crate::support::{Seen, count, finish, serve, start};

/// The program of the server process: these very tests, asked to run this one.
const SERVER: &str = "freeze::the_server_that_is_frozen";

/// On a busy machine the freeze or the schedule can come out wrong; then the experiment is
/// repeated, never loosened.
const TRIES: usize = 3;

struct ServerProcess(Child);

impl ServerProcess {
    fn start() -> (Self, String) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", SERVER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines
            .map_while(Result::ok)
            .find_map(|line| Some(line[line.find("http://")?..].to_owned()));
        (Self(child), url.expect("the server says where it listens"))
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Serves until its standard input ends.
#[test]
#[ignore = "not a test: the server process of the other one"]
fn the_server_that_is_frozen() {
    set_parent_process_death_signal(Some(Signal::KILL)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("http://{}/", listener.local_addr().unwrap());
        // With nobody at the other end, as when somebody runs all tests, that is at once.
        let (ended, end) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            let _ = ended.send(());
        });
        tokio::select! {
            _ = end => {}
            () = serve(listener, Arc::new(Seen::default())) => {}
        }
    });
}

#[tokio::test]
async fn a_server_frozen_for_two_seconds_shows_in_the_percentiles() {
    for attempt in 1..=TRIES {
        let (server, url) = ServerProcess::start();
        let load = start(&[&url, "--rate", "200", "--duration", "10s"]);
        sleep(Duration::from_secs(4)).await;
        server.signal(Signal::STOP);
        let frozen = Instant::now();
        sleep(Duration::from_secs(2)).await;
        server.signal(Signal::CONT);
        let frozen = frozen.elapsed();
        let (report, code) = finish(load);
        assert_eq!(
            (code, count(&report, "errors"), count(&report, "dropped")),
            (0, 0, 0),
            "{report}"
        );
        assert!((1980..=2020).contains(&count(&report, "sent")), "{report}");
        let success = |field: &str| report["latency"]["success"][field].as_f64().unwrap();
        println!(
            "p50 {} p90 {} p99 {} lag p99 {}",
            success("p50"),
            success("p90"),
            success("p99"),
            report["scheduler_lag"]["p99"]
        );
        if report["on_schedule"] == false || frozen > Duration::from_millis(2050) {
            println!(
                "attempt {attempt} is not valid: frozen for {frozen:?}, {}",
                report["scheduler_lag"]
            );
            continue;
        }
        assert!((0.9..=1.1).contains(&success("p90")), "{report}");
        assert!((1.71..=2.09).contains(&success("p99")), "{report}");
        return;
    }
    panic!("the machine was too busy for {TRIES} attempts");
}
