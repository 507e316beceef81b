//! What threads and tasks cost: the figures of `src/work/README.md`, measured again.

use std::net::TcpStream;

use instrument::{Env, Service};
use orders::work::Work;

use crate::process::Orders;

const PAGE: &str = include_str!("../../src/work/README.md");
/// Prices that are asked for at once.
const PRICES: usize = 200;

/// The number in the row of the page that begins so.
fn figure(row: &str) -> f64 {
    let row = format!("| {row} | ");
    let line = PAGE.lines().find(|line| line.starts_with(&row)).expect(&row);
    let number: String = line[row.len()..].chars().take_while(|c| !c.is_whitespace()).collect();
    number.parse().expect(line)
}

/// That the page is right, give or take half: allocators and kernels differ.
#[allow(clippy::print_stdout, reason = "for people")]
fn are_about(rows: &[(&str, f64)]) {
    for (row, measured) in rows {
        println!("{row}: {measured:.1}, the page says {}", figure(row));
    }
    for (row, measured) in rows {
        let about = figure(row) / 1.5..=figure(row) * 1.5;
        assert!(about.contains(measured), "{row}: {measured:.1} instead of {}", figure(row));
    }
}

#[test]
fn the_page_knows_how_large_the_future_of_a_price_is() {
    let work = Work::new(&Service::new("orders", Env::of([])).unwrap()).unwrap();
    let bytes = size_of_val(&work.price("tea"));
    are_about(&[("the future of a price, in bytes", bytes as f64)]);
}

/// Address space, memory and threads for each price that waits, in KiB.
struct Cost {
    virtual_kib: f64,
    resident_kib: f64,
    threads: f64,
}

fn cost(mode: &str) -> Cost {
    let settings = [
        ("WORK_MODE", mode),
        ("WORK_UNITS", "65535"),
        ("WORK_WORKERS", "1"),
        ("WORK_QUEUE", "300"),
    ];
    let orders = Orders::start(&settings);
    let look = || {
        ["process_virtual_memory_bytes", "process_resident_memory_bytes", "process_threads"]
            .map(|series| orders.value(series))
    };
    let before = look();
    let price = "GET /orders/price/tea HTTP/1.1\r\nhost: t\r\n\r\n";
    let waiting: Vec<TcpStream> = (0..PRICES).map(|_| orders.send(price)).collect();
    let in_flight = "rocket_http_requests_in_flight";
    orders.until("all wait", || orders.value(in_flight) == waiting.len() as f64);
    let after = look();
    let [virtual_kib, resident_kib, threads] =
        [0, 1, 2].map(|place| (after[place] - before[place]) / PRICES as f64);
    Cost { virtual_kib: virtual_kib / 1024.0, resident_kib: resident_kib / 1024.0, threads }
}

#[test]
fn the_page_knows_what_a_thread_costs_and_what_a_task_does() {
    let (thread, task) = (cost("thread-per-request"), cost("bounded"));
    assert!(thread.threads > 0.95 && task.threads < 0.05, "{} {}", thread.threads, task.threads);
    are_about(&[
        ("address space of a thread, in KiB", thread.virtual_kib - task.virtual_kib),
        ("memory of a price that waits as a task, connection included, in KiB", task.resident_kib),
        ("memory of a price that has a thread, connection included, in KiB", thread.resident_kib),
    ]);
}
