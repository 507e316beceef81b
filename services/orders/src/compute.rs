//! What an item costs, and what it costs to compute that: CPU time, the same on every machine.

use std::hint::black_box;
use std::num::NonZeroU16;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// CPU time of one unit of work. A number of computing rounds would take a fast laptop less time,
/// and the overload would not come.
const UNIT: Duration = Duration::from_micros(100);

/// Rounds of computing between two looks at the clock: some microseconds.
const ROUNDS: u32 = 1_000;

/// The price of an item, in cents, after so many units of work. It depends on the item only.
pub(crate) fn price(item: &str, units: NonZeroU16) -> u64 {
    compute(UNIT * u32::from(units.get()));
    cents(item)
}

/// Uses this much CPU time, however long that takes by the clock on the wall.
fn compute(cpu: Duration) {
    let end = thread_cpu_time() + cpu;
    while thread_cpu_time() < end {
        black_box((0..ROUNDS).fold(0, |hash, round| mix(black_box(hash ^ u64::from(round)))));
    }
}

/// CPU time that the calling thread has used.
fn thread_cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// A price between 1 and 100, in cents.
fn cents(item: &str) -> u64 {
    let hash =
        item.bytes().fold(0_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    100 + mix(hash) % 9_901
}

/// splitmix64's mixer.
fn mix(hash: u64) -> u64 {
    let hash = hash.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB)
}
