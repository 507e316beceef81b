//! Clients of a listener: so many at once, each for so long, until nobody listens any more.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How many at once, and how long each.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Clients served at once; more wait in the kernel's queue.
    pub at_once: usize,
    /// The longest that one may take altogether.
    pub within: Duration,
}

/// Where clients come from.
pub trait Listener: Send + Sync {
    /// What a client is spoken with through.
    type Stream: Send;

    /// The next one.
    fn next(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn next(&self) -> io::Result<TcpStream> {
        self.accept().await.map(|(stream, _)| stream)
    }
}

impl Listener for UnixListener {
    type Stream = UnixStream;

    async fn next(&self) -> io::Result<UnixStream> {
        self.accept().await.map(|(stream, _)| stream)
    }
}

/// Serves until the future is dropped, and whoever is served then with it.
pub async fn serve<L: Listener, Served>(
    listener: L,
    limits: Limits,
    converse: impl Fn(L::Stream) -> Served,
) where
    Served: Future<Output = ()> + Send + 'static,
{
    let slots = Arc::new(Semaphore::new(limits.at_once));
    let mut clients = JoinSet::new();
    loop {
        while clients.try_join_next().is_some() {}
        let Ok(slot) = slots.clone().acquire_owned().await else {
            return;
        };
        let Ok(stream) = listener.next().await else {
            // Out of file descriptors, as a rule: some will be free again.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let served = tokio::time::timeout(limits.within, converse(stream));
        clients.spawn(async move {
            // A client that is too slow is none.
            let _ = served.await;
            drop(slot);
        });
    }
}
