//! Moves bytes both ways between two connections. An idle connection holds no buffer: 10,000 of them must stay cheap.

use std::io;

use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// Bytes moved at once; on the stack, only while there is something to move.
const CHUNK: usize = 16 * 1024;

/// Relays until both directions have ended, or one has failed.
pub(crate) async fn both_ways(client: TcpStream, server: TcpStream) -> io::Result<()> {
    let (client_read, client_write) = client.into_split();
    let (server_read, server_write) = server.into_split();
    tokio::try_join!(
        one_way(client_read, server_write),
        one_way(server_read, client_write)
    )
    .map(drop)
}

/// Dropping the write half at the end passes the end of the stream on.
async fn one_way(from: OwnedReadHalf, to: OwnedWriteHalf) -> io::Result<()> {
    let mut left = Vec::new();
    loop {
        from.readable().await?;
        match move_some(&from, &to, &mut left) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
            Err(e) => return Err(e),
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

/// Reads once and writes what it can; the rest goes to `left`. Not `async`, so the buffer never lives in the task.
fn move_some(from: &OwnedReadHalf, to: &OwnedWriteHalf, left: &mut Vec<u8>) -> io::Result<usize> {
    let mut chunk = [0; CHUNK];
    let n = from.try_read(&mut chunk)?;
    let written = match to.try_write(&chunk[..n]) {
        Ok(written) => written,
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => 0,
        Err(e) => return Err(e),
    };
    left.extend_from_slice(&chunk[written..n]);
    Ok(n)
}
