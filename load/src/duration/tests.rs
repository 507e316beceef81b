//! Tests of durations, read and shown.

use proptest::prelude::*;

use super::*;

#[test]
fn the_usual_spellings_are_read() {
    for (text, ms) in
        [("250ms", 250), ("10s", 10_000), ("1m30s", 90_000), ("2h", 7_200_000), ("0s", 0)]
    {
        assert_eq!(parse_duration(text), Ok(Duration::from_millis(ms)), "{text}");
    }
}

#[test]
fn anything_else_is_refused_with_the_remedy() {
    for text in [
        "",
        "10",
        "s",
        "-1s",
        "1.5s",
        "10 s",
        "10sec",
        "169h",
        "99999999999999999999s",
        "18446744073709551615h",
        "é",
    ] {
        let error = parse_duration(text).unwrap_err().to_string();
        assert!(error.contains("write it as"), "{text}: {error}");
    }
}

#[test]
fn durations_are_shown_with_three_digits() {
    for (us, text) in [
        (87, "87.0 us"),
        (999, "999 us"),
        (1_500, "1.50 ms"),
        (999_600, "1.00 s"),
        (1_912_000, "1.91 s"),
        (0, "0.00 us"),
    ] {
        assert_eq!(rounded(Duration::from_micros(us)), text);
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = parse_duration(&text);
    }

    #[test]
    fn what_is_written_is_read(hours in 0_u64..100, minutes in 0_u64..100, seconds in 0_u64..100, ms in 0_u64..5000) {
        let read = parse_duration(&format!("{hours}h{minutes}m{seconds}s{ms}ms"));
        prop_assert_eq!(read, Ok(Duration::from_millis(((hours * 60 + minutes) * 60 + seconds) * 1000 + ms)));
    }
}
