//! What is answered to which question.

use Rtype as T;
use domain::base::Rtype;
use domain::base::iana::Rcode;

use crate::support::{question, rcode, start, types};

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_answer_has_its_records_and_its_proof() {
    let server = start(&[]);
    server.serves_something().await;
    let signed = |rtype| vec![rtype, T::RRSIG];
    let no = |proofs: usize| {
        [T::SOA, T::RRSIG]
            .iter()
            .chain([T::NSEC, T::RRSIG].repeat(proofs).iter())
            .copied()
            .collect::<Vec<_>>()
    };
    let cases = [
        ("tale.example", T::SOA, Rcode::NOERROR, signed(T::SOA), vec![]),
        ("WWW.Tale.Example", T::A, Rcode::NOERROR, signed(T::A), vec![]),
        (
            "alias.tale.example",
            T::A,
            Rcode::NOERROR,
            [signed(T::CNAME), signed(T::A)].concat(),
            vec![],
        ),
        ("alias.tale.example", T::CNAME, Rcode::NOERROR, signed(T::CNAME), vec![]),
        ("x.y.any.tale.example", T::TXT, Rcode::NOERROR, signed(T::TXT), signed(T::NSEC)),
        ("www.tale.example", T::MX, Rcode::NOERROR, vec![], no(1)),
        ("any.tale.example", T::A, Rcode::NOERROR, vec![], no(1)),
        ("x.any.tale.example", T::A, Rcode::NOERROR, vec![], no(1)),
        ("nope.tale.example", T::A, Rcode::NXDOMAIN, vec![], no(2)),
        ("a.b.nope.tale.example", T::A, Rcode::NXDOMAIN, vec![], no(2)),
        ("shop.tale.example", T::DS, Rcode::NOERROR, vec![], no(1)),
        ("other.example", T::A, Rcode::REFUSED, vec![], vec![]),
        ("example", T::SOA, Rcode::REFUSED, vec![], vec![]),
    ];
    for (name, rtype, code, answer, authority) in cases {
        let reply = server.ask(name, rtype);
        assert_eq!(rcode(&reply), code, "{name} {rtype}");
        assert_eq!(reply.header().aa(), code != Rcode::REFUSED, "{name} {rtype}");
        assert_eq!(types(&reply), [answer, authority, vec![T::OPT]], "{name} {rtype}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delegation_is_a_referral_with_addresses_and_without_authority() {
    let server = start(&[]);
    server.serves_something().await;
    for name in ["shop.tale.example", "www.shop.tale.example", "ns.shop.tale.example"] {
        let reply = server.ask(name, T::A);
        assert!(rcode(&reply) == Rcode::NOERROR && !reply.header().aa(), "{name}");
        let proof = vec![T::NS, T::NSEC, T::RRSIG];
        assert_eq!(types(&reply), [vec![], proof, vec![T::A, T::OPT]], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_edns_there_are_no_signatures_and_512_bytes() {
    let records: String = (0..40).map(|number| format!("many A 192.0.2.{number}\n")).collect();
    let records = authority::zone::default_zone().to_owned() + &records;
    let server = start(&[("ZONE_RECORDS", &records)]);
    server.serves_something().await;
    let plain = server.exchange(&question("www.tale.example", T::A, None)).unwrap();
    assert_eq!(types(&plain), [vec![T::A], vec![], vec![]]);

    let cut = server.exchange(&question("many.tale.example", T::A, None)).unwrap();
    assert!(cut.header().tc() && types(&cut)[0].is_empty(), "40 addresses are over 512 bytes");
    let whole = server.exchange(&question("many.tale.example", T::A, Some((1232, true)))).unwrap();
    assert!(!whole.header().tc() && types(&whole)[0].len() == 41);
    let huge = server.exchange(&question("many.tale.example", T::A, Some((1, true)))).unwrap();
    assert!(huge.header().tc(), "less than 512 means 512");
    let over_tcp = tcp(&server, &question("many.tale.example", T::A, None)).await;
    assert_eq!(types(&over_tcp)[0].len(), 40);
    assert_eq!(server.metric("nameserver_queries_total", &["transport=tcp", "rcode=NOERROR"]), 1.0);
}

/// One question over TCP.
async fn tcp(server: &crate::support::Running, question: &[u8]) -> domain::base::Message<Vec<u8>> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let length = u16::try_from(question.len()).unwrap().to_be_bytes();
    // A byte at a time, as a slow network would have it.
    for byte in length.iter().chain(question) {
        stream.write_all(&[*byte]).await.unwrap();
    }
    let mut answer = vec![0; stream.read_u16().await.unwrap().into()];
    stream.read_exact(&mut answer).await.unwrap();
    domain::base::Message::from_octets(answer).unwrap()
}
