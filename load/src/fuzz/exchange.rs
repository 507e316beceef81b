//! One request sent as it is, and what came of it.

use std::{io, net::SocketAddr, time::Duration};

use httparse::{EMPTY_HEADER, Response, Status};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::message::Message;

/// Header lines of an answer that are looked at.
const HEADERS: usize = 64;
/// Of an answer that does not end, so much is read.
const LONGEST: usize = 1 << 20;

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// An answer, complete.
    Answer(u16),
    /// Status 503, and when to come again: there is no room, and the server says so.
    Busy,
    /// The server hung up without one.
    Silence,
    /// Neither of the two, in time.
    Hang,
    /// Bytes that are no HTTP.
    Garbage,
    /// Nobody there.
    Gone,
}

/// A connection to the server, kept while it is good.
pub(crate) struct Line {
    address: SocketAddr,
    patience: Duration,
    open: Option<TcpStream>,
    /// Connections opened.
    pub(crate) opened: u64,
}

impl Line {
    pub(crate) fn new(address: SocketAddr, patience: Duration) -> Self {
        Self { address, patience, open: None, opened: 0 }
    }

    /// Sends it, over the connection of the one before if that is still good.
    pub(crate) async fn send(&mut self, message: &Message) -> Outcome {
        if self.open.is_some() {
            // A server may close a connection while it is idle: that says nothing.
            match self.send_once(message).await {
                Outcome::Silence => {}
                outcome => return outcome,
            }
        }
        self.send_afresh(message).await
    }

    /// Sends it over a connection of its own.
    pub(crate) async fn send_afresh(&mut self, message: &Message) -> Outcome {
        self.open = None;
        self.send_once(message).await
    }

    async fn send_once(&mut self, message: &Message) -> Outcome {
        let mut stream = match self.open.take() {
            Some(stream) => stream,
            None => match timeout(self.patience, TcpStream::connect(self.address)).await {
                Ok(Ok(stream)) => {
                    let _ = stream.set_nodelay(true);
                    self.opened += 1;
                    stream
                }
                _ => return Outcome::Gone,
            },
        };
        let answer = timeout(self.patience, exchange(&mut stream, message)).await;
        let (outcome, good) = answer.unwrap_or((Outcome::Hang, false));
        if good && message.leaves_a_clean_connection() {
            self.open = Some(stream);
        }
        outcome
    }
}

/// The outcome, and whether the connection may be used again.
async fn exchange(stream: &mut TcpStream, message: &Message) -> (Outcome, bool) {
    let bytes = message.bytes();
    let waits = message.is_due_an_answer();
    let (mut from, mut to) = stream.split();
    let send = async {
        let sent = to.write_all(&bytes).await;
        // Whoever sends nonsense says when it is over: the server need not wait for more of it.
        if !waits {
            let _ = to.shutdown().await;
        }
        // Even when the server takes no more, its answer may be on the way.
        let _: io::Result<()> = sent;
        std::future::pending::<()>().await;
    };
    let no_body = message.method == b"HEAD";
    let receive = async {
        let mut seen = Vec::new();
        loop {
            let mut buffer = [0; 8192];
            let read = from.read(&mut buffer).await.unwrap_or(0);
            seen.extend_from_slice(&buffer[..read]);
            match answer(&seen, read == 0, no_body) {
                Some(result) => return result,
                None if seen.len() > LONGEST => return (Outcome::Garbage, false),
                None => {}
            }
        }
    };
    tokio::select! {
        () = send => unreachable!("it waits for ever"),
        result = receive => result,
    }
}

/// What these bytes are, if that is known yet; `over`: no more will come.
fn answer(seen: &[u8], over: bool, no_body: bool) -> Option<(Outcome, bool)> {
    let mut headers = [EMPTY_HEADER; HEADERS];
    let mut response = Response::new(&mut headers);
    let head = match response.parse(seen) {
        Err(_) => return Some((Outcome::Garbage, false)),
        Ok(Status::Partial) if seen.is_empty() && over => return Some((Outcome::Silence, false)),
        // It broke off in the middle: whoever asked has no answer.
        Ok(Status::Partial) => return over.then_some((Outcome::Silence, false)),
        Ok(Status::Complete(head)) => head,
    };
    let status = response.code.unwrap_or_default();
    let body = &seen[head..];
    if (100..200).contains(&status) && status != 101 {
        return answer(body, over, no_body);
    }
    let header = |wanted: &str| {
        let header =
            response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(wanted));
        header.map(|header| String::from_utf8_lossy(header.value).to_ascii_lowercase())
    };
    let is_busy = status == 503 && header("retry-after").is_some();
    let outcome = if is_busy { Outcome::Busy } else { Outcome::Answer(status) };
    let done = |good: bool| Some((outcome, good));
    let keeps = header("connection").is_none_or(|value| !value.contains("close"))
        && response.version == Some(1);
    // A stream of events has begun, and is not meant to end.
    if header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream")) {
        return done(false);
    }
    if no_body || matches!(status, 101 | 204 | 304) {
        return done(keeps && body.is_empty());
    }
    let broken_off = Some((Outcome::Silence, false));
    if header("transfer-encoding").is_some_and(|coding| coding.contains("chunked")) {
        let whole = body.ends_with(b"0\r\n\r\n");
        return if whole { done(keeps) } else { over.then_some(broken_off).flatten() };
    }
    match header("content-length").map(|length| length.parse::<usize>()) {
        Some(Ok(length)) if body.len() >= length => done(keeps && body.len() == length),
        Some(Ok(_)) => over.then_some(broken_off).flatten(),
        Some(Err(_)) => Some((Outcome::Garbage, false)),
        None => {
            if over {
                done(false)
            } else {
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_one_when_it_is_complete() {
        let ok = Some((Outcome::Answer(200), true));
        let silence = Some((Outcome::Silence, false));
        for (seen, over, expected) in [
            ("", false, None),
            ("", true, silence),
            ("HTTP/1.1 200 OK\r\ncontent-le", false, None),
            ("HTTP/1.1 200 OK\r\ncontent-le", true, silence),
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", false, ok),
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no", false, None),
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no", true, silence),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", false, ok),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n", true, silence),
            ("HTTP/1.1 204 No\r\n\r\n", false, Some((Outcome::Answer(204), true))),
            (
                "HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
                false,
                Some((Outcome::Answer(204), true)),
            ),
            (
                "HTTP/1.1 500 No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
                false,
                Some((Outcome::Answer(500), false)),
            ),
            (
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n",
                false,
                Some((Outcome::Answer(200), false)),
            ),
            ("HTTP/1.0 200 OK\r\n\r\nall of it", true, Some((Outcome::Answer(200), false))),
            (
                "HTTP/1.1 503 No\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n",
                false,
                Some((Outcome::Busy, true)),
            ),
            ("SSH-2.0-OpenSSH\r\n", false, Some((Outcome::Garbage, false))),
        ] {
            assert_eq!(answer(seen.as_bytes(), over, false), expected, "{seen:?} {over}");
        }
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n";
        assert_eq!(answer(head, false, true), ok);
    }
}
