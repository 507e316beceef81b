//! A service as a process: how it starts, refuses to start, drains and stops.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use rustix::process::Signal;

use crate::service::{PATIENCE, Running, command, get, request, wait};

/// Runs a service that must not start: exit code 2, and one line on standard error.
fn refusal(variables: &[(&str, &str)]) -> String {
    let mut child = command("cases", variables).spawn().unwrap();
    let status = wait(&mut child);
    let mut error = String::new();
    child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
    assert_eq!(status.code(), Some(2), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

#[test]
fn a_setting_that_cannot_be_used_is_named_with_its_remedy() {
    for (name, value) in [
        ("ADMIN_PORT", "-1"),
        ("ROCKET_PORT", "many"),
        ("ROCKET_WORKERS", "-3"),
        ("ROCKET_ADDRESS", "nowhere"),
        ("HEAP_PROFILE", "perhaps"),
        ("RUST_LOG", "a=b=c"),
        ("OTEL_PROPAGATORS", "pigeon"),
        ("OTEL_TRACES_EXPORTER", "pigeon"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://127.0.0.1:4318"),
        ("SHUTDOWN_DELAY", "soon"),
        ("ADMIN_CONTROL", "perhaps"),
        ("CONNECTIONS", "none"),
        ("CONNECTIONS_MAX", "0"),
        ("CONNECTIONS_PER_ADDRESS", "many"),
        ("CONNECTION_IDLE_TIMEOUT", "15"),
        ("CONNECTION_HEAD_TIMEOUT", "soon"),
        ("CONNECTION_BODY_TIMEOUT", "1h"),
        ("CONNECTION_REQUEST_TIMEOUT", "-1s"),
        ("CONNECTION_WRITE_TIMEOUT", "ever"),
        ("CONNECTION_BODY_BYTES", "1M"),
    ] {
        let error = refusal(&[(name, value)]);
        let key = name.trim_start_matches("ROCKET_").to_lowercase();
        assert!(error.contains(name) || error.to_lowercase().contains(&key), "{name}: {error}");
    }
}

#[test]
fn a_busy_port_is_named_with_the_setting_that_changes_it() {
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = busy.local_addr().unwrap().port().to_string();
    for name in ["ROCKET_PORT", "ADMIN_PORT"] {
        let error = refusal(&[(name, &port)]);
        assert!(error.contains(name) && error.contains("in use"), "{error}");
    }
}

#[test]
fn a_request_in_progress_is_finished_before_the_service_stops() {
    let mut service = Running::start(&[]);
    let mut stream = service.send(&request("GET", "/slow/400"));
    service.expect("rocket_http_requests_in_flight", 1.0);
    service.signal(Signal::TERM);
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("slow"), "{answer}");
    assert_eq!(service.wait().code(), Some(0));
}

#[test]
fn a_stopping_service_is_not_ready_but_still_answers_on_its_admin_port() {
    let mut service = Running::start(&[]);
    assert_eq!(service.admin_get("/readyz").0, 200);
    let _stream = service.send(&request("GET", "/slow/60000"));
    service.expect("rocket_http_requests_in_flight", 1.0);
    service.signal(Signal::TERM);
    service.log_line(|line| line["message"] == "stopping");
    while service.admin_get("/readyz").0 != 503 {}
    assert_eq!(service.admin_get("/healthz").0, 200);
}

#[test]
fn with_a_delay_readiness_goes_first_and_connections_are_taken_until_the_listener_closes() {
    let mut service = Running::start(&[("SHUTDOWN_DELAY", "300s")]);
    service.signal(Signal::TERM);
    service.log_line(|line| line["message"] == "not ready any more; the listener closes later");
    assert_eq!(service.admin_get("/readyz").0, 503);
    // Whoever has not heard of it yet is served.
    for _ in 0..10 {
        assert!(service.get("/ok").starts_with("HTTP/1.1 200"));
    }
    // Whoever cannot wait says so again.
    service.signal(Signal::TERM);
    assert_eq!(service.wait().code(), Some(0));
}

#[test]
fn ctrl_c_waits_for_no_delay() {
    let mut service = Running::start(&[("SHUTDOWN_DELAY", "300s")]);
    service.signal(Signal::INT);
    assert_eq!(service.wait().code(), Some(0));
}

/// Clients that never hang up take all descriptors; the test of the test is that the business port
/// no longer answers.
#[test]
fn the_admin_port_answers_when_the_business_port_cannot() {
    let service = Running::start_with_files(128, &[("CONNECTIONS", "vulnerable")]);
    let mut hoard = Vec::new();
    let deadline = std::time::Instant::now() + PATIENCE;
    while service.answers_within("/ok", Duration::from_millis(300)) {
        assert!(std::time::Instant::now() < deadline, "{} connections", hoard.len());
        hoard.extend((0..50).filter_map(|_| TcpStream::connect(service.address).ok()));
    }
    for path in ["/readyz", "/healthz", "/metrics"] {
        assert_eq!(service.admin_get(path).0, 200, "{path}");
    }
    let open = service.value("process_open_fds").unwrap();
    assert!(open >= 120.0, "the metric shows the table that is full: {open}");
    let errors = service.value("rocket_connections_accept_errors_total").unwrap();
    assert!(errors > 0.0, "Rocket's own listener logs them, and they are counted");
    drop(hoard);
    service.until("it answers again", || service.answers_within("/ok", PATIENCE));
}

#[test]
fn a_request_that_never_ends_is_abandoned_with_one_line_and_exit_code_1() {
    // Nobody listens on port 9: the last spans have nowhere to go, and must not hold up the stop.
    let mut service = Running::start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")]);
    let _stream = service.send(&request("GET", "/slow/60000"));
    service.expect("rocket_http_requests_in_flight", 1.0);
    service.signal(Signal::TERM);
    assert_eq!(service.wait().code(), Some(1));
    let mut error = String::new();
    service.child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
    assert_eq!(error, "", "nothing but the log");
    service.log_line(|line| line["message"] == "stopped with requests still in progress");
}

#[test]
fn events_end_when_the_service_stops() {
    let mut service = Running::start(&[]);
    let _stream = service.send(&request("GET", "/events"));
    service.expect("rocket_http_streams_open", 1.0);
    service.signal(Signal::TERM);
    assert_eq!(service.wait().code(), Some(0));
}

#[test]
fn a_body_beyond_the_limit_and_a_name_that_is_not_text_are_answered_with_4xx() {
    let service = Running::start(&[]);
    let body = "x".repeat(10 << 20);
    let length = body.len();
    let mut stream = service.send(&format!(
        "POST /json HTTP/1.1\r\nhost: t\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{}",
        &body[..1 << 20]
    ));
    // The answer comes before the whole body is sent.
    let _ = std::io::Write::write_all(&mut stream, &body.as_bytes()[1 << 20..]);
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 4"), "{}", String::from_utf8_lossy(&answer));
    assert!(service.get("/number/%ff").starts_with("HTTP/1.1 422"));
    assert!(service.get("/ok").starts_with("HTTP/1.1 200"), "and the service goes on");
}

#[test]
#[cfg(not(feature = "dhat-heap"))]
fn heap_profiles_name_functions_and_leave_memory_as_it_was() {
    let off = Running::start(&[]);
    let (status, why) = off.admin_get("/debug/flamegraph");
    assert_eq!(status, 404);
    assert!(String::from_utf8_lossy(&why).contains("HEAP_PROFILE=true"));

    let service = Running::start(&[("HEAP_PROFILE", "true")]);
    service.get("/keep/16777216"); // large enough that sampling cannot miss it
    let before = service.value("process_resident_memory_bytes").unwrap();
    let (status, svg) = service.admin_get("/debug/flamegraph");
    assert_eq!(status, 200);
    let svg = String::from_utf8(svg).unwrap();
    assert!(
        svg.contains("rocket::") || svg.contains("instrument::") || svg.contains("tokio::"),
        "{svg}"
    );
    let (status, pprof) = service.admin_get("/debug/pprof/heap");
    assert_eq!((status, &pprof[..2]), (200, &[0x1f, 0x8b][..]), "gzip");
    // What the profile needed is given back within a second or two.
    service.until("memory is as before", || {
        service.value("process_resident_memory_bytes").unwrap() < before + 4e6
    });
}

#[test]
#[cfg(not(feature = "dhat-heap"))]
fn one_heap_profile_is_made_at_a_time() {
    let service = Running::start(&[("HEAP_PROFILE", "true")]);
    service.get("/keep/16777216");
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let admin = service.admin;
        let ask = || scope.spawn(move || get(admin, "/debug/flamegraph").0);
        let asked: Vec<_> = (0..16).map(|_| ask()).collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    assert!(statuses.contains(&200) && statuses.contains(&503), "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
    assert_eq!(service.admin_get("/debug/flamegraph").0, 200, "and then the next one");
}

#[test]
fn a_scrape_has_help_for_every_metric_and_a_unit_in_every_name_that_has_one() {
    let service = Running::start(&[]);
    service.get("/ok");
    let metrics = service.metrics();
    for line in metrics.lines().filter(|line| line.starts_with("# TYPE ")) {
        let mut words = line.split(' ').skip(2);
        let (name, kind) = (words.next().unwrap(), words.next().unwrap());
        assert!(metrics.contains(&format!("# HELP {name} ")), "{name} has no HELP");
        assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
        assert_eq!(kind == "histogram", name.ends_with("_duration_seconds"), "{name} is a {kind}");
    }
    for name in [
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_threads",
    ] {
        assert!(service.value(name).unwrap() > 0.0, "{name}");
    }
    let cpu = service.value("process_cpu_seconds_total").unwrap();
    assert!(cpu.fract() != 0.0, "CPU in parts of a second: {cpu}");
}
