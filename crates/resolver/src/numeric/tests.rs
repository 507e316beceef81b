//! Tests of addresses as text.

use proptest::prelude::*;

use super::*;

#[test]
fn every_form_that_inet_aton_takes_is_an_address() {
    for (text, expected) in [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0X7F000001", "127.0.0.1"),
        ("0177.1", "127.0.0.1"),
        ("0", "0.0.0.0"),
        ("4294967295", "255.255.255.255"),
        ("1.16777215", "1.255.255.255"),
        ("1.2.65535", "1.2.255.255"),
        ("::1", "::1"),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1"),
    ] {
        assert_eq!(address(text), Some(expected.parse().unwrap()), "{text}");
    }
}

#[test]
fn anything_else_is_a_name() {
    for text in [
        "",
        ".",
        "1.",
        ".1",
        "1..2",
        "256.1.1.1",
        "1.2.3.256",
        "1.2.65536",
        "1.16777216",
        "4294967296",
        "1.2.3.4.5",
        "08",
        "0x",
        "0xg",
        "+1",
        "-1",
        "1 ",
        "orders",
        "127.0.0.1:53",
        "fe80::1%eth0",
        "[::1]",
    ] {
        assert_eq!(address(text), None, "{text}");
    }
}

#[test]
fn a_zone_is_taken_apart() {
    assert_eq!(zone("fe80::1%eth0"), Some(("fe80::1".parse().unwrap(), "eth0")));
    assert_eq!(zone("fe80::1"), None);
    assert_eq!(zone("orders%eth0"), None);
}

proptest! {
    #[test]
    fn every_address_is_read_as_itself(bits in any::<u32>(), bits6 in any::<u128>()) {
        let address4 = Ipv4Addr::from_bits(bits);
        let address6 = Ipv6Addr::from_bits(bits6);
        prop_assert_eq!(address(&address4.to_string()), Some(address4.into()));
        prop_assert_eq!(address(&address6.to_string()), Some(address6.into()));
        let [a, b, c, d] = address4.octets();
        let rest = u32::from_be_bytes([0, b, c, d]);
        for text in [bits.to_string(), format!("{bits:#x}"), format!("{a}.{rest}"), format!("0{a:o}.{b}.{:#x}", rest & 0xffff)] {
            prop_assert_eq!(address(&text), Some(address4.into()), "{}", text);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "[0-9a-fx.:%]{0,40}") {
        let _ = (address(&text), zone(&text));
    }
}
