//! Which pod a connection comes from. On loopback every client has the same address, so the socket
//! is looked up: the kernel knows its number, and `/proc` knows which process holds it.
//!
//! Asked only while a network fault needs the answer. Questions that come together are answered by
//! one look at `/proc`.

use std::collections::{HashMap, HashSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::sync::oneshot;

/// Both ends of a client's socket: its own, and that of the Service.
type Ends = (SocketAddr, SocketAddr);
/// Which of the kernel's tables a socket is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Transport {
    Tcp,
    Udp,
}

type Question = (Transport, Ends);
type Answer = oneshot::Sender<Option<Ipv4Addr>>;

/// Finds clients.
#[derive(Default)]
pub(crate) struct Clients {
    /// The first process of each container, and its pod's address.
    pods: Arc<RwLock<Vec<(i32, Ipv4Addr)>>>,
    /// One per connection that waits, so bounded as these are.
    waiting: Arc<Mutex<Vec<(Question, Answer)>>>,
    looking: Arc<tokio::sync::Mutex<()>>,
}

impl Clients {
    pub(crate) fn set_pods(&self, pods: Vec<(i32, Ipv4Addr)>) {
        *self.pods.write().unwrap_or_else(PoisonError::into_inner) = pods;
    }

    /// The pod whose process, or a descendant of it, holds the socket; `None` when it is nobody's
    /// on this stage.
    pub(crate) async fn find(&self, transport: Transport, ends: Ends) -> Option<Ipv4Addr> {
        let (answer, mut found) = oneshot::channel();
        lock(&self.waiting).push(((transport, ends), answer));
        // Whoever gets in first answers for all that wait; the others then find their answers
        // there.
        let _turn = self.looking.lock().await;
        if let Ok(found) = found.try_recv() {
            return found;
        }
        let questions = std::mem::take(&mut *lock(&self.waiting));
        let pods = self.pods.read().unwrap_or_else(PoisonError::into_inner).clone();
        let look = tokio::task::spawn_blocking(move || {
            let wanted = questions.iter().map(|(question, _)| *question).collect();
            let owners = owners(&sockets(&wanted), &pods);
            for (question, answer) in questions {
                // Who asked may have gone meanwhile.
                let _ = answer.send(owners.get(&question).copied());
            }
        });
        look.await.ok()?;
        found.await.ok().flatten()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The numbers of the wanted sockets. Clients that open IPv6 sockets for IPv4 addresses are in the
/// second table of each kind. A UDP socket need not be connected: then the row knows its own port
/// only, and that is nobody else's.
fn sockets(wanted: &HashSet<Question>) -> HashMap<String, Question> {
    let tables = [
        (Transport::Tcp, "/proc/net/tcp"),
        (Transport::Tcp, "/proc/net/tcp6"),
        (Transport::Udp, "/proc/net/udp"),
        (Transport::Udp, "/proc/net/udp6"),
    ];
    let asked = |transport| wanted.iter().filter(move |(of, _)| *of == transport);
    let mut found = HashMap::new();
    for (transport, table) in tables {
        if asked(transport).next().is_none() {
            continue;
        }
        let table = std::fs::read_to_string(table).unwrap_or_default();
        for ((own, other), number) in table.lines().skip(1).filter_map(socket) {
            let same = |question: &&Question| {
                let (client, service) = question.1;
                let open = transport == Transport::Udp && other.port() == 0;
                (own, other) == (client, service) || open && own.port() == client.port()
            };
            found.extend(asked(transport).find(same).map(|question| (number, *question)));
        }
    }
    found
}

/// One row: number, local end, remote end, and further on the socket's number.
fn socket(row: &str) -> Option<(Ends, String)> {
    let mut columns = row.split_ascii_whitespace().skip(1);
    let ends = (end(columns.next()?)?, end(columns.next()?)?);
    Some((ends, format!("socket:[{}]", columns.nth(6)?)))
}

/// `0100007F:1F90`; an IPv6 address that stands for an IPv4 one has that at its end.
fn end(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let ip = u32::from_str_radix(ip.get(ip.len().checked_sub(8)?..)?, 16).ok()?;
    let port = u16::from_str_radix(port, 16).ok()?;
    Some(SocketAddr::from((ip.to_ne_bytes(), port)))
}

/// Whose the sockets are.
fn owners(
    sockets: &HashMap<String, Question>,
    pods: &[(i32, Ipv4Addr)],
) -> HashMap<Question, Ipv4Addr> {
    let mut owners = HashMap::new();
    if sockets.is_empty() {
        return owners;
    }
    for (pid, pod) in processes(pods) {
        let held = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten();
        let held = held.flatten().filter_map(|file| std::fs::read_link(file.path()).ok());
        for question in held.filter_map(|link| sockets.get(link.to_str()?)) {
            owners.insert(*question, pod);
        }
    }
    owners
}

/// All processes of the pods, with those that they started.
fn processes(pods: &[(i32, Ipv4Addr)]) -> Vec<(i32, Ipv4Addr)> {
    let pids = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let parents: HashMap<i32, i32> = pids.filter_map(|pid| Some((pid, parent(pid)?))).collect();
    let roots: HashMap<i32, Ipv4Addr> = pods.iter().copied().collect();
    let pod = |pid: i32| {
        let ancestors = std::iter::successors(Some(pid), |pid| parents.get(pid).copied());
        // The table is not a snapshot, so a loop cannot be ruled out.
        ancestors.take(64).find_map(|pid| roots.get(&pid).copied())
    };
    let mine = parents.keys().filter_map(|pid| Some((*pid, pod(*pid)?)));
    mine.collect()
}

fn parent(pid: i32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything.
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream, UdpSocket};

    use super::*;

    #[tokio::test]
    async fn the_pod_of_a_client_is_found_by_its_socket() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let tcp = (stream.local_addr().unwrap(), stream.peer_addr().unwrap());
        let (connected, open) = (udp(), udp());
        connected.connect(tcp.1).unwrap();
        let ends = |socket: &UdpSocket| (socket.local_addr().unwrap(), tcp.1);
        let pod = Ipv4Addr::new(127, 1, 1, 1);
        let clients = Clients::default();
        let find = |transport, ends| clients.find(transport, ends);
        assert_eq!(find(Transport::Tcp, tcp).await, None);
        // This very process plays the pod.
        let own = i32::try_from(std::process::id()).unwrap();
        clients.set_pods(vec![(own, pod)]);
        let both = tokio::join!(
            find(Transport::Tcp, tcp),
            find(Transport::Tcp, tcp),
            find(Transport::Udp, ends(&connected)),
            find(Transport::Udp, ends(&open))
        );
        assert_eq!(both, (Some(pod), Some(pod), Some(pod), Some(pod)));
        assert_eq!(find(Transport::Tcp, ends(&connected)).await, None, "another table");
    }

    fn udp() -> UdpSocket {
        UdpSocket::bind("127.0.0.1:0").unwrap()
    }

    #[test]
    fn rows_of_both_tables_are_read() {
        let four = "  0: 0100007F:1F90 0201017F:0050 01 00000000:00000000 00:00000000 00000000  0        0 4242 1 0 20 4 30 10 -1";
        let six = "  1: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000201017F:0050 01 0:0 00:0 0  0  0 4242 1";
        let expected = (
            ("127.0.0.1:8080".parse().unwrap(), "127.1.1.2:80".parse().unwrap()),
            "socket:[4242]".to_owned(),
        );
        assert_eq!(socket(four), Some(expected.clone()));
        assert_eq!(socket(six), Some(expected));
        assert_eq!(socket("  sl  local_address rem_address   st"), None);
    }
}
