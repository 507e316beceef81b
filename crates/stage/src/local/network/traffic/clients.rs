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
type Answer = oneshot::Sender<Option<Ipv4Addr>>;

/// Finds clients.
#[derive(Default)]
pub(crate) struct Clients {
    /// The first process of each container, and its pod's address.
    pods: Arc<RwLock<Vec<(i32, Ipv4Addr)>>>,
    /// One per connection that waits, so bounded as these are.
    waiting: Arc<Mutex<Vec<(Ends, Answer)>>>,
    looking: Arc<tokio::sync::Mutex<()>>,
}

impl Clients {
    pub(crate) fn set_pods(&self, pods: Vec<(i32, Ipv4Addr)>) {
        *self.pods.write().unwrap_or_else(PoisonError::into_inner) = pods;
    }

    /// The pod whose process, or a descendant of it, holds the socket; `None` when it is nobody's
    /// on this stage.
    pub(crate) async fn find(&self, client: SocketAddr, service: SocketAddr) -> Option<Ipv4Addr> {
        let (answer, mut found) = oneshot::channel();
        lock(&self.waiting).push(((client, service), answer));
        // Whoever gets in first answers for all that wait; the others then find their answers
        // there.
        let _turn = self.looking.lock().await;
        if let Ok(found) = found.try_recv() {
            return found;
        }
        let questions = std::mem::take(&mut *lock(&self.waiting));
        let pods = self.pods.read().unwrap_or_else(PoisonError::into_inner).clone();
        let look = tokio::task::spawn_blocking(move || {
            let wanted = questions.iter().map(|(ends, _)| *ends).collect();
            let owners = owners(&sockets(&wanted), &pods);
            for (ends, answer) in questions {
                // Who asked may have gone meanwhile.
                let _ = answer.send(owners.get(&ends).copied());
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
/// second table.
fn sockets(wanted: &HashSet<Ends>) -> HashMap<String, Ends> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(std::fs::read_to_string);
    let rows = tables.iter().flatten().flat_map(|table| table.lines().skip(1));
    rows.filter_map(|row| {
        let (ends, number) = socket(row)?;
        wanted.contains(&ends).then_some((number, ends))
    })
    .collect()
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
fn owners(sockets: &HashMap<String, Ends>, pods: &[(i32, Ipv4Addr)]) -> HashMap<Ends, Ipv4Addr> {
    let mut owners = HashMap::new();
    if sockets.is_empty() {
        return owners;
    }
    for (pid, pod) in processes(pods) {
        let held = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten();
        let held = held.flatten().filter_map(|file| std::fs::read_link(file.path()).ok());
        for ends in held.filter_map(|link| sockets.get(link.to_str()?)) {
            owners.insert(*ends, pod);
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
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[tokio::test]
    async fn the_pod_of_a_client_is_found_by_its_socket() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (client, service) = (stream.local_addr().unwrap(), stream.peer_addr().unwrap());
        let pod = Ipv4Addr::new(127, 1, 1, 1);
        let clients = Clients::default();
        assert_eq!(clients.find(client, service).await, None);
        // This very process plays the pod.
        let own = i32::try_from(std::process::id()).unwrap();
        clients.set_pods(vec![(own, pod)]);
        let both = tokio::join!(clients.find(client, service), clients.find(client, service));
        assert_eq!(both, (Some(pod), Some(pod)));
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
