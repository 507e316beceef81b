//! Tests of `next.rs`.

use proptest::prelude::*;

use super::super::Cron;
use super::*;

fn after(schedule: &str, from: &str, count: usize) -> Vec<String> {
    let cron: Cron = schedule.parse().unwrap();
    cron.ticks(from.parse().unwrap(), Timestamp::MAX, count)
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn every_counts_from_the_whole_second() {
    assert_eq!(after("@every 90s", "2026-01-05T10:00:00.4Z", 1), ["2026-01-05T10:01:30Z"]);
}

#[test]
fn six_fields_start_with_seconds() {
    let ticks = after("30 */5 * * * *", "2026-01-05T10:00:00Z", 3);
    assert_eq!(ticks, ["2026-01-05T10:00:30Z", "2026-01-05T10:05:30Z", "2026-01-05T10:10:30Z"]);
}

#[test]
fn a_number_with_a_step_runs_to_the_maximum() {
    let ticks = after("5/15 * * * *", "2026-01-05T10:00:00Z", 4);
    assert_eq!(
        ticks,
        [
            "2026-01-05T10:05:00Z",
            "2026-01-05T10:20:00Z",
            "2026-01-05T10:35:00Z",
            "2026-01-05T10:50:00Z"
        ]
    );
}

#[test]
fn a_stepped_star_is_a_restriction_so_either_day_matches() {
    // 2026-02-01 is a Sunday: Monday 2 fires beside the odd days.
    let ticks = after("0 9 */2 * 1", "2026-02-01T00:00:00Z", 4);
    assert_eq!(
        ticks,
        [
            "2026-02-01T09:00:00Z",
            "2026-02-02T09:00:00Z",
            "2026-02-03T09:00:00Z",
            "2026-02-05T09:00:00Z"
        ]
    );
}

#[test]
fn a_bare_star_leaves_the_other_day_field_in_charge() {
    assert_eq!(
        after("0 9 * * mon", "2026-02-01T00:00:00Z", 2),
        ["2026-02-02T09:00:00Z", "2026-02-09T09:00:00Z"]
    );
}

#[test]
fn the_schedule_of_the_talk_fires_every_minute() {
    assert_eq!(
        after("* * * * *", "2026-01-05T10:00:00Z", 2),
        ["2026-01-05T10:01:00Z", "2026-01-05T10:02:00Z"]
    );
}

#[test]
fn a_date_that_never_comes_has_no_tick() {
    assert!(after("0 0 31 2 *", "2026-01-01T00:00:00Z", 1).is_empty());
    assert_eq!(after("0 0 29 2 *", "2026-01-01T00:00:00Z", 1), ["2028-02-29T00:00:00Z"]);
}

#[test]
fn a_zone_prefix_moves_the_ticks() {
    assert_eq!(
        after("TZ=Europe/Vienna 0 9 * * *", "2026-01-05T00:00:00Z", 1),
        ["2026-01-05T08:00:00Z"]
    );
    assert_eq!(
        after("CRON_TZ=Asia/Tokyo @daily", "2026-01-05T00:00:00Z", 1),
        ["2026-01-05T15:00:00Z"]
    );
}

#[test]
fn a_skipped_local_time_does_not_fire_and_a_repeated_one_fires_twice() {
    // Vienna 2026: 02:00 -> 03:00 on 29 March, 03:00 -> 02:00 on 25 October.
    assert_eq!(
        after("TZ=Europe/Vienna 30 2 * * *", "2026-03-28T12:00:00Z", 1),
        ["2026-03-30T00:30:00Z"]
    );
    let twice = after("TZ=Europe/Vienna 30 2 * * *", "2026-10-24T12:00:00Z", 2);
    assert_eq!(twice, ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]);
}

#[test]
fn a_day_whose_midnight_is_skipped_still_counts() {
    // Beirut 2022-03-27: midnight does not exist, the day starts at 01:00.
    assert_eq!(
        after("TZ=Asia/Beirut 0 9 27 3 *", "2022-03-26T12:00:00Z", 1),
        ["2022-03-27T06:00:00Z"]
    );
}

proptest! {
    #[test]
    fn ticks_are_strictly_increasing_and_match_their_fields(
        second in 0..60_i8, minute in 0..60_i8, step in 1..12_u8, start in 0_i64..4_000_000_000,
        zone in prop::sample::select(vec!["UTC", "Europe/Vienna", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Beirut"]),
    ) {
        let cron: Cron = format!("TZ={zone} {second} {minute} */{step} * * *").parse().unwrap();
        let mut last = Timestamp::from_second(start).unwrap();
        for tick in cron.ticks(last, Timestamp::MAX, 20) {
            prop_assert!(tick > last);
            let local = tick.in_tz(zone).unwrap();
            prop_assert_eq!((local.second(), local.minute()), (second, minute));
            last = tick;
        }
    }
}
