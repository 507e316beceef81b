//! jemalloc, and what it says about memory.
//!
//! RSS alone cannot tell a leak from an allocator that keeps freed pages for later. Next to
//! jemalloc's own numbers it can: `allocated` rises only if the program holds more. jemalloc gives
//! freed pages back within about a second here, so that RSS falls when memory is freed; without a
//! background thread it would not, and a *fixed* leak would go on looking like one.

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntGauge, Registry};
use tikv_jemalloc_ctl::{epoch, stats};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// jemalloc's options, which it reads from this symbol before `main`; the variable `MALLOC_CONF`
/// overrides them. `background_thread` returns freed pages even while the program is idle;
/// `dirty_decay_ms` after a second; `muzzy_decay_ms:0` returns them for good rather than lazily,
/// which RSS would not show. `prof` makes heap profiling possible, `prof_active:false` leaves it
/// off until asked for: on, it costs a tenth of the CPU per request. 2^19 bytes between samples is
/// jemalloc's default.
#[allow(
    unsafe_code,
    reason = "exporting a symbol under a fixed name is how jemalloc is configured at build time"
)]
#[unsafe(export_name = "malloc_conf")]
pub(crate) static MALLOC_CONF: &[u8; 99] =
    b"background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0,prof:true,prof_active:false,narenas:2\0\0";

/// Name, help and source of a statistic.
type Statistic = (&'static str, &'static str, Read);

type Read = fn() -> tikv_jemalloc_ctl::Result<usize>;

const STATISTICS: [Statistic; 5] = [
    (
        "jemalloc_allocated_bytes",
        "Bytes the program holds: rises only if it leaks or needs more.",
        stats::allocated::read,
    ),
    ("jemalloc_active_bytes", "Bytes in pages that hold at least one block.", stats::active::read),
    ("jemalloc_resident_bytes", "Bytes of jemalloc's pages in RAM.", stats::resident::read),
    ("jemalloc_mapped_bytes", "Bytes of jemalloc's address space in use.", stats::mapped::read),
    (
        "jemalloc_retained_bytes",
        "Bytes of address space kept for reuse, not in RAM.",
        stats::retained::read,
    ),
];

/// Registers jemalloc's statistics.
///
/// # Errors
/// If jemalloc is built without statistics or `registry` already holds a metric of one of these
/// names.
pub fn register(registry: &Registry) -> Result<(), prometheus::Error> {
    let mut gauges = Vec::new();
    for (name, help, read) in STATISTICS {
        read().map_err(|why| prometheus::Error::Msg(format!("{name} cannot be read: {why}")))?;
        gauges.push((IntGauge::new(name, help)?, read));
    }
    registry.register(Box::new(Jemalloc(gauges)))
}

/// Reads all statistics once per scrape.
struct Jemalloc(Vec<(IntGauge, Read)>);

impl Collector for Jemalloc {
    fn desc(&self) -> Vec<&Desc> {
        self.0.iter().flat_map(|(gauge, _)| gauge.desc()).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        // jemalloc's numbers are a snapshot that this renews, in 24 us; reading one of them then
        // takes less than 0.1 us.
        let _ = epoch::advance();
        for (gauge, read) in &self.0 {
            gauge.set(read().map_or(0, |bytes| bytes as i64));
        }
        self.0.iter().flat_map(|(gauge, _)| gauge.collect()).collect()
    }
}

/// Bytes the program holds right now, as jemalloc counts them: block sizes rounded up to jemalloc's
/// size classes.
pub fn allocated_bytes() -> usize {
    let _ = epoch::advance();
    stats::allocated::read().unwrap_or(0)
}
