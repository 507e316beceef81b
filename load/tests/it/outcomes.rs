//! Every way in which a request can end, against a server that ends it that way.

use std::sync::atomic::Ordering;

use crate::support::{Server, command, count, finish, run, start};

fn ends_as(path: &str, more: &[&str], outcome: &str) {
    let server = Server::start();
    let url = server.url(path);
    let (report, _) = run(&[&[&url, "--rate", "100", "--duration", "300ms"], more].concat());
    assert_eq!(count(&report, "due"), 30);
    let count = count(&report["outcomes"], outcome);
    // The last one may be in flight at the end.
    assert!(count >= 20, "{path}: {report}");
}

#[test]
fn answers_are_told_apart_by_status_and_body() {
    ends_as("/", &[], "ok");
    ends_as("/status/404", &[], "4xx");
    ends_as("/status/429", &[], "429");
    ends_as("/status/503", &[], "5xx");
    ends_as("/status/404", &["--expect-status", "404"], "ok");
    ends_as("/status/202", &["--expect-status", "200"], "bad_status");
    ends_as("/", &["--expect-body", "load!"], "ok");
    ends_as("/", &["--expect-body", "goodbye"], "bad_body");
}

#[test]
fn answers_are_counted_by_the_value_of_a_header() {
    let server = Server::start();
    let url = server.url("/");
    let arguments =
        [&url, "--rate", "100", "--duration", "200ms", "--count-header", "content-length"];
    let (report, _) = run(&arguments);
    let by_value = report["answers_by"].as_object().unwrap();
    let all: u64 = by_value.values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!((all, &by_value[""]), (count(&report, "answered"), &0.into()), "{report}");
    assert_eq!(by_value.len(), 2, "{report}");
}

#[test]
fn broken_connections_and_silence_are_told_apart() {
    ends_as("/reset", &[], "reset");
    ends_as("/hang", &["--timeout", "20ms"], "timeout");
}

#[test]
fn with_nobody_there_every_request_is_a_connect_error_and_the_exit_code_is_2() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", free.local_addr().unwrap());
    drop(free);
    for how in [&["--rate", "100"][..], &["--max", "--connections", "2"]] {
        let (report, code) = run(&[&[&url, "--duration", "200ms"], how].concat());
        assert_eq!(code, 2, "{report}");
        assert!(count(&report["outcomes"], "connect") > 0, "{report}");
        assert!(report["messages"]["connect"].as_str().unwrap().contains("refused"), "{report}");
    }
}

#[test]
fn a_name_that_does_not_resolve_is_a_dns_error() {
    let file = std::env::temp_dir().join(format!("load-outcomes-{}.conf", std::process::id()));
    std::fs::write(&file, "nameserver 127.0.0.1\noptions attempts:1 timeout:1\n").unwrap();
    // Nothing listens on the port that a socket had a moment ago.
    let port = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = command(&["http://shop/", "--rate", "100", "--duration", "200ms", "--json"]);
    command.env("RESOLV_CONF", &file).env("RESOLV_PORT", port.to_string());
    let (report, code) = finish(command.spawn().unwrap());
    assert_eq!(code, 2);
    assert!(count(&report["outcomes"], "dns") > 0, "{report}");
    std::fs::remove_file(file).unwrap();
}

#[test]
fn connections_are_kept_and_opened_again_only_when_they_end() {
    let server = Server::start();
    let opened = |path: &str, more: &[&str]| {
        let url = server.url(path);
        let before = server.seen.connections.load(Ordering::SeqCst);
        let (report, code) = run(&[&[&url, "--rate", "100", "--duration", "500ms"], more].concat());
        assert_eq!((code, count(&report, "errors")), (0, 0), "{report}");
        let opened = server.seen.connections.load(Ordering::SeqCst) - before;
        assert_eq!(opened, count(&report, "connections_opened"), "{report}");
        (opened, count(&report, "ok"))
    };
    let (opened_kept, ok) = opened("/", &["--connections", "3"]);
    assert!(opened_kept <= 3 && ok >= 45);
    let (opened_churn, ok) = opened("/", &["--mode", "churn"]);
    assert!(opened_churn >= ok && ok >= 40);
    // The server ends each connection: that is not an error, and costs a new one each time.
    let (opened_closed, ok) = opened("/close", &["--connections", "2"]);
    assert!(opened_closed >= ok && ok >= 40);
}

#[test]
fn maximum_mode_uses_all_connections_and_loses_nothing() {
    let server = Server::start();
    let (report, code) = run(&[
        &server.url("/"),
        "--max",
        "--connections",
        "5",
        "--duration",
        "300ms",
        "--workers",
        "2",
    ]);
    assert_eq!(
        (code, count(&report, "errors"), count(&report, "connections_opened")),
        (0, 0, 5),
        "{report}"
    );
    assert_eq!(report["loop"], "closed");
    let seen = server.seen.requests.load(Ordering::SeqCst);
    assert!(
        count(&report, "ok") <= seen && seen <= count(&report, "sent"),
        "{report}, the server saw {seen}"
    );
}

#[test]
fn trace_ids_begin_with_the_run_and_methods_and_bodies_arrive() {
    let server = Server::start();
    let url = server.url("/echo");
    let (report, _) = run(&[
        &url,
        "--rate",
        "100",
        "--duration",
        "200ms",
        "--method",
        "POST",
        "--body",
        "{}",
        "--trace-ratio",
        "1",
    ]);
    let run_id = report["run_id"].as_str().unwrap();
    let traceparents = server.seen.traceparents.lock().unwrap();
    assert!(traceparents.len() >= 15);
    for traceparent in traceparents.iter() {
        assert!(
            traceparent.starts_with(&format!("00-{run_id}")) && traceparent.ends_with("-01"),
            "{traceparent}"
        );
    }
    let bodies = server.seen.bodies.lock().unwrap();
    assert!(
        !bodies.is_empty()
            && bodies.iter().all(|body| *body == ("POST".to_owned(), "{}".to_owned()))
    );
}

#[test]
fn the_same_seed_repeats_a_poisson_run() {
    let server = Server::start();
    let due = |seed| {
        let url = server.url("/");
        let (report, _) = run(&[
            &url,
            "--rate",
            "500",
            "--duration",
            "300ms",
            "--arrivals",
            "poisson",
            "--seed",
            seed,
        ]);
        assert_eq!(report["seed"].to_string(), seed);
        count(&report, "due")
    };
    let first: Vec<u64> = ["1", "2", "3"].map(due).into();
    assert_eq!(first, ["1", "2", "3"].map(due));
    assert!(first.iter().any(|due| *due != first[0]), "{first:?}");
}

#[test]
fn a_condition_that_holds_makes_the_exit_code_1() {
    let server = Server::start();
    let code = |path: &str, condition: &str| {
        run(&[&server.url(path), "--rate", "100", "--duration", "200ms", "--fail-if", condition]).1
    };
    assert_eq!(code("/status/500", "errors>1%"), 1);
    assert_eq!(code("/", "errors>1%"), 0);
    assert_eq!(code("/slow/20", "p50>5ms"), 1);
}

#[test]
fn a_server_that_says_nothing_passes_no_condition() {
    let server = Server::start();
    // The run is shorter than the time-out: nothing ends before the schedule does.
    let run = |condition: &str| {
        let arguments = ["--rate", "50", "--duration", "200ms", "--timeout", "1s"];
        let url = server.url("/hang");
        run(&[&[&*url], &arguments[..], &["--fail-if", condition]].concat())
    };
    for condition in ["errors>1%", "p99>3s", "rate<1"] {
        let (report, code) = run(condition);
        assert_eq!(code, 1, "{condition}: {report}");
        assert_eq!(count(&report["outcomes"], "timeout"), 10, "{report}");
        assert_eq!(count(&report, "answered"), 0, "{report}");
    }
}

#[test]
fn a_signal_ends_the_run_with_a_report() {
    use rustix::process::{Pid, Signal, kill_process};
    let server = Server::start();
    let url = server.url("/");
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 0)] {
        let before = server.seen.requests.load(Ordering::SeqCst);
        let load = start(&[&url, "--rate", "100", "--duration", "60s"]);
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while server.seen.requests.load(Ordering::SeqCst) < before + 5 {
            assert!(std::time::Instant::now() < deadline, "no request within 30 s");
            std::thread::yield_now();
        }
        kill_process(Pid::from_child(&load), signal).unwrap();
        let (report, exit) = finish(load);
        assert_eq!((exit, &report["interrupted"]), (code, &true.into()), "{report}");
        assert!(count(&report, "ok") > 0 && count(&report, "due") < 6_000);
    }
}

#[test]
fn a_run_against_nobody_ends_long_before_its_time_unless_it_is_patient() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", free.local_addr().unwrap());
    drop(free);
    // Were it not for the early end, the run would outlast the test.
    let (report, code) = run(&["constant", &url, "--rate", "20", "--duration", "24h"]);
    assert_eq!((code, &report["interrupted"]), (2, &false.into()), "{report}");
    assert!(count(&report["outcomes"], "connect") > 0, "{report}");
    let (report, code) = run(&[&url, "--rate", "20", "--duration", "2s", "--patient"]);
    assert_eq!((code, count(&report, "due")), (2, 40), "{report}");
}
