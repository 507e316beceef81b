//! jemalloc, and what it says about memory.
//!
//! RSS alone cannot tell a leak from an allocator that keeps freed pages for later. Next to
//! jemalloc's own numbers it can: `allocated` rises only if the program holds more. jemalloc gives
//! freed pages back within about a second here, so that RSS falls when memory is freed; without a
//! background thread it would not, and a *fixed* leak would go on looking like one.

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntGauge, Registry};
use tikv_jemalloc_ctl::{epoch, epoch_mib, stats};

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

/// Registers jemalloc's statistics.
///
/// # Errors
/// If jemalloc is built without statistics or `registry` already holds a metric of one of these
/// names.
pub fn register(registry: &Registry) -> Result<(), prometheus::Error> {
    let collector = Jemalloc::new().map_err(|why| {
        prometheus::Error::Msg(format!("jemalloc's statistics cannot be read: {why}"))
    })?;
    registry.register(Box::new(collector))
}

/// Reads all statistics once per scrape.
struct Jemalloc {
    epoch: epoch_mib,
    statistics: [(IntGauge, Read); 5],
}

type Read = Box<dyn Fn() -> tikv_jemalloc_ctl::Result<usize> + Send + Sync>;

impl Jemalloc {
    fn new() -> Result<Self, Box<dyn std::error::Error>> {
        let (allocated, active) = (stats::allocated::mib()?, stats::active::mib()?);
        let (resident, mapped, retained) =
            (stats::resident::mib()?, stats::mapped::mib()?, stats::retained::mib()?);
        let gauge = |name, help, read: Read| IntGauge::new(name, help).map(|gauge| (gauge, read));
        Ok(Self {
            epoch: epoch::mib()?,
            statistics: [
                gauge(
                    "jemalloc_allocated_bytes",
                    "Bytes the program holds: rises only if it leaks or needs more.",
                    Box::new(move || allocated.read()),
                )?,
                gauge(
                    "jemalloc_active_bytes",
                    "Bytes in pages that hold at least one block.",
                    Box::new(move || active.read()),
                )?,
                gauge(
                    "jemalloc_resident_bytes",
                    "Bytes of jemalloc's pages in RAM.",
                    Box::new(move || resident.read()),
                )?,
                gauge(
                    "jemalloc_mapped_bytes",
                    "Bytes of jemalloc's address space in use.",
                    Box::new(move || mapped.read()),
                )?,
                gauge(
                    "jemalloc_retained_bytes",
                    "Bytes of address space kept for reuse, not in RAM.",
                    Box::new(move || retained.read()),
                )?,
            ],
        })
    }
}

impl Collector for Jemalloc {
    fn desc(&self) -> Vec<&Desc> {
        self.statistics.iter().flat_map(|(gauge, _)| gauge.desc()).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        // jemalloc's numbers are a snapshot that this renews (24 us); reading one of them is then
        // some 20 ns.
        let _ = self.epoch.advance();
        for (gauge, read) in &self.statistics {
            gauge.set(read().map_or(0, |bytes| bytes as i64));
        }
        self.statistics.iter().flat_map(|(gauge, _)| gauge.collect()).collect()
    }
}

/// Bytes the program holds right now, as jemalloc counts them: block sizes rounded up to jemalloc's
/// size classes.
pub fn allocated_bytes() -> usize {
    let _ = epoch::advance();
    stats::allocated::read().unwrap_or(0)
}

/// What must be finished before the service is dropped, so that the heap profile is written:
/// nothing for jemalloc.
pub(crate) struct Profiler;

impl Profiler {
    /// See `dhat.rs`.
    pub(crate) fn start() -> Self {
        Self
    }

    /// See `dhat.rs`.
    pub(crate) fn finish(self) {}
}
