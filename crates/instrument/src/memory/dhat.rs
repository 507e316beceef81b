//! The allocator of `--features dhat-heap`: every block is counted, with its call stack, at about
//! 15 times the cost.
//!
//! On exit the program writes `dhat-heap.json`, to be opened in the viewer at
//! <https://nnethercote.github.io/dh_view/dh_view.html>. dhat and jemalloc exclude each other,
//! since a program has one allocator; this one wins if both features are on.

use prometheus::Registry;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// Counts from its start; the file is written when it is finished.
pub(crate) struct Profiler(dhat::Profiler);

impl Profiler {
    pub(crate) fn start() -> Self {
        Self(dhat::Profiler::new_heap())
    }

    pub(crate) fn finish(self) {
        drop(self.0);
    }
}

/// Nothing to register: dhat writes a file at the end instead.
///
/// # Errors
/// None in this build.
pub fn register(_: &Registry) -> Result<(), prometheus::Error> {
    Ok(())
}

/// Bytes the program holds right now, as dhat counts them: exactly what was asked for. Needs a
/// running profiler.
pub fn allocated_bytes() -> usize {
    dhat::HeapStats::get().curr_bytes
}
