//! The exact bytes that a failed lookup leaks, per kind, as the allocator counts them.
//!
//! Run twice: by default jemalloc counts (to 2 %), with `--features dhat-heap` dhat does (to the
//! byte). Both are held to the same numbers, so they agree with each other too. One test, because
//! two at once would count each other's memory.
#![allow(clippy::unwrap_used, reason = "a test has nobody to return an error to")]

use dns_leaker::leak::{Kind, Leak};
use dns_leaker::metrics::Metrics;
use instrument::faults::Faults;
use instrument::memory::allocated_bytes;
use prometheus::Registry;
use rocket::tokio::task::yield_now;
use rocket::tokio::time::{Duration, timeout};

const LOOKUPS: usize = 1000;
/// A size class of jemalloc, so that rounding up adds nothing.
const BYTES: usize = 10 * 1024;

/// What a kind adds to each buffer, in bytes: `exact` or at most so many.
struct Overhead {
    kind: Kind,
    at_most: usize,
    after_off: After,
}

#[derive(PartialEq)]
enum After {
    Stays,
    Falls,
}

#[rocket::async_test]
async fn each_failed_lookup_leaks_exactly_the_bytes_configured() {
    #[cfg(feature = "dhat-heap")]
    let _profiler = dhat::Profiler::builder().testing().build();
    let registry = Registry::new();
    let metrics = Metrics::register(&registry, 1 << 30).unwrap();
    let leak = Leak::new(1 << 30, metrics, Faults::register(&registry).unwrap());

    let expected = LOOKUPS * BYTES;
    // jemalloc's statistics lag by what threads keep in their caches; dhat counts every block, also
    // the few of the test harness: less than one byte per lookup.
    let slack = if cfg!(feature = "dhat-heap") { LOOKUPS - 1 } else { expected / 50 };
    let off = grows_by(&leak, Kind::Off);
    assert!(off <= slack, "the fixed code leaks nothing: {off}");
    for Overhead { kind, at_most, after_off } in [
        Overhead { kind: Kind::Forget, at_most: 0, after_off: After::Stays },
        // The node around the buffer: two counts, the pointer to itself and the buffer's.
        Overhead { kind: Kind::Cycle, at_most: 64, after_off: After::Stays },
        // A share of the map's nodes.
        Overhead { kind: Kind::Hoard, at_most: 96, after_off: After::Falls },
        // The task.
        Overhead { kind: Kind::Task, at_most: 640, after_off: After::Falls },
    ] {
        let before = allocated_bytes();
        let grown = grows_by(&leak, kind);
        println!("{kind:?}: {} bytes per failed lookup", grown as f64 / LOOKUPS as f64);
        assert!(grown + slack >= expected, "{kind:?}: {grown} of {expected}");
        let most = expected + LOOKUPS * at_most + slack;
        assert!(grown <= most, "{kind:?}: {grown}, at most {most}");

        leak.switch(Kind::Off, BYTES).unwrap();
        let left = || allocated_bytes().saturating_sub(before);
        match after_off {
            After::Stays => {
                assert!(left() + slack >= expected, "{kind:?} gave back: {} left", left())
            }
            // Aborted tasks are dropped by the threads that ran them, in their own time.
            After::Falls => {
                let freed = async {
                    while left() >= expected / 20 {
                        yield_now().await;
                    }
                };
                let in_time = timeout(Duration::from_secs(20), freed).await;
                assert!(in_time.is_ok(), "{kind:?} kept {}", left());
            }
        }
    }
}

fn grows_by(leak: &Leak, kind: Kind) -> usize {
    leak.switch(kind, BYTES).unwrap();
    let before = allocated_bytes();
    (0..LOOKUPS).for_each(|_| leak.lookup_failed());
    allocated_bytes().saturating_sub(before)
}
