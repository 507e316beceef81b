//! A thousand clients that never hang up, against both listeners.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use rocket::tokio::net::TcpSocket;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::process::{Orders, PATIENCE};

/// As in `manifests/base/orders-api`.
const LIMITS: [(&str, &str); 3] =
    [("CONNECTIONS_MAX", "16"), ("WATCHERS_MAX", "2"), ("ORDERS_MAX", "100")];
const WATCH: &str = "GET /orders/watch HTTP/1.1\r\nhost: t\r\n\r\n";
const MEMORY: &str = "process_resident_memory_bytes";
const OPEN: &str = "rocket_connections_open";

fn orders(handling: &str, queue: &str) -> Orders {
    let settings = [("CONNECTIONS", handling), ("WATCH_QUEUE", queue), ("WORK_UNITS", "1")];
    Orders::start(&[LIMITS.as_slice(), &settings].concat())
}

/// Asks for the stream of orders and never reads; one that is refused is forgotten.
fn hoard(orders: &Orders, clients: usize) -> Vec<TcpStream> {
    let client = |_| {
        let mut stream = TcpStream::connect(orders.address).ok()?;
        stream.write_all(WATCH.as_bytes()).ok()?;
        Some(stream)
    };
    (0..clients).filter_map(client).collect()
}

/// One whose kernel keeps as little for it as a kernel can.
fn never_reads(orders: &Orders) -> TcpStream {
    let connected = rocket::execute(async {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(1)?;
        socket.connect(orders.address).await?.into_std()
    });
    let mut stream = connected.unwrap();
    stream.set_nonblocking(false).unwrap();
    stream.write_all(WATCH.as_bytes()).unwrap();
    stream
}

/// A program that keeps its connection, does something with it, and opens another when the service
/// has closed it in between, as HTTP clients do (RFC 9112, 9.3.1).
struct Client<'a> {
    orders: &'a Orders,
    stream: Option<TcpStream>,
}

impl<'a> Client<'a> {
    fn of(orders: &'a Orders) -> Self {
        Self { orders, stream: None }
    }

    /// Orders so many times; how long each took, sorted.
    fn order(&mut self, times: usize) -> Vec<Duration> {
        let mut took: Vec<Duration> = (0..times)
            .map(|_| {
                let start = Instant::now();
                while self.ask().is_err() {
                    assert!(start.elapsed() < PATIENCE, "{}", self.orders.metrics());
                    self.stream = None;
                }
                start.elapsed()
            })
            .collect();
        took.sort();
        took
    }

    fn ask(&mut self) -> io::Result<()> {
        let body = r#"{"item": "tea", "quantity": 1}"#;
        let length = body.len();
        let request =
            format!("POST /orders HTTP/1.1\r\nhost: t\r\ncontent-length: {length}\r\n\r\n{body}");
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                let stream = TcpStream::connect(self.orders.address)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_nodelay(true)?;
                none.insert(stream)
            }
        };
        stream.write_all(request.as_bytes())?;
        let (mut answer, mut some) = (Vec::new(), [0; 1024]);
        while !answer.ends_with(b"}") {
            let count = stream.read(&mut some)?;
            if count == 0 {
                assert!(answer.is_empty(), "half an answer");
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            answer.extend_from_slice(&some[..count]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 201"), "{}", String::from_utf8_lossy(&answer));
        Ok(())
    }
}

/// Memory when `clients` have come, in parts of what it was when it was warm.
#[allow(clippy::print_stdout, reason = "for people")]
fn growth(orders: &Orders, clients: usize) -> f64 {
    let mut client = Client::of(orders);
    // Warm is a service that has served several at a time.
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| Client::of(orders).order(200));
        }
    });
    let calm = client.order(100);
    let warm = orders.value(MEMORY);
    let hoard = hoard(orders, clients);
    let meanwhile = client.order(100);
    let (open, memory) = (orders.value(OPEN), orders.value(MEMORY));
    // For people: a machine that does something else at the same time decides how long things take.
    let p99 = |took: &[Duration]| took[took.len() * 99 / 100];
    println!(
        "{clients} clients, {} connected: {open} open, memory {warm} -> {memory} ({:+.1} %), p99 {:?} -> {:?}",
        hoard.len(),
        (memory / warm - 1.0) * 100.0,
        p99(&calm),
        p99(&meanwhile)
    );
    memory / warm
}

#[test]
fn a_thousand_clients_that_never_hang_up_cost_memory_only_when_nobody_ends_them() {
    let vulnerable = orders("vulnerable", "unbounded");
    let grown = growth(&vulnerable, 1000);
    assert!(grown > 1.1, "the test of the test: {grown}");
    let hardened = orders("hardened", "bounded");
    let grown = growth(&hardened, 1000);
    assert!(grown < 1.05, "{grown}");
    let turned_away = hardened.metrics();
    let turned_away = turned_away.lines().filter_map(|line| {
        let counted = line.strip_prefix("rocket_connections_rejected_total{")?;
        counted.rsplit_once(' ')?.1.parse::<f64>().ok()
    });
    assert!(turned_away.sum::<f64>() > 900.0, "{}", hardened.metrics());
}

#[test]
fn ten_thousand_change_nothing_and_the_metrics_are_there_throughout() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    let orders = orders("hardened", "bounded");
    let mut client = Client::of(&orders);
    client.order(100);
    let mut all = Vec::new();
    for _ in 0..20 {
        all.extend(hoard(&orders, 500));
        // Those that have to go take a moment.
        orders.until("the limit is kept", || orders.value(OPEN) <= 16.0);
        client.order(1);
    }
    let open = orders.value("process_open_fds");
    println!("{} connected, {open} descriptors", all.len());
    assert!(open < 150.0, "{open} descriptors");
    assert_eq!(orders.value("rocket_connections_accept_errors_total"), 0.0);
}

/// What waits for those who do not read, and who ends it: the queue, or nobody. Nobody ends their
/// connections, so that it is not that.
#[test]
fn orders_that_nobody_reads_wait_only_with_the_bug() {
    for (queue, waits) in [("unbounded", true), ("bounded", false)] {
        let orders = orders("vulnerable", queue);
        let mut client = Client::of(&orders);
        let _never_read = [(); 2].map(|()| never_reads(&orders));
        orders.until("all watch", || orders.value("orders_watchers") == 2.0);
        let waiting = || orders.value("orders_watch_waiting_bytes");
        let dropped = || orders.value("orders_watchers_dropped_total");
        // More than the kernels of both sides take.
        let deadline = Instant::now() + PATIENCE;
        while waiting() < 100_000.0 && dropped() < 2.0 {
            assert!(Instant::now() < deadline, "{}", orders.metrics());
            client.order(500);
        }
        assert_eq!((waiting() > 0.0, dropped() > 0.0), (waits, !waits), "{queue}");
    }
}

/// Two of slowhttptest's attacks, 400 connections each.
#[test]
#[ignore = "needs slowhttptest"]
fn slowhttptest_is_ended_in_time_and_only_by_the_hardened_listener() {
    for (attack, limit, reason) in [
        ("-H", ("CONNECTION_HEAD_TIMEOUT", "3s"), "slow_head"),
        ("-B", ("CONNECTION_BODY_TIMEOUT", "3s"), "slow_body"),
    ] {
        let limit = [limit, ("CONNECTIONS_MAX", "1000"), ("CONNECTION_IDLE_TIMEOUT", "3s")];
        let [hardened, vulnerable] = ["hardened", "vulnerable"].map(|handling| {
            Orders::start(&[limit.as_slice(), &[("CONNECTIONS", handling)]].concat())
        });
        let open = [&hardened, &vulnerable].map(|orders| slowhttptest(attack, orders));
        println!("{attack}: open 3 s + 2 s after the last began: {open:?}");
        assert_eq!(open[0], 0.0, "{attack}");
        // Bodies have a time-out in the service itself, too.
        if attack == "-H" {
            assert_eq!(open[1], 400.0, "{attack}: the test of the test");
        }
        let series = format!("rocket_connections_rejected_total{{reason=\"{reason}\"}}");
        assert_eq!(hardened.value(&series), 400.0, "{attack}");
    }
}

/// How many connections are open five seconds after the last of 400 was opened.
fn slowhttptest(attack: &str, orders: &Orders) -> f64 {
    let path = if attack == "-B" { "/orders" } else { "/orders/0" };
    let url = format!("http://{}{path}", orders.address);
    let mut attacker = Command::new("slowhttptest")
        .args([attack, "-c", "400", "-r", "400", "-i", "1", "-l", "30", "-p", "3", "-u", &url])
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("slowhttptest is installed");
    orders.until("all are connected", || orders.value(OPEN) >= 400.0);
    let end = Instant::now() + Duration::from_secs(5);
    let mut open = orders.value(OPEN);
    while open > 0.0 && Instant::now() < end {
        std::thread::park_timeout(Duration::from_millis(100));
        open = orders.value(OPEN);
    }
    let _ = attacker.kill();
    let _ = attacker.wait();
    open
}
