//! Who gets a connection, and for how long: `hardened` ends what `vulnerable` lets be.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use rocket::tokio::net::TcpSocket;
use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};

use crate::service::{PATIENCE, Running, request};

/// A request whose connection stays.
const OK: &str = "GET /ok HTTP/1.1\r\nhost: t\r\n\r\n";
/// One that is never answered while a test lasts.
const NEVER: &str = "GET /slow/600000 HTTP/1.1\r\nhost: t\r\n\r\n";
/// Sent by whoever never ends a head.
const HALF_A_HEAD: &str = "GET /ok HTTP/1.1\r\nhost: t\r\nx-";

fn hardened(settings: &[(&str, &str)]) -> Running {
    Running::start(settings)
}

fn rejected(reason: &str) -> String {
    format!("rocket_connections_rejected_total{{reason=\"{reason}\"}}")
}

/// Whether the service has ended the connection; waits for the end, or for a moment only.
fn has_ended(stream: &mut TcpStream, wait: Duration) -> bool {
    stream.set_read_timeout(Some(wait)).unwrap();
    let mut bytes = [0; 4096];
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(why) if [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&why.kind()) => {
                return false;
            }
            Err(_) => return true,
        }
    }
}

/// That a connection is ended for a reason, and that Rocket's own listener would not have.
fn is_ended(limit: (&str, &str), sends: &str, reason: &str) {
    let services = [hardened(&[limit]), Running::start(&[limit, ("CONNECTIONS", "vulnerable")])];
    let [mut ended, mut kept] = services.each_ref().map(|service| service.send(sends));
    let [hardened, vulnerable] = services;
    hardened.expect(&rejected(reason), 1.0);
    assert!(has_ended(&mut ended, PATIENCE), "{reason}");
    hardened.expect("rocket_connections_open", 0.0);
    assert!(!has_ended(&mut kept, Duration::from_millis(10)), "{reason}: the test of the test");
    assert_eq!(vulnerable.value(&rejected(reason)), Some(0.0));
    assert!(hardened.get("/ok").starts_with("HTTP/1.1 200"), "others are served");
}

#[test]
fn a_connection_that_says_nothing_is_ended() {
    is_ended(("CONNECTION_IDLE_TIMEOUT", "300ms"), "", "idle");
}

#[test]
fn a_connection_that_says_nothing_more_is_ended() {
    is_ended(("CONNECTION_IDLE_TIMEOUT", "300ms"), OK, "idle");
}

#[test]
fn a_head_that_does_not_end_is_ended() {
    is_ended(("CONNECTION_HEAD_TIMEOUT", "300ms"), HALF_A_HEAD, "slow_head");
    // Also after a request that was answered.
    let both = format!("{OK}{HALF_A_HEAD}");
    is_ended(("CONNECTION_IDLE_TIMEOUT", "300ms"), &both, "idle");
}

/// A time-out from byte to byte would never come.
#[test]
fn a_head_that_comes_letter_by_letter_is_ended_too() {
    let service = hardened(&[("CONNECTION_HEAD_TIMEOUT", "300ms")]);
    let mut stream = service.send(HALF_A_HEAD);
    while !has_ended(&mut stream, Duration::from_millis(10)) {
        let _ = stream.write_all(b"x"); // an error is an end, too
    }
    service.expect(&rejected("slow_head"), 1.0);
}

#[test]
fn an_answer_that_does_not_come_is_given_up() {
    is_ended(("CONNECTION_REQUEST_TIMEOUT", "300ms"), NEVER, "slow_answer");
}

#[test]
fn a_client_that_does_not_read_is_given_up_and_its_request_counted_as_aborted() {
    let big = "GET /big HTTP/1.1\r\nhost: t\r\n\r\n";
    let service = hardened(&[("CONNECTION_WRITE_TIMEOUT", "300ms")]);
    let _never_read = service.send(big);
    service.expect(&rejected("slow_reader"), 1.0);
    service.expect("rocket_connections_open", 0.0);
    let aborted = "rocket_http_requests_aborted_total{endpoint=\"/big\",method=\"GET\",reason=\"client_left\"}";
    service.expect(aborted, 1.0);
    service.expect("rocket_http_requests_in_flight", 0.0);

    // One who reads a little now and then takes too long as a whole.
    let service = hardened(&[("CONNECTION_REQUEST_TIMEOUT", "500ms")]);
    let mut slow = service.send(big);
    let mut some = [0; 1000];
    while slow.read_exact(&mut some).is_ok() {
        std::thread::park_timeout(Duration::from_millis(1));
    }
    service.expect(&rejected("slow_answer"), 1.0);
}

#[test]
fn events_may_take_as_long_as_they_like() {
    let limits = ["REQUEST", "IDLE", "HEAD", "WRITE"];
    let limits = limits.map(|limit| format!("CONNECTION_{limit}_TIMEOUT"));
    let limits: Vec<(&str, &str)> = limits.iter().map(|limit| (limit.as_str(), "100ms")).collect();
    let service = hardened(&limits);
    let mut stream = service.send("GET /events HTTP/1.1\r\nhost: t\r\n\r\n");
    // Events come every 20 ms: this is many times as long as all limits.
    let mut events = vec![0; 200 * "data:tick".len()];
    stream.read_exact(&mut events).unwrap();
    assert_eq!(service.value("rocket_http_streams_open"), Some(1.0));
}

#[test]
fn a_body_that_does_not_end_is_answered_with_408_and_no_route_is_asked() {
    let service = hardened(&[("CONNECTION_BODY_TIMEOUT", "300ms")]);
    let head = "POST /json HTTP/1.1\r\nhost: t\r\ncontent-length: 4\r\n\r\n";
    let answer = service.raw(&format!("{head}{{"));
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    service.expect(&rejected("slow_body"), 1.0);
    let asked = "rocket_http_requests_in_flight";
    assert_eq!(service.value(asked), Some(0.0));
    assert!(!service.metrics().contains("endpoint=\"/json\",method=\"POST\",status=\"400\""));
}

#[test]
fn a_body_that_is_too_long_is_answered_with_413_however_its_length_is_told() {
    let service = hardened(&[("CONNECTION_BODY_BYTES", "1000")]);
    let whole = format!("\"{}\"", "x".repeat(998));
    let head = "POST /json HTTP/1.1\r\nhost: t\r\nconnection: close\r\n";
    let answer = service.raw(&format!("{head}content-length: 1000\r\n\r\n{whole}"));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let answer = service.raw(&format!("{head}content-length: 1001\r\n\r\n{whole} "));
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n3e8\r\n{whole}\r\n");
    let answer = service.raw(&format!("{chunked}0\r\n\r\n"));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let answer = service.raw(&format!("{chunked}1\r\n \r\n0\r\n\r\n"));
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    service.expect(&rejected("long_body"), 2.0);
}

/// Sends a head, and then a body piece by piece, with a pause after each; what comes back.
fn streamed(service: &Running, path: &str, pieces: &[(&[u8], u64)]) -> String {
    let bytes: usize = pieces.iter().map(|(piece, _)| piece.len()).sum();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: t\r\nconnection: close\r\ncontent-length: {bytes}\r\n\r\n"
    );
    let mut stream = service.send(&head);
    for (piece, pause) in pieces {
        // The answer may be there before the body is.
        let _ = stream.write_all(piece);
        std::thread::park_timeout(Duration::from_millis(*pause));
    }
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

#[test]
fn a_body_that_is_streamed_may_be_longer_and_slower_than_others_as_long_as_it_moves() {
    let limits = [("CONNECTION_BODY_TIMEOUT", "2s"), ("CONNECTION_REQUEST_TIMEOUT", "1s")];
    for handling in ["hardened", "vulnerable"] {
        let service = Running::start(&[limits[0], limits[1], ("CONNECTIONS", handling)]);
        // All of them together have 16 MiB.
        let piece = vec![b'x'; 6 << 20];
        let slow = [(&piece[..], 700), (&piece[..], 700), (&piece[..], 700), (&b"x"[..], 0)];
        let answer = streamed(&service, "/streamed/count", &slow);
        let bytes = 3 * piece.len() + 1;
        assert!(answer.ends_with(&format!("\r\n\r\n{bytes}\n")), "{handling}: {answer}");
    }
}

#[test]
fn a_body_that_is_streamed_and_stops_is_given_up() {
    let service = hardened(&[("CONNECTION_BODY_TIMEOUT", "300ms")]);
    let mut stream =
        service.send("POST /streamed/count HTTP/1.1\r\nhost: t\r\ncontent-length: 9\r\n\r\nxx");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(answer.ends_with("2, and then TimedOut\n"), "{answer}");
    service.expect("rocket_connections_open", 0.0);
    service.expect("rocket_http_requests_in_flight", 0.0);
}

#[test]
fn a_body_that_is_streamed_to_nobody_does_not_cost_the_answer() {
    let service = hardened(&[]);
    let body = vec![b'x'; 4 << 20];
    for path in ["/streamed/first", "/streamed/nobody-is-here"] {
        let answer = streamed(&service, path, &[(&body, 0)]);
        let expected = if path.ends_with("first") { "HTTP/1.1 200" } else { "HTTP/1.1 404" };
        assert!(answer.starts_with(expected), "{path}: {answer}");
    }
    service.expect("rocket_connections_open", 0.0);
}

/// Twenty clients that announce a MiB each, and send all of it but the last byte.
#[test]
fn all_bodies_together_have_a_limit_and_it_counts_what_has_come() {
    let service = hardened(&[]);
    let head = format!("POST /json HTTP/1.1\r\nhost: t\r\ncontent-length: {}\r\n\r\n", 1 << 20);
    let most = " ".repeat((1 << 20) - 1);
    let refused = || service.value(&rejected("many_bodies")).unwrap() > 0.0;
    let mut hoard: Vec<TcpStream> = (0..20).map(|_| service.send(&head)).collect();
    assert!(!refused(), "nothing has come");
    for stream in &mut hoard {
        let _ = stream.write_all(most.as_bytes());
    }
    service.until("one was refused", refused);
    drop(hoard);
    assert!(service.get("/ok").starts_with("HTTP/1.1 200"));
}

#[test]
fn when_all_connections_are_taken_by_requests_the_next_is_refused_and_the_admin_port_answers() {
    let service = hardened(&[("CONNECTIONS_MAX", "4")]);
    assert_eq!(service.value("rocket_connections_max"), Some(4.0));
    let mut busy: Vec<TcpStream> = (0..4).map(|_| service.send(NEVER)).collect();
    service.expect("rocket_http_requests_in_flight", 4.0);
    let mut refused = TcpStream::connect(service.address).unwrap();
    assert!(has_ended(&mut refused, PATIENCE));
    service.expect(&rejected("too_many"), 1.0);
    assert_eq!(service.admin_get("/metrics").0, 200);
    busy.pop();
    service.until("there is room", || service.answers_within("/ok", PATIENCE));
}

#[test]
fn whoever_asks_nothing_makes_room_for_whoever_asks_the_oldest_first() {
    let service = hardened(&[("CONNECTIONS_MAX", "4")]);
    let mut hoard: Vec<TcpStream> =
        ["", OK, HALF_A_HEAD, NEVER].map(|sends| service.send(sends)).into();
    service.expect("rocket_connections_open", 4.0);
    // Connections of the last moments are spared.
    service.until("there is room", || service.answers_within("/ok", PATIENCE));
    let made_room = service.value(&rejected("made_room")).unwrap();
    assert!(made_room >= 1.0, "{made_room}");
    assert!(has_ended(&mut hoard[0], PATIENCE), "the oldest");
    for _ in 0..20 {
        service.until("there is room", || service.answers_within("/ok", PATIENCE));
    }
    assert!(!has_ended(&mut hoard[3], Duration::from_millis(10)), "whoever asks, stays");
}

#[test]
fn an_address_has_a_limit_of_its_own_and_the_others_go_on() {
    let service = hardened(&[("CONNECTIONS_PER_ADDRESS", "2")]);
    let _hoard = [(); 2].map(|()| connect([127, 0, 0, 2], service.address).unwrap());
    service.expect("rocket_connections_open", 2.0);
    // The reset may be there before the connection is.
    let third = connect([127, 0, 0, 2], service.address);
    assert!(third.map_or(true, |mut third| has_ended(&mut third, PATIENCE)));
    service.expect(&rejected("too_many_from_address"), 1.0);
    let mut other = connect([127, 0, 0, 3], service.address).unwrap();
    other.write_all(request("GET", "/ok").as_bytes()).unwrap();
    let mut answer = String::new();
    other.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

fn connect(from: [u8; 4], to: SocketAddr) -> io::Result<TcpStream> {
    let connected = rocket::execute(async move {
        let socket = TcpSocket::new_v4()?;
        socket.bind((from, 0).into())?;
        socket.connect(to).await?.into_std()
    });
    let stream = connected?;
    stream.set_nonblocking(false)?;
    Ok(stream)
}

/// The limit of the kernel, put below what is open already.
#[test]
fn without_a_file_descriptor_the_service_waits_counts_it_and_goes_on() {
    let service = hardened(&[]);
    let pid = Pid::from_child(&service.child);
    let few = Rlimit { current: Some(3), maximum: Some(1000) };
    prlimit(Some(pid), Resource::Nofile, few).unwrap();
    assert!(!service.answers_within("/ok", Duration::from_millis(300)));
    prlimit(Some(pid), Resource::Nofile, Rlimit { current: Some(1000), ..few }).unwrap();
    service.until("it answers again", || service.answers_within("/ok", PATIENCE));
    assert!(service.value("rocket_connections_accept_errors_total").unwrap() > 0.0);
}

#[test]
fn a_route_sees_the_same_request_whoever_listens() {
    let requests = [
        "POST /seen/a%20b/c?d=e&f HTTP/1.1\r\nhost: Example.org:81\r\nX-One: 1\r\nx-one: 2\r\ncookie: a=b; c=%20d\r\ncontent-length: 4\r\n\r\nbody",
        "POST /seen HTTP/1.1\r\nhost: [::1]\r\ntransfer-encoding: chunked\r\naccept: */*\r\n\r\n3\r\nbod\r\n1\r\ny\r\n0\r\n\r\n",
        "POST http://other.org/seen/absolute HTTP/1.1\r\nhost: other.org\r\ncontent-length: 0\r\n\r\n",
        "POST /seen HTTP/1.0\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 13\r\n\r\n_method=get&a",
        "POST /seen HTTP/1.1\r\nhost: t\r\nx-bytes: \u{e9}\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\nok",
        "HEAD /ok HTTP/1.1\r\nhost: t\r\n\r\n",
        "GET /stream HTTP/1.1\r\nhost: t\r\n\r\n",
        "GET /stream HTTP/1.0\r\n\r\n",
        "GET /nowhere HTTP/1.1\r\n\r\n",
    ];
    let services = Running::both();
    for sends in requests {
        let (head, body) = sends.split_once("\r\n\r\n").unwrap();
        let sends = format!("{head}\r\nconnection: close\r\n\r\n{body}");
        let [hardened, vulnerable] = services.each_ref().map(|service| {
            // A header is not told by its order, and the time goes by.
            let answer = service.raw(&sends);
            let answer = answer.trim_start_matches("HTTP/1.1 100 Continue\r\n\r\n");
            let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
            let mut head: Vec<&str> =
                head.split("\r\n").filter(|line| !line.starts_with("date: ")).collect();
            head.sort_unstable();
            format!("{}\n\n{body}", head.join("\n").to_lowercase())
        });
        assert_eq!(hardened, vulnerable, "{sends}");
    }
}

#[test]
fn requests_sent_at_once_are_answered_in_order_and_the_connection_stays() {
    for service in Running::both() {
        let mut stream = service.send(&OK.replace("/ok", "/number/1"));
        for number in 2..100 {
            let next = OK.replace("/ok", &format!("/number/{number}"));
            stream.write_all(next.as_bytes()).unwrap();
        }
        let last =
            OK.replace("/ok", "/number/100").replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
        stream.write_all(last.as_bytes()).unwrap();
        let mut answers = String::new();
        stream.read_to_string(&mut answers).unwrap();
        let numbers: Vec<&str> = answers
            .split("\r\n\r\n")
            .skip(1)
            .map(|body| body.split("HTTP").next().unwrap())
            .collect();
        let expected: Vec<String> = (1..=100).map(|number: u8| number.to_string()).collect();
        assert_eq!(numbers, expected);
    }
}

#[test]
fn both_listeners_let_requests_finish_and_end_what_is_idle() {
    for mut service in Running::both() {
        let mut idle = service.send(OK);
        let mut asks = service.send(&request("GET", "/slow/300"));
        service.expect("rocket_http_requests_in_flight", 1.0);
        service.signal(Signal::TERM);
        let mut answer = String::new();
        asks.read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with("slow"), "{answer}");
        assert_eq!(service.wait().code(), Some(0));
        assert!(has_ended(&mut idle, PATIENCE));
    }
}
