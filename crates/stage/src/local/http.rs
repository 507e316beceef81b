//! The smallest HTTP client that a probe and a reload need: one request on its own connection,
//! status and a little body.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Enough for any error message.
const MAX_BODY: usize = 16 * 1024;

/// Sends `method path` to `address`; returns status and body (cut at 16 KiB).
pub(crate) async fn request(
    method: &str,
    address: SocketAddr,
    path: &str,
    within: Duration,
) -> io::Result<(u16, String)> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        // HTTP/1.0: the server closes after its answer and sends no chunks, so the end of the body
        // is the end of data.
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: {address}\r\nUser-Agent: kube-probe/tale\r\nContent-Length: 0\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        let mut answer = Vec::new();
        (&mut stream).take(MAX_BODY as u64).read_to_end(&mut answer).await?;
        parse(&answer)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not an HTTP answer"))
    };
    tokio::time::timeout(within, exchange)
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// Whether a connection opens.
pub(crate) async fn connects(address: Ipv4Addr, port: u16, within: Duration) -> io::Result<()> {
    let attempt = tokio::time::timeout(within, TcpStream::connect((address, port))).await;
    attempt.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?.map(drop)
}

fn parse(answer: &[u8]) -> Option<(u16, String)> {
    let text = String::from_utf8_lossy(answer);
    let status = text.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.trim_end().parse().ok()?;
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Some((status, body.to_owned()))
}

/// Percent-decoding of a part of a query.
pub(crate) fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let escaped = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        (rest, _) = match (first, escaped) {
            (b'%', Some(byte)) => (&tail[2..], bytes.push(byte)),
            (b'+', _) => (tail, bytes.push(b' ')),
            _ => (tail, bytes.push(*first)),
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn status_and_body_are_read() {
        assert_eq!(parse(b"HTTP/1.0 503 Not ready\r\nA: b\r\n\r\nno"), Some((503, "no".into())));
        assert_eq!(parse(b"HTTP/1.1 200\r\n\r\n"), Some((200, String::new())));
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = parse(&bytes);
        }
    }
}
