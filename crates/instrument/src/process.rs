//! What the kernel knows about this process: CPU, memory, threads, file descriptors.
//!
//! The `prometheus` crate has a process collector, but it reports CPU in whole seconds: over a
//! ten-second window that is noise. The process clock counts nanoseconds.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Counter, Gauge, IntGauge, Registry};
use rustix::time::{ClockId, clock_gettime};

/// Reads everything once per scrape, in one go.
struct Process {
    cpu: Counter,
    resident: IntGauge,
    virtual_size: IntGauge,
    threads: IntGauge,
    open_fds: IntGauge,
    max_fds: IntGauge,
    start: Gauge,
}

/// Registers these metrics, which are read once per scrape.
///
/// # Errors
/// If `registry` already holds a metric of one of these names.
pub fn register(registry: &Registry) -> Result<(), prometheus::Error> {
    let process = Process {
        cpu: Counter::new(
            "process_cpu_seconds_total",
            "CPU time this process has used, in seconds.",
        )?,
        resident: IntGauge::new("process_resident_memory_bytes", "Memory in RAM (RSS), in bytes.")?,
        virtual_size: IntGauge::new(
            "process_virtual_memory_bytes",
            "Memory mapped, in RAM or not, in bytes.",
        )?,
        threads: IntGauge::new("process_threads", "Operating system threads.")?,
        open_fds: IntGauge::new("process_open_fds", "Open file descriptors, sockets included.")?,
        max_fds: IntGauge::new(
            "process_max_fds",
            "File descriptors this process may open (soft limit).",
        )?,
        start: Gauge::new(
            "process_start_time_seconds",
            "Start of the process, in seconds since 1970.",
        )?,
    };
    process.start.set(now_seconds() - age_seconds().unwrap_or(0.0));
    registry.register(Box::new(process))
}

impl Process {
    fn metrics(&self) -> [&dyn Collector; 7] {
        [
            &self.cpu,
            &self.resident,
            &self.virtual_size,
            &self.threads,
            &self.open_fds,
            &self.max_fds,
            &self.start,
        ]
    }
}

impl Collector for Process {
    fn desc(&self) -> Vec<&Desc> {
        self.metrics().into_iter().flat_map(Collector::desc).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        // A counter can only be increased, so it gets the difference. Scrapes come one after
        // another: the admin server has a single thread.
        self.cpu.inc_by((cpu_seconds() - self.cpu.get()).max(0.0));
        if let Some(stat) = Stat::read() {
            let page = rustix::param::page_size() as i64;
            self.resident.set(stat.field(24).unwrap_or(0) * page);
            self.virtual_size.set(stat.field(23).unwrap_or(0));
            self.threads.set(stat.field(20).unwrap_or(0));
        }
        self.open_fds.set(open_fds());
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        self.max_fds.set(limit.current.map_or(i64::MAX, |fds| fds as i64));
        self.metrics().into_iter().flat_map(Collector::collect).collect()
    }
}

/// CPU time of all threads of this process, in seconds.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// `/proc/self/stat`, whose fields are numbered from 1 in proc(5).
struct Stat(String);

impl Stat {
    fn read() -> Option<Self> {
        fs::read_to_string("/proc/self/stat").ok().map(Self)
    }

    /// Field 2 is the program's name in brackets and may contain blanks, so counting starts behind
    /// the last bracket.
    fn field(&self, number: usize) -> Option<i64> {
        let (_, rest) = self.0.rsplit_once(')')?;
        rest.split_ascii_whitespace().nth(number - 3)?.parse().ok()
    }
}

/// On Linux 6.2 and later the size of the folder is the number; older kernels have to list it.
fn open_fds() -> i64 {
    match fs::metadata("/proc/self/fd").map(|folder| folder.len()) {
        Ok(count) if count > 0 => count as i64,
        _ => fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as i64 - 1),
    }
}

/// Field 22 is the start in clock ticks since boot.
fn age_seconds() -> Option<f64> {
    let ticks = Stat::read()?.field(22)? as f64;
    let uptime = clock_gettime(ClockId::Boottime);
    let uptime = uptime.tv_sec as f64 + uptime.tv_nsec as f64 / 1e9;
    Some(uptime - ticks / rustix::param::clock_ticks_per_second() as f64)
}

fn now_seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
