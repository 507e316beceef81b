//! Serial numbers that are Unix time, and what comes after one (RFC 1982).
//!
//! *Lesson: a serial is a point on a circle.* Of two, that one is newer which is less than half the
//! circle ahead. A serial from next year is newer than each of this year's: whoever has taken it
//! stays there, and the way back leads around. Next: the service's `primary.rs`,
//! which asks for the next one.

use std::time::{SystemTime, UNIX_EPOCH};

use domain::base::Serial;

/// The longest step forward: half the circle, less one.
pub const LONGEST_STEP: u32 = (1 << 31) - 1;

/// Now, as a serial has it: seconds, until 2106.
pub fn now() -> u32 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u32::try_from(since.as_secs() & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}

/// Whether `one` is newer than `other`. Exactly half the circle apart neither is.
pub fn is_newer(one: u32, other: u32) -> bool {
    Serial(one) > Serial(other)
}

/// The serial after `last`: now, or one more where the clock has not passed it, as after two
/// changes within a second. Knot calls it `serial-policy: unixtime`.
pub fn after(last: Option<u32>, now: u32) -> u32 {
    match last {
        Some(last) if !is_newer(now, last) => last.wrapping_add(1),
        _ => now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_serial_is_now_or_one_more() {
        assert_eq!(after(None, 1000), 1000);
        assert_eq!(after(Some(900), 1000), 1000);
        assert_eq!(after(Some(1000), 1000), 1001);
        assert_eq!(after(Some(5000), 1000), 5001, "from the future there is no way back");
    }

    #[test]
    fn newer_is_less_than_half_the_circle_ahead() {
        assert!(is_newer(1, u32::MAX));
        assert!(is_newer(LONGEST_STEP, 0) && !is_newer(0, LONGEST_STEP));
        assert!(!is_newer(1 << 31, 0) && !is_newer(0, 1 << 31));
    }

    #[test]
    fn two_steps_lead_back_from_the_future() {
        let (ahead, wanted) = (1_000_000 + 365 * 86_400, 1_000_000);
        let between = ahead + LONGEST_STEP;
        assert!(!is_newer(wanted, ahead));
        assert!(is_newer(between, ahead) && is_newer(wanted, between));
    }
}
