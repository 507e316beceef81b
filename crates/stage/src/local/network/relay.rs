//! Moves bytes both ways between two connections. An idle connection holds no buffer: 10,000 of
//! them must stay cheap.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::traffic::{self, Direction, RelayEnd, Route};

/// Bytes moved at once; on the stack, only while there is something to move.
const CHUNK: usize = 16 * 1024;

/// Relays until both directions have ended, or one has failed.
pub(crate) async fn both_ways(
    client: TcpStream,
    server: TcpStream,
    route: &Route,
) -> io::Result<()> {
    let (client_read, client_write) = client.into_split();
    let (server_read, server_write) = server.into_split();
    tokio::try_join!(
        one_way(client_read, server_write, route, Direction::ToServer),
        one_way(server_read, client_write, route, Direction::ToClient)
    )
    .map(drop)
}

/// Dropping the write half at the end passes the end of the stream on.
///
/// Network faults are looked for when there are bytes to move, and then by one atomic load: with
/// none active they cost nothing.
async fn one_way(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    route: &Route,
    direction: Direction,
) -> io::Result<()> {
    let mut changes = route.changes();
    let mut left = Vec::new();
    loop {
        from.readable().await?;
        if changes.has_changed().unwrap_or(false) {
            // Boxed, because it is large and hardly ever there.
            let shaped = traffic::relay(&mut from, &mut to, route, direction, &mut changes);
            match Box::pin(shaped).await? {
                RelayEnd::Ended => return Ok(()),
                RelayEnd::Clear => continue,
            }
        }
        if poll_fn(|cx| move_some(cx, &mut from, &to, &mut left)).await? == 0 {
            return Ok(());
        }
        while !left.is_empty() {
            to.writable().await?;
            match to.try_write(&left) {
                Ok(n) => drop(left.drain(..n)),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) => return Err(e),
            }
        }
        left.shrink_to(0);
    }
}

/// Reads once and writes what it can; the rest goes to `left`. Not `async`, so the buffer never
/// lives in the task. A short read tells tokio that there is no more, which saves the system call
/// that would find that out.
fn move_some(
    cx: &mut Context<'_>,
    from: &mut OwnedReadHalf,
    to: &OwnedWriteHalf,
    left: &mut Vec<u8>,
) -> Poll<io::Result<usize>> {
    let mut chunk = [MaybeUninit::uninit(); CHUNK];
    let mut chunk = ReadBuf::uninit(&mut chunk);
    ready!(Pin::new(from).poll_read(cx, &mut chunk))?;
    let chunk = chunk.filled();
    let written = match to.try_write(chunk) {
        Ok(written) => written,
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => 0,
        Err(e) => return Poll::Ready(Err(e)),
    };
    left.extend_from_slice(&chunk[written..]);
    Poll::Ready(Ok(chunk.len()))
}
