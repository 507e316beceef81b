//! One connection through a Service: who talks to whom, and which network faults are on its two
//! ways.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::{OnceCell, watch};

use super::Traffic;
use super::clients::Transport;
use super::destination::ipv4;
use super::rule::{NetworkRule, Shape};

/// A pod on loopback answers a connection at once or not at all.
const CONNECT_TIME_OUT: Duration = Duration::from_secs(2);

/// Bytes travel under the faults of the pod that sends them, as with `tc`, which shapes what
/// leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    ToServer,
    ToClient,
}

/// One connection through a Service, or one flow of datagrams: who talks to whom.
pub(crate) struct Route {
    client: SocketAddr,
    service: SocketAddr,
    pub(crate) server: SocketAddr,
    /// Looked for only when a fault asks, and once: the end of a connection stays where it is.
    client_pod: OnceCell<Option<Ipv4Addr>>,
    transport: Transport,
    pub(crate) traffic: Arc<Traffic>,
}

impl Route {
    /// `None` when the client has hung up already.
    pub(crate) fn new(
        client: &TcpStream,
        server: SocketAddr,
        traffic: Arc<Traffic>,
    ) -> Option<Self> {
        let (client, service) = (client.peer_addr().ok()?, client.local_addr().ok()?);
        let (client_pod, transport) = (OnceCell::new(), Transport::Tcp);
        Some(Self { client, service, server, client_pod, transport, traffic })
    }

    /// Of the datagrams between a client and a pod.
    pub(crate) fn of_datagrams(
        client: SocketAddr,
        service: SocketAddr,
        server: SocketAddr,
        traffic: Arc<Traffic>,
    ) -> Self {
        let (client_pod, transport) = (OnceCell::new(), Transport::Udp);
        Self { client, service, server, client_pod, transport, traffic }
    }

    /// Signals whenever a network fault comes or goes; the first look counts as a change, so that
    /// nothing is missed.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        let mut changes = self.traffic.network.changes();
        changes.mark_changed();
        changes
    }

    /// What bytes in this direction suffer now.
    pub(crate) async fn shape(&self, direction: Direction) -> Shape {
        let (network, now) = (&self.traffic.network, Instant::now());
        match direction {
            Direction::ToServer => {
                let there = [self.server, self.service];
                let concerns = |rule: &NetworkRule| rule.concerns(&there);
                if !network.any(concerns, now) {
                    return Shape::default();
                }
                match self.client_pod().await {
                    Some(pod) => Shape::new(network.active_on(pod, now), &there),
                    None => Shape::default(),
                }
            }
            Direction::ToClient => {
                let rules = network.active_on(ipv4(self.server), now);
                let mut there = vec![self.client];
                if rules.iter().any(|(rule, _)| rule.towards.is_some())
                    && let Some(pod) = self.client_pod().await
                {
                    there.push(SocketAddr::from((pod, self.client.port())));
                }
                Shape::new(rules, &there)
            }
        }
    }

    /// Gives the client back once its SYN and the answer have passed; `None` when it gives up while
    /// nothing passes. Nothing is read meanwhile. (Here the kernel has accepted already, so a
    /// connect time-out of the client notices nothing; what it sends first waits instead.)
    pub(crate) async fn open(&self, client: TcpStream) -> Option<TcpStream> {
        if self.both_ways().await.iter().all(Shape::is_clear) {
            return Some(client);
        }
        let mut changes = self.changes();
        let mut due: Option<Instant> = None;
        loop {
            changes.borrow_and_update();
            let shapes = self.both_ways().await;
            let partitioned = shapes.iter().any(Shape::partitioned);
            if !partitioned {
                let syn: Duration = shapes.iter().map(|shape| shape.syn(&mut rand::rng())).sum();
                let now = Instant::now();
                // Sooner if a fault has ended meanwhile.
                let due = *due.insert(due.map_or(now + syn, |due| due.min(now + syn)));
                if due <= now {
                    // Registered anew, because `hung_up` has hidden from the runtime that there is
                    // something to read.
                    return TcpStream::from_std(client.into_std().ok()?).ok();
                }
            }
            let lapse = shapes.iter().filter_map(|shape| shape.until).min();
            let passed = due.filter(|_| !partitioned);
            tokio::select! {
                _ = changes.changed() => {}
                () = at(lapse.into_iter().chain(passed).min()) => {}
                () = hung_up(&client), if partitioned => return None,
            }
        }
    }

    /// A connection to the pod.
    pub(crate) async fn connect(&self) -> Option<TcpStream> {
        let attempt = tokio::time::timeout(CONNECT_TIME_OUT, TcpStream::connect(self.server));
        let server = attempt.await.ok()?.ok()?;
        let _ = server.set_nodelay(true);
        Some(server)
    }

    async fn both_ways(&self) -> [Shape; 2] {
        [self.shape(Direction::ToServer).await, self.shape(Direction::ToClient).await]
    }

    async fn client_pod(&self) -> Option<Ipv4Addr> {
        let find = || self.traffic.clients.find(self.transport, (self.client, self.service));
        *self.client_pod.get_or_init(find).await
    }
}

/// Resolves when the other end has closed, without reading what it sent before.
async fn hung_up(stream: &TcpStream) {
    loop {
        match stream.ready(Interest::READABLE).await {
            Ok(ready) if !ready.is_read_closed() => {
                // Says "nothing to read" to the runtime, so that only the next event wakes this up.
                let blocked = || Err::<(), _>(std::io::ErrorKind::WouldBlock.into());
                let _ = stream.try_io(Interest::READABLE, blocked);
            }
            _ => return,
        }
    }
}

/// Resolves at that moment; never when there is none.
pub(crate) async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}
