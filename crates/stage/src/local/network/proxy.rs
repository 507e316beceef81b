//! The address of a Service: an in-process proxy that spreads connections over the ready pods, in
//! turn.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::traffic::{Route, Traffic};
use super::{cannot_listen, http_faults, relay};
use crate::StageError;

/// One port of one Service. Dropping it closes the port and every connection through it.
pub(crate) struct Proxy {
    ready: watch::Sender<Vec<SocketAddr>>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Opens `ip:port`. While no pod is ready the port is closed, so that clients are refused at
    /// once, as in Kubernetes.
    pub(crate) async fn start(
        ip: Ipv4Addr,
        port: u16,
        permits: Arc<Semaphore>,
        traffic: Arc<Traffic>,
    ) -> Result<Self, StageError> {
        let address = SocketAddr::from((ip, port));
        // Tried once here, so that a port that cannot be had is an error of `apply`.
        listen(address).map_err(cannot_listen(address))?;
        let (ready, pods) = watch::channel(Vec::new());
        Ok(Self { ready, task: tokio::spawn(serve(address, pods, permits, traffic)) })
    }

    /// Sets the pods that get connections from now on; open connections stay where they are.
    pub(crate) fn set(&self, pods: Vec<SocketAddr>) {
        self.ready.send_if_modified(|old| {
            let changed = *old != pods;
            *old = pods;
            changed
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A burst of clients waits here instead of losing a second each to a repeated SYN; the kernel caps
/// it at `somaxconn`.
const BACKLOG: u32 = 4096;

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // Connections of an earlier life of this port may still be in TIME_WAIT.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn serve(
    address: SocketAddr,
    mut pods: watch::Receiver<Vec<SocketAddr>>,
    permits: Arc<Semaphore>,
    traffic: Arc<Traffic>,
) {
    let mut connections = JoinSet::new();
    let mut turn = 0;
    while pods.wait_for(|pods| !pods.is_empty()).await.is_ok() {
        let Ok(listener) = listen(address) else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        loop {
            while connections.try_join_next().is_some() {}
            let permit = permits.clone().acquire_owned().await;
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                none_left = pods.wait_for(Vec::is_empty) => match none_left {
                    Ok(_) => break,
                    Err(_) => return,
                },
            };
            let Ok((client, _)) = accepted else {
                // Out of file descriptors, most likely; a pause lets connections end.
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            let pod = {
                let pods = pods.borrow();
                turn += 1;
                (!pods.is_empty()).then(|| pods[turn % pods.len()])
            };
            let traffic = traffic.clone();
            connections.spawn(async move {
                let _permit = permit;
                forward(client, pod, traffic).await;
            });
        }
    }
}

/// A pod that does not answer means a reset for the client, as with a real Service: the proxy does
/// not try another one.
async fn forward(client: TcpStream, pod: Option<SocketAddr>, traffic: Arc<Traffic>) {
    let _ = client.set_nodelay(true);
    let Some(pod) = pod else {
        let _ = client.set_zero_linger();
        return;
    };
    let Some(route) = Route::new(&client, pod, traffic) else {
        return;
    };
    let Some(client) = route.open(client).await else {
        return;
    };
    if http_faults::apply_to(&client, &route).await {
        // Boxed, because it is large and hardly ever there.
        return Box::pin(http_faults::serve(client, route)).await;
    }
    let Some(server) = route.connect().await else {
        let _ = client.set_zero_linger();
        return;
    };
    // An error means that one side went away; dropping both passes that on.
    let _ = relay::both_ways(client, server, &route).await;
}

#[cfg(test)]
mod tests;
