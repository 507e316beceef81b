//! Tests of the answers, packet by packet.

use std::time::Duration;

use chaos::fields::patterns::Patterns;
use domain::base::Name;
use proptest::prelude::*;

use super::*;

fn query(name: &str, qtype: Rtype) -> Vec<u8> {
    let mut builder = MessageBuilder::new_vec().question();
    builder.push((name.parse::<Name<Vec<u8>>>().unwrap(), qtype)).unwrap();
    builder.finish()
}

fn ask(
    name: &str,
    qtype: Rtype,
    rule: Option<&(DnsFault, Instant)>,
    transport: Transport,
) -> (Rcode, bool, Vec<String>) {
    let many = (0..100).map(|n| Ipv4Addr::new(127, 1, 1, n)).collect();
    let zone = HashMap::from([
        ("web.demo.svc.cluster.local".to_string(), vec![Ipv4Addr::new(127, 1, 200, 1)]),
        ("many.demo.svc.cluster.local".to_string(), many),
    ]);
    let query = query(name, qtype);
    let reply = match answer(&query, &zone, rule, Instant::now(), transport) {
        Outcome::Outside => match unknown(&query) {
            Outcome::Reply(reply) => reply,
            other => panic!("{other:?}"),
        },
        Outcome::Reply(reply) => reply,
        Outcome::Ignore => panic!("ignored"),
    };
    let message = Message::from_octets(reply).unwrap();
    let mut data = Vec::new();
    for record in message.answer().unwrap() {
        let record = record.unwrap();
        let record = record.to_any_record::<domain::rdata::AllRecordData<_, _>>().unwrap();
        data.push(record.data().to_string());
    }
    (message.header().rcode(), message.header().tc(), data)
}

fn rule(action: DnsAction, until: Instant) -> (DnsFault, Instant) {
    let patterns = Patterns::compile(&["web.*".to_owned()]).unwrap();
    (DnsFault { action, patterns }, until)
}

#[test]
fn cluster_names_are_found_whatever_their_case_and_others_are_not() {
    let found = ask("WEB.demo.svc.cluster.local", Rtype::A, None, Transport::Udp);
    assert_eq!(found, (Rcode::NOERROR, false, vec!["127.1.200.1".into()]));
    assert_eq!(
        ask("web.demo.svc.cluster.local", Rtype::AAAA, None, Transport::Udp),
        (Rcode::NOERROR, false, vec![])
    );
    assert_eq!(ask("nobody.example", Rtype::A, None, Transport::Udp).0, Rcode::NXDOMAIN);
}

#[test]
fn a_long_answer_is_cut_over_udp_and_whole_over_tcp() {
    assert_eq!(
        ask("many.demo.svc.cluster.local", Rtype::A, None, Transport::Udp),
        (Rcode::NOERROR, true, vec![])
    );
    assert_eq!(ask("many.demo.svc.cluster.local", Rtype::A, None, Transport::Tcp).2.len(), 100);
}

#[test]
fn an_error_rule_fails_every_type_and_lapses_by_itself() {
    let later = Instant::now() + Duration::from_secs(60);
    let name = "web.demo.svc.cluster.local";
    let rule_now = rule(DnsAction::Error, later);
    for qtype in [Rtype::A, Rtype::AAAA, Rtype::TXT] {
        assert_eq!(ask(name, qtype, Some(&rule_now), Transport::Udp).0, Rcode::SERVFAIL);
    }
    assert_eq!(
        ask("WEB.demo.svc.cluster.local", Rtype::A, Some(&rule_now), Transport::Udp).0,
        Rcode::NOERROR
    );
    let lapsed = rule(DnsAction::Error, Instant::now());
    assert_eq!(ask(name, Rtype::A, Some(&lapsed), Transport::Udp).0, Rcode::NOERROR);
}

#[test]
fn a_random_rule_answers_with_documentation_addresses_only() {
    let rule = rule(DnsAction::Random, Instant::now() + Duration::from_secs(60));
    for _ in 0..200 {
        let (_, _, data) = ask("web.example", Rtype::A, Some(&rule), Transport::Udp);
        assert!(data[0].parse::<Ipv4Addr>().unwrap().is_documentation(), "{data:?}");
    }
    assert_eq!(
        ask("web.example", Rtype::AAAA, Some(&rule), Transport::Udp).2,
        ["2001:db8::123:12:1"]
    );
    assert_eq!(ask("web.example", Rtype::TXT, Some(&rule), Transport::Udp).0, Rcode::SERVFAIL);
}

proptest! {
    #[test]
    fn no_packet_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _ = answer(&bytes, &HashMap::new(), None, Instant::now(), Transport::Udp);
    }
}
