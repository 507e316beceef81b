//! Tests of `parse.rs`.

use proptest::prelude::*;

use super::*;

#[test]
fn a_delay_is_one_number_with_one_unit() {
    assert_eq!(delay("10ms"), Ok(Duration::from_millis(10)));
    assert_eq!(delay("1.5s"), Ok(Duration::from_millis(1_500)));
    for bad in ["1m30s", "-10ms", "10", "ms", "1.ms", ".5s", "+1s", "10 ms", "0", "1d"] {
        assert!(delay(bad).is_err(), "{bad}");
    }
}

#[test]
fn bps_are_bytes_in_1024s_and_bits_count_in_thousands() {
    for (text, bytes) in [
        ("1bps", 1),
        ("2kbps", 2_048),
        ("1mbps", 1_048_576),
        ("1 GBPS", 1 << 30),
        ("8bit", 1),
        ("1mbit", 125_000),
        ("1tbit", 125_000_000_000),
    ] {
        assert_eq!(rate(text), Ok(bytes), "{text}");
    }
    for bad in [
        "",
        "10",
        "1.5mbps",
        "-1bps",
        "1mb",
        "mbps",
        "99999999999999999999bps",
        "18446744073709551615tbps",
    ] {
        assert!(rate(bad).is_err(), "{bad}");
    }
}

#[test]
fn percentages_are_numbers_from_0_to_100() {
    assert_eq!(percent("12.5"), Ok(12.5));
    assert_eq!(number("250"), Ok(250.0));
    assert!(percent("250").is_err() && percent("-1").is_err());
    assert!(number("ten").is_err() && number("inf").is_err() && number("NaN").is_err());
}

#[test]
fn the_other_end_is_an_address_a_block_or_a_name() {
    for good in ["10.0.0.1", "10.0.0.0/8", "example.org", "example.org:443", "10.0.0.1:80", "db"] {
        assert!(peer(good).is_ok(), "{good}");
    }
    for bad in
        ["", "10.0.0.0/33", "::1", "a b", "example.org/8", "10.0.0.1:0", "10.0.0.1:x", "300.1.1.1"]
    {
        assert!(peer(bad).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parsers_panic(text in "\\PC{0,40}|[0-9a-zA-Z.:/ +-]{0,30}") {
        let _ = (delay(&text), number(&text), rate(&text), peer(&text));
    }

    #[test]
    fn a_rate_in_bytes_is_exact(bytes in 0..u64::from(u32::MAX)) {
        prop_assert_eq!(rate(&format!("{bytes}bps")), Ok(bytes));
        prop_assert_eq!(rate(&format!("{bytes}kbit")), Ok(bytes * 125));
    }
}
