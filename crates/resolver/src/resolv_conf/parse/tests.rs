//! Tests of what lines and options mean.

use std::{net::SocketAddr, time::Duration};

use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Settings {
    super::parse(&Text::new(text.as_bytes()), 53).0
}

/// What is reported of a file: its lines and why they are ignored.
fn findings(text: &str) -> Vec<(usize, Problem)> {
    let (_, findings) = super::parse(&Text::new(text.as_bytes()), 53);
    findings.into_iter().map(|finding| (finding.line, finding.problem)).collect()
}

fn addresses(settings: &Settings) -> Vec<String> {
    settings.nameservers.iter().map(|server| server.ip().to_string()).collect()
}

#[test]
fn a_kubernetes_file_is_read_as_it_is() {
    let settings = parse(
        "search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n",
    );
    assert_eq!(
        settings,
        Settings {
            nameservers: vec!["10.96.0.10:53".parse().unwrap()],
            search: ["shop.svc.cluster.local", "svc.cluster.local", "cluster.local"]
                .map(String::from)
                .to_vec(),
            ndots: 5,
            timeout: Duration::from_secs(5),
            attempts: 2,
            ..Settings::default()
        }
    );
}

#[test]
fn values_beyond_the_limits_of_glibc_are_cut() {
    let settings = parse("nameserver 127.0.0.1\noptions ndots:99 timeout:99 attempts:99999999999");
    assert_eq!((settings.ndots, settings.timeout.as_secs(), settings.attempts), (15, 30, 5));
    let settings = parse("nameserver 127.0.0.1\noptions ndots:0 timeout:0 attempts:0");
    assert_eq!((settings.ndots, settings.timeout.as_secs(), settings.attempts), (0, 1, 1));
}

#[test]
fn only_the_first_three_servers_are_used() {
    let text = "nameserver ::1\nnameserver 127.0.0.2\nnameserver 127.0.0.3\nnameserver 127.0.0.4";
    assert_eq!(addresses(&parse(text)), ["::1", "127.0.0.2", "127.0.0.3"]);
    assert_eq!(findings(text), [(4, Problem::FourthNameServer)]);
}

#[test]
fn of_search_and_domain_the_last_one_counts() {
    assert_eq!(parse("search a b\ndomain c").search, ["c"]);
    assert_eq!(parse("domain c\nsearch a b").search, ["a", "b"]);
    assert_eq!(parse("search a b\nsearch c\nsearch").search, ["c"]);
    assert_eq!(parse("domain a b").search, ["a"]);
}

#[test]
fn a_bad_line_does_not_spoil_the_others() {
    let text = "nameserver nonsense\nfrobnicate\noptions ndots:many\nnameserver 127.0.0.1";
    let settings = parse(text);
    assert_eq!((settings.nameservers.len(), settings.ndots), (1, 1));
}

#[test]
fn lines_are_counted_from_one_and_every_ignored_part_is_reported() {
    let name = String::from;
    for (text, expected) in [
        ("nameserver 127.0.0.1:53", (1, Problem::NameServer(name("127.0.0.1:53")))),
        ("\n# x\nnameserver dns", (3, Problem::NameServer(name("dns")))),
        ("nameserver", (1, Problem::NoValue(name("nameserver")))),
        ("search # none", (1, Problem::NoValue(name("search")))),
        ("\n nameserver 127.0.0.1", (2, Problem::Indented)),
        ("Nameserver 127.0.0.1", (1, Problem::Keyword(name("Nameserver")))),
        ("nameserver: 127.0.0.1", (1, Problem::Keyword(name("nameserver:")))),
        ("options ndots:many", (1, Problem::OptionValue(name("ndots:many")))),
        ("options ndots:", (1, Problem::OptionValue(name("ndots:")))),
        ("options timeout:-1", (1, Problem::OptionValue(name("timeout:-1")))),
        ("options ndots", (1, Problem::Option(name("ndots")))),
        ("options rotate:1", (1, Problem::Option(name("rotate:1")))),
        ("options frobnicate", (1, Problem::Option(name("frobnicate")))),
        ("options trust-ad", (1, Problem::NotDone(name("trust-ad")))),
        ("options no-reload", (1, Problem::NotDone(name("no-reload")))),
        ("sortlist 10.0.0.0", (1, Problem::NotDone(name("sortlist")))),
        ("nameserver fe80::1%nope0", (1, Problem::Interface(name("nope0")))),
    ] {
        assert_eq!(findings(text), [expected], "{text}");
    }
}

#[test]
fn every_option_of_the_manual_is_done_or_reported() {
    let done = "ndots:1 timeout:1 attempts:1 rotate use-vc edns0 no-aaaa no-tld-query single-request single-request-reopen";
    assert_eq!(findings(&format!("options {done}")), []);
    let rest = "debug no-check-names inet6 ip6-bytestring ip6-dotint no-ip6-dotint no-reload trust-ad strict-error";
    let expected: Vec<_> =
        rest.split(' ').map(|option| (1, Problem::NotDone(option.to_owned()))).collect();
    assert_eq!(findings(&format!("options {rest}")), expected);
}

#[test]
fn options_of_several_lines_add_up() {
    let settings =
        parse("options ndots:3 rotate use-vc\noptions ndots:2 edns0\noptions no-aaaa no_tld_query");
    assert_eq!(settings.ndots, 2);
    let Settings { rotate, tcp_only, edns, no_ipv6, no_top_level, .. } = settings;
    assert!(rotate && tcp_only && edns && no_ipv6 && no_top_level);
}

#[test]
fn comments_tabs_and_line_ends_of_another_system_do_not_matter() {
    let text = "#nameserver 127.0.0.9\r\n;x\nnameserver\t127.0.0.1\t# the office\r\nsearch a\tb ;c\r\n\r\n";
    let settings = parse(text);
    assert_eq!(
        (addresses(&settings), settings.search),
        (vec!["127.0.0.1".to_owned()], vec!["a".to_owned(), "b".to_owned()])
    );
    assert_eq!(findings(text), []);
}

#[test]
fn a_server_may_be_written_in_every_form_of_an_address() {
    let text = "nameserver 127.1\nnameserver 0x7f.2\nnameserver ::ffff:127.0.0.3";
    assert_eq!(addresses(&parse(text)), ["127.0.0.1", "127.0.0.2", "::ffff:127.0.0.3"]);
}

#[test]
fn the_zone_of_a_server_becomes_the_number_of_its_interface() {
    let zone = |text: &str| match parse(text).nameservers[0] {
        SocketAddr::V6(server) => (server.ip().to_string(), server.scope_id(), server.port()),
        SocketAddr::V4(server) => panic!("{server}"),
    };
    assert_eq!(zone("nameserver fe80::1%7"), ("fe80::1".to_owned(), 7, 53));
    // The loopback interface is the first that the kernel makes.
    assert_eq!(zone("nameserver fe80::1%lo"), ("fe80::1".to_owned(), 1, 53));
    assert_eq!(zone("nameserver fe80::1%nope0"), ("fe80::1".to_owned(), 0, 53));
    assert_eq!(zone("nameserver fe80::1"), ("fe80::1".to_owned(), 0, 53));
}

#[test]
fn what_does_not_fit_is_reported() {
    let text = Text { is_cut: true, ..Text::new(b"nameserver 127.0.0.1\n") };
    let (settings, findings) = super::parse(&text, 53);
    assert_eq!(settings.nameservers.len(), 1);
    assert_eq!(findings, [Finding { line: 2, problem: Problem::TooLong }]);
}

proptest! {
    #[test]
    fn no_file_makes_it_panic(text in prop::collection::vec(any::<u8>(), 0..300)) {
        let (settings, _) = super::parse(&Text::new(&text), 53);
        prop_assert!(settings.nameservers.len() <= 3 && settings.attempts >= 1);
    }

    #[test]
    fn no_odd_file_makes_it_panic(words in prop::collection::vec(word(), 0..40)) {
        let (settings, findings) = super::parse(&Text::new(words.concat().as_bytes()), 53);
        prop_assert!(settings.nameservers.len() <= 3 && (1..=5).contains(&settings.attempts));
        prop_assert!((1..=30).contains(&settings.timeout.as_secs()) && settings.ndots <= 15);
        let lines = words.concat().matches('\n').count() + 1;
        prop_assert!(findings.iter().all(|finding| (1..=lines).contains(&finding.line)));
    }
}

/// What resolver configurations are made of.
fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "nameserver ",
        "search ",
        "domain\t",
        "options ",
        "sortlist ",
        "\n",
        "\n",
        "\n",
        " ",
        "#",
        ";",
        "\r",
        "127.0.0.1",
        "::1",
        "fe80::1%lo",
        "0x7f.1",
        "a.b ",
        ".",
        "ndots:",
        "timeout:",
        "attempts:",
        "0 ",
        "15 ",
        "4294967296 ",
        "-1",
        "rotate ",
        "use-vc ",
        "edns0 ",
        "trust-ad ",
        "no-aaaa ",
        "\0",
        "é",
    ])
    .prop_map(str::to_owned)
}
