//! Whoever sends half a body gets an answer in the end, and the others are served meanwhile.

use std::io::Read;
use std::net::TcpStream;

use crate::process::Orders;

/// More than are read at a time.
const SLOW: usize = 200;
/// Rocket's own listener waits for the first 512 bytes, before it asks whose request it is.
const HALF: usize = 30_000;

#[test]
fn those_who_send_half_a_body_get_a_408_and_the_others_are_served() {
    for handling in ["hardened", "vulnerable"] {
        half_a_body(&Orders::start(&[("CONNECTIONS", handling)]));
    }
}

fn half_a_body(orders: &Orders) {
    let half = format!(
        "POST /orders HTTP/1.1\r\nhost: orders\r\ncontent-length: {}\r\n\r\n{}",
        2 * HALF,
        " ".repeat(HALF)
    );
    let slow: Vec<_> = (0..SLOW).map(|_| orders.send(&half)).collect();
    let order = r#"{"item": "tea", "quantity": 1}"#;
    let whole = format!(
        "POST /orders HTTP/1.1\r\nhost: orders\r\ncontent-length: {}\r\n\r\n{order}",
        order.len()
    );
    assert_eq!(status(orders.send(&whole)), "HTTP/1.1 201");
    for stream in slow {
        assert_eq!(status(stream), "HTTP/1.1 408");
    }
}

fn status(mut stream: TcpStream) -> String {
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    String::from_utf8_lossy(&start).into_owned()
}
