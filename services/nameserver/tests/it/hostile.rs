//! Messages that nobody should send.

use authority::tsig::Keys;
use domain::base::Rtype;
use domain::base::iana::{Opcode, Rcode, TsigRcode};
use domain::base::{Message, MessageBuilder, Name};
use domain::rdata::Tsig;
use domain::rdata::tsig::Time48;
use domain::tsig::ClientTransaction;

use crate::support::{KEY, Running, question, rcode, start};

async fn primary() -> Running {
    let server = start(&[]);
    server.serves_something().await;
    server
}

fn refused(server: &Running, reason: &str) -> f64 {
    server.metric("nameserver_refused_total", &[&format!("reason={reason}")])
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_question_gets_no_answer() {
    let server = primary().await;
    let mut answer = question("www.tale.example", Rtype::A, None);
    answer[2] |= 0x80;
    for packet in [&b""[..], b"\0", &[0; 11], &answer] {
        assert!(server.exchange_quickly(packet).is_none(), "{packet:?}");
    }
    assert_eq!(refused(&server, "no_question"), 4.0);
}

impl Running {
    /// A packet that should get no answer, and a question that should: once that is answered,
    /// nothing else is to come.
    fn exchange_quickly(&self, packet: &[u8]) -> Option<Message<Vec<u8>>> {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(testkit::wait::SOON)).unwrap();
        socket.send_to(packet, self.address).unwrap();
        socket.send_to(&question("www.tale.example", Rtype::A, None), self.address).unwrap();
        let mut buffer = [0; 4096];
        let (length, _) = socket.recv_from(&mut buffer).unwrap();
        let message = Message::from_octets(buffer[..length].to_vec()).unwrap();
        (message.header().id() != 4711).then_some(message)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_cut_anywhere_is_a_format_error_or_nothing() {
    let server = primary().await;
    let whole = question("www.tale.example", Rtype::A, Some((1232, true)));
    for length in 12..whole.len() {
        let answer = server.exchange(&whole[..length]).unwrap();
        assert_eq!(rcode(&answer), Rcode::FORMERR, "{length} bytes");
    }
    assert_eq!(refused(&server, "malformed"), (whole.len() - 12) as f64);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_point_at_themselves_are_a_format_error() {
    let server = primary().await;
    let mut header = question("a", Rtype::A, None);
    header.truncate(12);
    for name in [&b"\xc0\x0c"[..], b"\xc0\x0e\xc0\x0c", b"\x01a\xc0\x0c", b"\xff\xff", b"\x80"] {
        let packet = [&header, name, &[0, 1, 0, 1]].concat();
        let answer = server.exchange(&packet).unwrap();
        assert_eq!(rcode(&answer), Rcode::FORMERR, "{name:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_opcodes_versions_and_classes_are_refused() {
    let server = primary().await;
    let plain = question("www.tale.example", Rtype::A, Some((1232, false)));
    let mut update = plain.clone();
    update[2] = 5 << 3;
    assert_eq!(rcode(&server.exchange(&update).unwrap()), Rcode::NOTIMP);
    let mut chaos = plain.clone();
    let class = plain.len() - 11 - 1;
    chaos[class] = 3;
    assert_eq!(rcode(&server.exchange(&chaos).unwrap()), Rcode::REFUSED);
    let mut version = plain.clone();
    let at = plain.len() - 5;
    version[at] = 1;
    let answer = server.exchange(&version).unwrap();
    assert_eq!(answer.opt_rcode(), domain::base::iana::OptRcode::BADVERS);
    let two = [&plain[..5], &[2], &plain[6..]].concat();
    assert_eq!(rcode(&server.exchange(&two).unwrap()), Rcode::FORMERR);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_copies_the_zone_without_the_key() {
    let server = primary().await;
    for rtype in [Rtype::AXFR, Rtype::IXFR] {
        let answer = server.exchange(&question("tale.example", rtype, None)).unwrap();
        assert_eq!(rcode(&answer), Rcode::REFUSED, "{rtype}");
    }
    let keys = ["tale:hmac-sha256:d3Jvbmd3cm9uZ3dyb25nd3Jvbmc=", "other:hmac-sha256:c2VjcmV0"];
    for key in keys {
        let answer = server.exchange(&signed(key, Time48::now())).unwrap();
        assert_eq!(rcode(&answer), Rcode::NOTAUTH, "{key}");
    }
    let late = server.exchange(&signed(KEY, Time48::from_u64(1_000_000))).unwrap();
    let error = late.get_last_additional::<Tsig<_, _>>().map(|tsig| tsig.data().error());
    assert_eq!(error, Some(TsigRcode::BADTIME));
    assert_eq!(refused(&server, "transfer"), 2.0);
    assert_eq!(refused(&server, "bad_key"), 3.0);
    // The right key, but a packet: a zone does not fit into one.
    let answer = server.exchange(&signed(KEY, Time48::now())).unwrap();
    assert_eq!(rcode(&answer), Rcode::REFUSED);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tcp_nobody_copies_the_zone_without_the_key_either() {
    let server = primary().await;
    let wrong = signed("tale:hmac-sha256:d3Jvbmd3cm9uZ3dyb25nd3Jvbmc=", Time48::now());
    for (request, code) in [
        (question("tale.example", Rtype::AXFR, None), Rcode::REFUSED),
        (question("tale.example", Rtype::IXFR, None), Rcode::REFUSED),
        (wrong, Rcode::NOTAUTH),
    ] {
        let answers = tcp(&server, &framed(&request)).await;
        assert_eq!(answers.iter().map(rcode).collect::<Vec<_>>(), [code]);
    }
    assert_eq!(refused(&server, "transfer"), 2.0);
    assert_eq!(refused(&server, "bad_key"), 1.0);
    let labels = ["direction=out", "result=ok"];
    assert_eq!(server.metric("nameserver_transfers_total", &labels), 0.0);
    // The test of the test: with the key it is all there.
    let answers = tcp(&server, &framed(&signed(KEY, Time48::now()))).await;
    assert!(answers.iter().all(|answer| rcode(answer) == Rcode::NOERROR) && !answers.is_empty());
    assert_eq!(server.metric("nameserver_transfers_total", &labels), 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tcp_what_is_no_question_ends_the_connection_and_what_is_cut_gets_no_answer() {
    let server = primary().await;
    let good = question("www.tale.example", Rtype::A, None);
    let mut answer = good.clone();
    answer[2] |= 0x80;
    for dropped in [vec![], vec![0], vec![0; 11], answer] {
        // What follows is not read any more.
        let sent = [framed(&dropped), framed(&good)].concat();
        assert!(tcp(&server, &sent).await.is_empty(), "{dropped:?}");
    }
    assert_eq!(refused(&server, "no_question"), 4.0);
    let whole = framed(&good);
    for length in 0..whole.len() {
        assert!(tcp(&server, &whole[..length]).await.is_empty(), "{length} bytes");
    }
    assert_eq!(tcp(&server, &[whole.clone(), whole].concat()).await.len(), 2);
    assert_eq!(refused(&server, "panicked"), 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_client_cannot_hold_all_connections() {
    use tokio::net::{TcpSocket, TcpStream};
    let server = primary().await;
    let mut held = Vec::new();
    for _ in 0..100 {
        held.push(TcpStream::connect(server.address).await.unwrap());
    }
    let turned_away = async || (refused(&server, "connection") == 36.0).then_some(());
    testkit::wait::eventually("36 of 100 are turned away", turned_away).await;

    // From somewhere else, there is room.
    let other = TcpSocket::new_v4().unwrap();
    other.bind("127.0.0.3:0".parse().unwrap()).unwrap();
    let other = other.connect(server.address).await.unwrap();
    let question = framed(&question("www.tale.example", Rtype::A, None));
    assert_eq!(answers_on(other, &question).await.len(), 1);

    // Who hangs up makes room, for itself, too.
    drop(held);
    let none =
        async || (server.metric("nameserver_tcp_connections_open", &[]) == 0.0).then_some(());
    testkit::wait::eventually("no connection is open", none).await;
    assert_eq!(tcp(&server, &question).await.len(), 1);
}

fn framed(message: &[u8]) -> Vec<u8> {
    [&u16::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}

/// All that comes back on a connection that sends this and then nothing more.
async fn tcp(server: &Running, bytes: &[u8]) -> Vec<Message<Vec<u8>>> {
    answers_on(tokio::net::TcpStream::connect(server.address).await.unwrap(), bytes).await
}

async fn answers_on(mut stream: tokio::net::TcpStream, bytes: &[u8]) -> Vec<Message<Vec<u8>>> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    // The server may have heard enough already, and then it resets the connection.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut answers = Vec::new();
    while let Ok(length) = stream.read_u16().await {
        let mut message = vec![0; length.into()];
        stream.read_exact(&mut message).await.unwrap();
        answers.push(Message::from_octets(message).unwrap());
    }
    answers
}

/// A request for the zone, signed.
fn signed(key: &str, time: Time48) -> Vec<u8> {
    let key = Keys::parse(key).unwrap().own.unwrap();
    let mut question = MessageBuilder::new_vec().question();
    question.push((Name::vec_from_str("tale.example").unwrap(), Rtype::AXFR)).unwrap();
    let mut additional = question.additional();
    ClientTransaction::request(key, &mut additional, time).unwrap();
    additional.finish()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_signed_with_another_key_or_of_another_zone_asks_nobody() {
    let copy = start(&[("NAMESERVER_ROLE", "secondary"), ("PRIMARY", "127.0.0.2:53")]);
    let notify = |name: &str, key: &str| {
        let mut builder = MessageBuilder::new_vec();
        builder.header_mut().set_opcode(Opcode::NOTIFY);
        let mut question = builder.question();
        question.push((Name::vec_from_str(name).unwrap(), Rtype::SOA)).unwrap();
        let mut additional = question.additional();
        let key = Keys::parse(key).unwrap().own.unwrap();
        ClientTransaction::request(key, &mut additional, Time48::now()).unwrap();
        additional.finish()
    };
    let wrong = "tale:hmac-sha256:d3Jvbmd3cm9uZ3dyb25nd3Jvbmc=";
    let code = |packet: &[u8]| rcode(&copy.exchange(packet).unwrap());
    assert_eq!(code(&notify("tale.example", wrong)), Rcode::NOTAUTH);
    assert_eq!(code(&notify("other.example", KEY)), Rcode::REFUSED);
    assert_eq!(code(&notify("www.tale.example", KEY)), Rcode::REFUSED);
    let heard = ["direction=in", "result=ok"];
    assert_eq!(copy.metric("nameserver_notifies_total", &heard), 0.0);
    assert_eq!(
        ["bad_key", "not_ours", "notify"].map(|reason| refused(&copy, reason)),
        [1.0, 1.0, 1.0]
    );
    assert_eq!(code(&notify("tale.example", KEY)), Rcode::NOERROR);
    assert_eq!(copy.metric("nameserver_notifies_total", &heard), 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_notification_is_refused_and_asks_nobody() {
    let primary = primary().await;
    let settings = [("NAMESERVER_ROLE", "secondary"), ("PRIMARY", "127.0.0.2:53")];
    let copy = start(&settings); // its primary is elsewhere
    let mut notify = question("tale.example", Rtype::SOA, None);
    notify[2] = Opcode::NOTIFY.to_int() << 3;
    for server in [&primary, &copy] {
        assert_eq!(rcode(&server.exchange(&notify).unwrap()), Rcode::REFUSED);
        assert_eq!(refused(server, "notify"), 1.0);
        assert_eq!(
            server.metric("nameserver_notifies_total", &["direction=in", "result=failed"]),
            1.0
        );
    }
}
