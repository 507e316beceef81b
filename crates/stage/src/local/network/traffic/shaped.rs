//! Moves bytes one way under network faults. Slower than the plain relay, so it is used only while
//! there is a fault.

use std::io;
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;

use super::queue::Queue;
use super::route::{Direction, Route, at};
use super::rule::Shape;

/// Most bytes moved at once.
const CHUNK: usize = 16 * 1024;

/// Why the relay is over.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RelayEnd {
    /// Everything has passed, and there will be no more.
    Ended,
    /// Nothing holds the bytes up any more.
    Clear,
}

/// Relays to the end of the stream, under whatever faults come and go.
pub(crate) async fn to_the_end(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    route: &Route,
    direction: Direction,
) -> io::Result<()> {
    let mut changes = route.changes();
    let mut buffer = vec![0; CHUNK];
    loop {
        if changes.has_changed().unwrap_or(false)
            && relay(&mut from, &mut to, route, direction, &mut changes).await? == RelayEnd::Ended
        {
            return Ok(());
        }
        tokio::select! {
            _ = changes.changed() => changes.mark_changed(),
            read = from.read(&mut buffer) => match read? {
                0 => return to.shutdown().await,
                length => to.write_all(&buffer[..length]).await?,
            }
        }
    }
}

/// Relays until the stream ends, or until no fault is left on this way.
///
/// A partition stops everything, also the news that one side has hung up; what was sent meanwhile
/// arrives when it heals, because TCP sends it again.
pub(crate) async fn relay(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    route: &Route,
    direction: Direction,
    changes: &mut watch::Receiver<()>,
) -> io::Result<RelayEnd> {
    let mut queue = Queue::default();
    let mut shape = Shape::default();
    // When the link is free to take the next chunk.
    let mut free_at = Instant::now();
    let mut buffer = Vec::new();
    loop {
        let now = Instant::now();
        if changes.has_changed().unwrap_or(false) || shape.until.is_none_or(|end| end <= now) {
            changes.borrow_and_update();
            let before = std::mem::replace(&mut shape, route.shape(direction).await);
            if before.had_more_than(&shape) {
                // Nobody waits for a fault that is over, whichever others remain.
                let now = Instant::now();
                queue.deliver_by(now + shape.longest(queue.bytes()));
                free_at = now;
            }
        }
        let open = !shape.partitioned();
        while open && let Some(chunk) = queue.pop(Instant::now()) {
            if chunk.is_empty() {
                to.shutdown().await?;
                return Ok(RelayEnd::Ended);
            }
            to.write_all(&chunk).await?;
        }
        if shape.is_clear() && queue.is_empty() {
            return Ok(RelayEnd::Clear);
        }
        let now = Instant::now();
        let reads = open && queue.has_room() && free_at <= now;
        let next_read = (open && queue.has_room() && !reads).then_some(free_at);
        let next_write = queue.next().filter(|_| open);
        let wake = [next_read, next_write, shape.until].into_iter().flatten().min();
        buffer.resize(shape.chunk(CHUNK), 0);
        tokio::select! {
            _ = changes.changed() => changes.mark_changed(),
            () = at(wake) => {}
            read = from.read(&mut buffer), if reads => {
                let length = read?;
                let times = shape.times(length, Instant::now(), &mut rand::rng());
                free_at = times.sent;
                queue.push(buffer[..length].to_vec(), times.due);
            }
        }
    }
}
