//! Tests of the hosts file.

use std::path::Path;

use proptest::prelude::*;

use super::*;

fn ips(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn a_kubernetes_file_is_read_as_it_is() {
    let (table, findings) = parse(&Text::new(
        b"# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost \
          ip6-loopback\n10.244.1.9\tshop-0.shop.default.svc.cluster.local\tshop-0\n",
    ));
    assert_eq!(table["localhost"], ips(&["127.0.0.1", "::1"]));
    assert_eq!(table["shop-0"], ips(&["10.244.1.9"]));
    assert_eq!(table.len(), 5);
    assert_eq!(findings, []);
}

#[test]
fn case_indentation_line_ends_and_comments_behind_entries_do_not_matter() {
    let (table, findings) =
        parse(&Text::new(b"  10.0.0.1  Orders#old  shop\r\n\n10.0.0.1 orders\n"));
    assert_eq!(table, Table::from([("orders".to_owned(), ips(&["10.0.0.1"]))]));
    assert_eq!(findings, []);
}

#[test]
fn a_line_that_makes_no_sense_is_reported_and_the_others_count() {
    let text = b"127.1 a\nfe80::1%eth0 b\n10.0.0.1\norders 10.0.0.1\n10.0.0.2 c";
    let (table, findings) = parse(&Text::new(text));
    assert_eq!(table.into_keys().collect::<Vec<_>>(), ["c"]);
    let host = |line, text: &str| Finding { line, problem: Problem::Host(text.to_owned()) };
    let nameless = Finding { line: 3, problem: Problem::HostWithoutName };
    assert_eq!(findings, [host(1, "127.1"), host(2, "fe80::1%eth0"), nameless, host(4, "orders")]);
}

#[test]
fn what_does_not_fit_is_reported() {
    let text = Text { is_cut: true, ..Text::new(b"10.0.0.1 a\n10.0.0.2 b\n") };
    let (table, findings) = parse(&text);
    assert_eq!((table.len(), findings), (2, vec![Finding { line: 3, problem: Problem::TooLong }]));
}

#[test]
fn a_missing_file_and_a_directory_have_no_names() {
    for path in ["/nonexistent/hosts", "/"] {
        let hosts = Hosts::new(Path::new(path).to_owned(), Arc::new(Reporter::new(|_| {})));
        assert_eq!(hosts.find("localhost"), None, "{path}");
    }
}

proptest! {
    #[test]
    fn no_file_makes_it_panic(text in prop::collection::vec(any::<u8>(), 0..300)) {
        parse(&Text::new(&text));
    }

    #[test]
    fn whoever_writes_a_name_finds_it(names in prop::collection::vec("[a-zA-Z0-9.-]{1,20}", 1..5), bits in any::<u128>()) {
        let address = IpAddr::from(bits.to_be_bytes());
        let (table, findings) = parse(&Text::new(format!("{address} {}", names.join("\t")).as_bytes()));
        prop_assert_eq!(findings, []);
        for name in names {
            prop_assert_eq!(table.get(&name.to_ascii_lowercase()), Some(&vec![address]));
        }
    }
}
