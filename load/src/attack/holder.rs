//! One client: connects, behaves in its manner, and notes how its connection ends.

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    time::Duration,
};

use rustix::{
    io::Errno,
    net::{RecvFlags, recv},
};
use tokio::{
    io::{AsyncWriteExt, Interest},
    net::TcpStream,
    sync::watch,
    time::{Instant, MissedTickBehavior, interval_at, timeout},
};

use super::{
    counts::{Counts, End, Failure},
    destination::Destination,
    manner::{Manner, Then, header_line},
    sources::{Sources, is_out_of_ports},
};

/// Where a status line has its status: `HTTP/1.1 503`.
const STATUS_LINE: usize = 12;
/// At the end of a run, what stands between a client and the server's farewell is read for so long.
const LAST_LOOK: Duration = Duration::from_millis(500);

/// What all clients of a run share.
pub(crate) struct Clients {
    pub(crate) destination: Destination,
    pub(crate) manner: Manner,
    pub(crate) sources: Sources,
    pub(crate) timeout: Duration,
    pub(crate) counts: Counts,
}

impl Clients {
    /// One client that has begun, from its first packet to its last. It hangs up when `over` says
    /// so.
    pub(crate) async fn hold_one(&self, mut over: watch::Receiver<bool>) {
        let _present = self.counts.present();
        let opened = tokio::select! {
            opened = timeout(self.timeout, self.open()) => opened,
            () = is_over(&mut over) => return,
        };
        let stream = match opened {
            Ok(Ok(stream)) => stream,
            Ok(Err((failure, why))) => return self.counts.failed(failure, &why),
            Err(_) => return self.counts.failed(Failure::Timeout, "not connected in time"),
        };
        let opened = Instant::now();
        let open = self.counts.opened();
        let mut holder = Holder { stream, heard: Vec::new() };
        let end = tokio::select! {
            end = holder.behave(&self.manner) => end,
            () = is_over(&mut over) => {
                match timeout(LAST_LOOK, holder.read_all()).await {
                    Ok(end) => end,
                    Err(_) => End::Open,
                }
            }
        };
        holder.hear();
        open.ended(end, opened.elapsed(), status(&holder.heard));
    }

    async fn open(&self) -> Result<TcpStream, (Failure, String)> {
        let addresses = self.destination.addresses().await?;
        let mut last = None;
        for address in addresses {
            match self.sources.connect(address, self.manner.receive_buffer).await {
                Ok(stream) => return Ok(stream),
                Err(why) => last = Some(failure(&why, address)),
            }
        }
        Err(last.unwrap_or_else(|| (Failure::Dns, "the name has no address".to_owned())))
    }
}

/// Whoever has nobody left to tell them is at the end, too.
async fn is_over(over: &mut watch::Receiver<bool>) {
    let _ = over.wait_for(|over| *over).await;
}

/// An error before the connection was there, and what to know about it.
fn failure(why: &io::Error, to: SocketAddr) -> (Failure, String) {
    if why.kind() == ErrorKind::ConnectionRefused {
        return (Failure::Refused, format!("{to}: {why}"));
    }
    if is_out_of_ports(why) {
        let range = "net.ipv4.ip_local_port_range says how many there are";
        return (Failure::Limit, format!("{to}: no port of this machine is left; {range}"));
    }
    // Too many open files: of this process, of the whole machine.
    if matches!(why.raw_os_error(), Some(23 | 24)) {
        return (Failure::Limit, format!("{why}; raise `ulimit -n`, or give fewer connections"));
    }
    (Failure::Other, format!("{to}: {why}"))
}

/// A connection that is held.
struct Holder {
    stream: TcpStream,
    /// The beginning of the answer, once somebody has read it.
    heard: Vec<u8>,
}

impl Holder {
    /// Resolves when the server has ended the connection.
    async fn behave(&mut self, manner: &Manner) -> End {
        if self.stream.write_all(&manner.says).await.is_err() {
            return End::Reset;
        }
        match manner.then {
            Then::Stay => self.closed().await,
            Then::Headers(every) => {
                let mut times = times(every);
                for number in 0.. {
                    tokio::select! {
                        end = self.closed() => return end,
                        _ = times.tick() => {}
                    }
                    // One that does not fit is left out: whoever does not read gets no more.
                    match self.stream.try_write(header_line(number).as_bytes()) {
                        Err(why) if why.kind() != ErrorKind::WouldBlock => return End::Reset,
                        _ => {}
                    }
                }
                unreachable!("there is no end to numbers")
            }
            Then::Read(every, bytes) => {
                let mut times = times(every);
                let mut buffer = vec![0; bytes];
                loop {
                    times.tick().await;
                    if let Err(end) = self.read(&mut buffer) {
                        return end;
                    }
                }
            }
        }
    }

    /// Waits for the server's end of the connection, without reading a byte.
    async fn closed(&self) -> End {
        loop {
            match self.stream.ready(Interest::READABLE | Interest::ERROR).await {
                Err(_) => return End::Reset,
                Ok(ready) if ready.is_error() => return End::Reset,
                Ok(ready) if ready.is_read_closed() => {
                    // Both are one flag for epoll; only the socket knows which it was.
                    let error = self.stream.take_error();
                    return if matches!(error, Ok(None)) { End::Closed } else { End::Reset };
                }
                // Data, which nobody wants: wait for the next event.
                Ok(_) => self.forget_readiness(),
            }
        }
    }

    /// Has the next look at the socket wait for something new, whatever lies there unread.
    fn forget_readiness(&self) {
        let unread = || Err::<(), _>(ErrorKind::WouldBlock.into());
        let _ = self.stream.try_io(Interest::READABLE, unread);
    }

    /// Reads what is there: nothing, so many bytes, or the end of the connection. It asks the
    /// kernel and not the runtime, which has been told to forget what is there.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, End> {
        match recv(&self.stream, &mut *buffer, RecvFlags::empty()) {
            Ok((_, 0)) => Err(End::Closed),
            Ok((_, read)) => {
                let missing = STATUS_LINE.saturating_sub(self.heard.len());
                self.heard.extend_from_slice(&buffer[..read.min(missing)]);
                Ok(read)
            }
            Err(Errno::WOULDBLOCK | Errno::INTR) => Ok(0),
            Err(_) => Err(End::Reset),
        }
    }

    /// Reads all that the server has sent, to find out whether it has hung up behind that.
    async fn read_all(&mut self) -> End {
        loop {
            // Not across an await: ten thousand clients would have one each.
            match self.read(&mut [0; 65_536]) {
                Err(end) => return end,
                Ok(0) => {
                    self.forget_readiness();
                    if self.stream.readable().await.is_err() {
                        return End::Reset;
                    }
                }
                Ok(_) => tokio::task::yield_now().await,
            }
        }
    }

    /// Reads as much as shows what the answer was.
    fn hear(&mut self) {
        if self.heard.len() < STATUS_LINE {
            let _ = self.read(&mut [0; STATUS_LINE]);
        }
    }
}

fn times(every: Duration) -> tokio::time::Interval {
    let mut times = interval_at(Instant::now() + every, every);
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    times
}

/// The status of an answer, if it has one.
fn status(heard: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(heard).ok()?;
    line.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_where_http_has_it() {
        assert_eq!(status(b"HTTP/1.1 503"), Some(503));
        assert_eq!(status(b"HTTP/1.0 200"), Some(200));
        for nothing in [&b""[..], b"HTTP/1.1", b"HTTP/1.1 5x3", b"SSH-2.0-Open", b"\xff\xfe"] {
            assert_eq!(status(nothing), None, "{nothing:?}");
        }
    }
}
