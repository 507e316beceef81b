//! A Service's UDP port: datagrams of one client go to one ready pod, and its answers come back, as
//! with the connection tracking of a node.
//!
//! Here UDP is what it is: what is lost is gone, and nobody is told. Next: `proxy`, for TCP.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::UdpSocket;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use super::cannot_listen;
use super::traffic::{Direction, Route, Traffic};
use crate::StageError;

/// Clients of one port at the same time; the datagrams of more are lost.
const MAX_FLOWS: usize = 1024;
/// A client that is silent for so long is forgotten.
const IDLE: Duration = Duration::from_secs(10);
/// Datagrams of one port under way at the same time, delayed or looked at; more are lost.
const MAX_WAITING: usize = 1024;
/// The longest that there are.
const LONGEST: usize = 65_535;

/// One UDP port of one Service. Dropping it closes the port.
pub(crate) struct Datagrams {
    ready: watch::Sender<Vec<SocketAddr>>,
    task: JoinHandle<()>,
}

impl Datagrams {
    /// Opens `ip:port`. While no pod is ready, what comes is lost.
    pub(crate) async fn start(
        ip: Ipv4Addr,
        port: u16,
        traffic: Arc<Traffic>,
    ) -> Result<Self, StageError> {
        let address = SocketAddr::from((ip, port));
        let socket = UdpSocket::bind(address).await.map_err(cannot_listen(address))?;
        let (ready, pods) = watch::channel(Vec::new());
        let port = Port {
            socket: Arc::new(socket),
            address,
            traffic,
            waiting: Arc::new(Semaphore::new(MAX_WAITING)),
        };
        Ok(Self { ready, task: tokio::spawn(port.serve(pods)) })
    }

    /// Sets the pods that get datagrams from now on.
    pub(crate) fn set(&self, pods: Vec<SocketAddr>) {
        self.ready.send_replace(pods);
    }
}

impl Drop for Datagrams {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What all flows of a port share.
#[derive(Clone)]
struct Port {
    socket: Arc<UdpSocket>,
    address: SocketAddr,
    traffic: Arc<Traffic>,
    waiting: Arc<Semaphore>,
}

/// One client and its pod.
struct Flow {
    route: Arc<Route>,
    upstream: Arc<UdpSocket>,
    used: Instant,
    /// Brings the answers back.
    answers: JoinHandle<()>,
}

impl Drop for Flow {
    fn drop(&mut self) {
        self.answers.abort();
    }
}

impl Port {
    async fn serve(self, pods: watch::Receiver<Vec<SocketAddr>>) {
        let mut flows: HashMap<SocketAddr, Flow> = HashMap::new();
        let mut turn = 0;
        let mut buffer = vec![0; LONGEST];
        let mut sweep = tokio::time::interval(IDLE);
        loop {
            let (length, client) = tokio::select! {
                received = self.socket.recv_from(&mut buffer) => match received {
                    Ok(received) => received,
                    // The echo of an earlier answer whose asker has gone.
                    Err(_) => continue,
                },
                _ = sweep.tick() => {
                    flows.retain(|_, flow| flow.used.elapsed() < IDLE);
                    continue;
                }
            };
            let ready = pods.borrow().clone();
            // Neither does a flow outlive its pod, nor a client that has been silent for long: its
            // port may be another's by now.
            let kept = |flow: &Flow| {
                ready.contains(&flow.route.server)
                    && flow.used.elapsed() < IDLE
                    && !flow.answers.is_finished()
            };
            if flows.get(&client).is_none_or(|flow| !kept(flow)) {
                flows.remove(&client);
                if ready.is_empty() || flows.len() >= MAX_FLOWS {
                    continue;
                }
                turn += 1;
                let Ok(flow) = self.open(client, ready[turn % ready.len()]).await else { continue };
                flows.insert(client, flow);
            }
            if let Some(flow) = flows.get_mut(&client) {
                flow.used = Instant::now();
                let to = Arrives::At(flow.upstream.clone());
                self.pass(&flow.route, Direction::ToServer, &buffer[..length], to).await;
            }
        }
    }

    async fn open(&self, client: SocketAddr, pod: SocketAddr) -> io::Result<Flow> {
        let upstream = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
        upstream.connect(pod).await?;
        let upstream = Arc::new(upstream);
        let route = Route::of_datagrams(client, self.address, pod, self.traffic.clone());
        let route = Arc::new(route);
        let answers =
            tokio::spawn(self.clone().bring_back(client, upstream.clone(), route.clone()));
        Ok(Flow { route, upstream, used: Instant::now(), answers })
    }

    /// Ends when nobody listens at the pod any more.
    async fn bring_back(self, client: SocketAddr, upstream: Arc<UdpSocket>, route: Arc<Route>) {
        let mut buffer = vec![0; LONGEST];
        while let Ok(length) = upstream.recv(&mut buffer).await {
            let to = Arrives::AtClient(self.socket.clone(), client);
            self.pass(&route, Direction::ToClient, &buffer[..length], to).await;
        }
    }

    /// Has a datagram arrive when the faults on its way say so, if at all.
    async fn pass(&self, route: &Arc<Route>, way: Direction, datagram: &[u8], to: Arrives) {
        if !self.traffic.network.any(|_| true, Instant::now()) {
            return to.send(datagram).await;
        }
        let Ok(permit) = self.waiting.clone().try_acquire_owned() else { return };
        let (route, datagram) = (route.clone(), datagram.to_vec());
        tokio::spawn(async move {
            let _permit = permit;
            let shape = route.shape(way).await;
            let due = shape.datagram(datagram.len(), Instant::now(), &mut rand::rng());
            let Some(due) = due else { return };
            tokio::time::sleep_until(due.into()).await;
            to.send(&datagram).await;
        });
    }
}

/// Where a datagram goes.
enum Arrives {
    At(Arc<UdpSocket>),
    AtClient(Arc<UdpSocket>, SocketAddr),
}

impl Arrives {
    /// What cannot be sent is lost, as it is everywhere.
    async fn send(&self, datagram: &[u8]) {
        let _ = match self {
            Self::At(pod) => pod.send(datagram).await,
            Self::AtClient(service, client) => service.send_to(datagram, *client).await,
        };
    }
}

#[cfg(test)]
mod tests;
