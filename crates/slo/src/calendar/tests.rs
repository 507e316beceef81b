//! Months of every length, leap years, and the two odd nights of the year.

use proptest::prelude::*;

use super::*;

fn calendar(start: &str, zone: &str, length: &str) -> Calendar {
    Calendar {
        start_time: start.to_owned(),
        time_zone: zone.to_owned(),
        length: Length::parse(length).unwrap(),
    }
}

/// The start of the window, in Vienna.
fn vienna(start: &str, length: &str, now: &str) -> String {
    let calendar = calendar(start, "Europe/Vienna", length);
    let start = window_start(&calendar, now.parse().unwrap()).unwrap();
    start.strftime("%F %T %:z").to_string()
}

#[test]
fn a_month_begins_at_local_midnight_in_summer_and_in_winter() {
    let begin = "2026-01-01 00:00:00";
    for (now, wanted) in [
        ("2026-01-01T12:00:00Z", "2026-01-01 00:00:00 +01:00"),
        // Half past midnight in Vienna is still June in Greenwich.
        ("2026-06-30T22:30:00Z", "2026-07-01 00:00:00 +02:00"),
        ("2026-06-30T21:59:59Z", "2026-06-01 00:00:00 +02:00"),
        ("2026-10-31T23:00:00Z", "2026-11-01 00:00:00 +01:00"),
        ("2026-10-31T22:59:59Z", "2026-10-01 00:00:00 +02:00"),
    ] {
        assert_eq!(vienna(begin, "1M", now), wanted, "{now}");
    }
}

#[test]
fn a_day_of_the_change_has_23_or_25_hours() {
    let begin = "2026-01-01 00:00:00";
    // 29 March loses an hour, 25 October gains one.
    for (now, wanted) in [
        ("2026-03-28T23:00:00Z", "2026-03-29 00:00:00 +01:00"),
        ("2026-03-29T21:59:59Z", "2026-03-29 00:00:00 +01:00"),
        ("2026-03-29T22:00:00Z", "2026-03-30 00:00:00 +02:00"),
        ("2026-10-24T22:00:00Z", "2026-10-25 00:00:00 +02:00"),
        ("2026-10-25T22:59:59Z", "2026-10-25 00:00:00 +02:00"),
        ("2026-10-25T23:00:00Z", "2026-10-26 00:00:00 +01:00"),
    ] {
        assert_eq!(vienna(begin, "1d", now), wanted, "{now}");
    }
}

#[test]
fn a_window_that_begins_in_the_lost_hour_begins_after_it() {
    assert_eq!(
        vienna("2026-01-01 02:30:00", "1d", "2026-03-29T02:00:00Z"),
        "2026-03-29 03:30:00 +02:00"
    );
}

#[test]
fn hours_are_counted_through_the_change() {
    // Six hours from local midnight of the long day are 05:00 on the clock.
    assert_eq!(
        vienna("2026-10-25 00:00:00", "6h", "2026-10-25T04:00:00Z"),
        "2026-10-25 05:00:00 +01:00"
    );
}

#[test]
fn months_of_every_length_are_counted_from_the_first_start() {
    let begin = "2024-01-31 00:00:00";
    for (now, wanted) in [
        ("2024-02-29T12:00:00Z", "2024-02-29 00:00:00 +01:00"),
        ("2025-02-28T12:00:00Z", "2025-02-28 00:00:00 +01:00"),
        ("2025-03-30T12:00:00Z", "2025-02-28 00:00:00 +01:00"),
        ("2025-03-31T12:00:00Z", "2025-03-31 00:00:00 +02:00"),
        ("2025-04-30T12:00:00Z", "2025-04-30 00:00:00 +02:00"),
    ] {
        assert_eq!(vienna(begin, "1M", now), wanted, "{now}");
    }
}

#[test]
fn quarters_years_and_leap_days() {
    let begin = "2024-02-29 00:00:00";
    for (length, now, wanted) in [
        ("1Y", "2025-02-28T12:00:00Z", "2025-02-28 00:00:00 +01:00"),
        ("1Y", "2028-02-28T12:00:00Z", "2027-02-28 00:00:00 +01:00"),
        ("1Y", "2028-02-29T12:00:00Z", "2028-02-29 00:00:00 +01:00"),
        ("1Q", "2024-08-28T12:00:00Z", "2024-05-29 00:00:00 +02:00"),
        ("2w", "2024-03-20T12:00:00Z", "2024-03-14 00:00:00 +01:00"),
    ] {
        assert_eq!(vienna(begin, length, now), wanted, "{length} {now}");
    }
}

#[test]
fn a_window_that_does_not_exist_is_refused_for_its_reason() {
    let now: Timestamp = "2026-02-01T00:00:00Z".parse().unwrap();
    let why =
        |start, zone| window_start(&calendar(start, zone, "1M"), now).unwrap_err().to_string();
    assert!(why("2026-01-01 00:00:00", "Europe/Wien").contains("Europe/Wien"));
    assert!(why("2026-02-30 00:00:00", "UTC").contains("2026-02-30"));
    assert!(why("2026-03-01 00:00:00", "UTC").contains("2026-03-01T00:00:00Z"));
}

/// Zones with changes of a whole hour, of half an hour, and with none.
const ZONES: [&str; 5] =
    ["Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"];
const LENGTHS: [&str; 8] = ["1d", "3d", "1w", "1M", "5M", "1Q", "1Y", "12h"];

proptest! {
    #[test]
    fn now_lies_in_its_window_and_windows_join_without_a_gap(
        zone in prop::sample::select(&ZONES[..]),
        length in prop::sample::select(&LENGTHS[..]),
        day in 1i8..=31,
        hour in 0i8..24,
        offset in 0i64..1_500_000_000,
    ) {
        let calendar = calendar(&format!("2000-01-{day:02} {hour:02}:30:00"), zone, length);
        // Years later: there is a window before.
        let now = Timestamp::from_second(1_050_000_000 + offset).unwrap();
        let start = window_start(&calendar, now).unwrap();
        prop_assert!(start.timestamp() <= now);
        // Its own start is in it, and the second before is in the one before: which ends here, and
        // is no longer than a window can be.
        prop_assert_eq!(&window_start(&calendar, start.timestamp()).unwrap(), &start);
        let before = window_start(&calendar, start.timestamp() - 1.second()).unwrap();
        prop_assert!(before < start);
        let days = (start.timestamp().as_second() - before.timestamp().as_second()) as f64 / 86_400.0;
        let (least, most) = match length {
            "12h" => (0.5, 0.5),
            "1d" => (0.95, 1.05),
            "3d" => (2.95, 3.05),
            "1w" => (6.95, 7.05),
            "1M" => (27.95, 31.05),
            "5M" => (149.9, 153.1),
            "1Q" => (88.9, 92.1),
            _ => (364.9, 366.1),
        };
        prop_assert!((least..=most).contains(&days), "{} days from {} to {}", days, before, start);
    }

    #[test]
    fn a_window_of_days_keeps_its_hour_of_the_day(
        day in 0i64..9000,
    ) {
        // Noon exists every day.
        let calendar = calendar("2000-01-01 12:00:00", "Europe/Vienna", "1d");
        let now = Timestamp::from_second(951_000_000 + day * 86_400).unwrap();
        prop_assert_eq!(window_start(&calendar, now).unwrap().hour(), 12);
    }
}
