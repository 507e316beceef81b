//! The stub resolver against a name server of our own.

use std::sync::atomic::{AtomicU32, Ordering};

use domain::base::name::Name;
use proptest::prelude::*;

use super::*;

static FILES: AtomicU32 = AtomicU32::new(0);

/// Answers until dropped: `known` names with 127.0.0.9, `broken` with SERVFAIL, the rest with
/// NXDOMAIN.
async fn nameserver(
    known: &'static str,
    broken: &'static str,
) -> (u16, tokio::task::JoinHandle<()>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let mut buffer = [0; 512];
        loop {
            let (length, peer) = socket.recv_from(&mut buffer).await.unwrap();
            let query = Message::from_octets(buffer[..length].to_vec()).unwrap();
            let question = query.sole_question().unwrap();
            let asked = question.qname().to_string();
            let rcode = match asked.as_str() {
                name if name == known => Rcode::NOERROR,
                name if name == broken => Rcode::SERVFAIL,
                _ => Rcode::NXDOMAIN,
            };
            let mut answer = MessageBuilder::new_vec().start_answer(&query, rcode).unwrap();
            if rcode == Rcode::NOERROR && question.qtype() == Rtype::A {
                let name: Name<Vec<u8>> = Name::vec_from_str(&asked).unwrap();
                answer.push((name, 1, A::from_octets(127, 0, 0, 9))).unwrap();
            }
            // A stray comes first: it must not be taken for the answer.
            socket.send_to(b"stray", peer).await.unwrap();
            socket.send_to(answer.finish().as_slice(), peer).await.unwrap();
        }
    });
    (port, task)
}

async fn resolve(conf: &str, port: u16, host: &str) -> Result<Vec<IpAddr>, String> {
    let number = FILES.fetch_add(1, Ordering::Relaxed);
    let file =
        std::env::temp_dir().join(format!("load-resolv-{}-{number}.conf", std::process::id()));
    std::fs::write(&file, conf).unwrap();
    let result = lookup(&file, port, host).await.map_err(|error| error.to_string());
    std::fs::remove_file(file).unwrap();
    result
}

#[tokio::test]
async fn a_service_name_is_found_through_the_search_list() {
    let (port, server) = nameserver("shop.default.svc.cluster.local", "").await;
    let conf =
        "nameserver 127.0.0.1\nsearch default.svc.cluster.local svc.cluster.local\noptions ndots:5";
    assert_eq!(resolve(conf, port, "shop").await.unwrap(), [IpAddr::from([127, 0, 0, 9])]);
    server.abort();
}

#[tokio::test]
async fn an_unknown_name_and_a_broken_server_are_told_apart() {
    let (port, server) = nameserver("", "shop").await;
    let conf = "nameserver 127.0.0.1\noptions attempts:1";
    let error = resolve(conf, port, "shop").await.unwrap_err();
    assert!(error.contains("SERVFAIL"), "{error}");
    let error = resolve(conf, port, "nobody").await.unwrap_err();
    assert!(error.contains("NXDOMAIN"), "{error}");
    server.abort();
}

#[tokio::test]
async fn a_file_without_name_server_and_a_missing_file_are_refused() {
    let error = resolve("search a.b", 53, "shop").await.unwrap_err();
    assert!(error.contains("nameserver"), "{error}");
    let error = lookup(Path::new("/nonexistent"), 53, "shop").await.unwrap_err().to_string();
    assert!(error.contains("RESOLV_CONF"), "{error}");
}

proptest! {
    #[test]
    fn no_packet_makes_it_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0_usize..40) {
        let name = Name::vec_from_str("shop").unwrap();
        let query = question(&name, Rtype::A);
        read(&query, &bytes, Rtype::A);
        // The right head, and noise behind it.
        let mut packet = query.as_slice()[..cut.min(query.as_slice().len())].to_vec();
        packet.append(&mut bytes);
        if let Some(flags) = packet.get_mut(2) {
            *flags |= 0x80;
        }
        read(&query, &packet, Rtype::A);
        read(&query, &packet, Rtype::AAAA);
    }
}
