//! Servers that answer oddly, or not at all.

use domain::base::iana::Rcode;
use domain::base::{Message, MessageBuilder, Name, Rtype, Ttl};
use domain::rdata::Soa;
use testkit::dns_server::{DnsServer, Query, Reply};

use crate::support::probe;

/// An answer with this serial, not signed.
fn soa(query: &Query, serial: u32) -> Reply {
    let asked = query.packet(&Reply::Referral);
    let asked = Message::from_octets(asked).unwrap();
    let mut answer = MessageBuilder::new_vec().start_answer(&asked, Rcode::NOERROR).unwrap();
    answer.header_mut().set_aa(true);
    if query.rtype == Rtype::SOA {
        let name: Name<Vec<u8>> = query.name.parse().unwrap();
        let times = [Ttl::HOUR; 4];
        let [refresh, retry, expire, minimum] = times;
        let soa = Soa::new(&name, &name, serial.into(), refresh, retry, expire, minimum);
        answer.push((&name, Ttl::HOUR, soa)).unwrap();
    }
    Reply::Packets(vec![answer.finish()])
}

/// The same as a message of the zone's own server.
pub(crate) fn answer_of(asked: &Message<Vec<u8>>, serial: u32) -> Vec<u8> {
    let mut answer = MessageBuilder::new_vec().start_answer(asked, Rcode::NOERROR).unwrap();
    answer.header_mut().set_aa(true);
    let name: Name<Vec<u8>> = "tale.example".parse().unwrap();
    let [refresh, retry, expire, minimum] = [Ttl::HOUR; 4];
    let soa = Soa::new(&name, &name, serial.into(), refresh, retry, expire, minimum);
    answer.push((&name, Ttl::HOUR, soa)).unwrap();
    answer.finish()
}

async fn probed(script: impl Fn(&Query) -> Reply + Send + Sync + 'static) -> Vec<String> {
    let server = DnsServer::start(script).await;
    let address = server.address.to_string();
    let series = probe(&[&address]).await;
    let shown = series.iter().filter(|(name, _)| !name.starts_with("zone_prober"));
    shown.map(|(name, value)| format!("{} {value}", name.replace(&address, "X"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_date_for_a_serial_and_a_zone_without_signatures_are_states_and_no_numbers() {
    assert_eq!(
        probed(|query| soa(query, 2_026_112_901)).await,
        [
            "zone_probe_success server=X transport=tcp 1",
            "zone_probe_success server=X transport=udp 1",
            "zone_serial server=X 2026112901",
            "zone_serial_behind server=X 0",
            "zone_serial_format format=date server=X 1",
            "zone_serial_format format=other server=X 0",
            "zone_serial_format format=unixtime server=X 0",
            "zone_signed server=X 0",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_has_its_reason_and_nothing_old_is_shown() {
    type Script = fn(&Query) -> Reply;
    let cases: [(&str, Script); 6] = [
        ("refused", |_| Reply::Rcode(Rcode::REFUSED)),
        ("servfail", |_| Reply::Rcode(Rcode::SERVFAIL)),
        ("rcode", |_| Reply::Rcode(Rcode::NXDOMAIN)),
        ("not_authoritative", |_| Reply::Referral),
        ("timeout", |_| Reply::Silence),
        ("timeout", |query| {
            // Somebody else's answers: another number, then another question, then noise.
            let mut forged = query.packet(&Reply::Referral);
            forged[0] ^= 1;
            let mut other = query.packet(&Reply::Referral);
            other[13] ^= 1;
            match query.transport {
                testkit::dns_server::Transport::Udp => {
                    Reply::Packets(vec![forged, other, vec![0; 3]])
                }
                testkit::dns_server::Transport::Tcp => Reply::Silence,
            }
        }),
    ];
    for (reason, script) in cases {
        let mut expected = Vec::new();
        for transport in ["tcp", "udp"] {
            expected.push(format!(
                "zone_probe_failure reason={reason} server=X transport={transport} 1"
            ));
        }
        for transport in ["tcp", "udp"] {
            expected.push(format!("zone_probe_success server=X transport={transport} 0"));
        }
        assert_eq!(probed(script).await, expected, "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_not_found_is_a_reason_too() {
    let series = probe(&["ns.nowhere.example"]).await;
    let key = "zone_probe_failure reason=not_found server=ns.nowhere.example transport=udp";
    assert_eq!(series.get(key), Some(&1.0), "{series:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_open_for_packets_alone_shows() {
    let udp = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = udp.local_addr().unwrap().to_string();
    let answer = tokio::spawn(async move {
        let mut buffer = [0; 512];
        loop {
            let (length, from) = udp.recv_from(&mut buffer).await.unwrap();
            let asked = Message::from_octets(buffer[..length].to_vec()).unwrap();
            udp.send_to(&answer_of(&asked, 7), from).await.unwrap();
        }
    });
    let series = probe(&[&address]).await;
    answer.abort();
    assert_eq!(series[&format!("zone_probe_success server={address} transport=udp")], 1.0);
    assert_eq!(series[&format!("zone_probe_success server={address} transport=tcp")], 0.0);
    assert_eq!(series[&format!("zone_serial server={address}")], 7.0);
}
