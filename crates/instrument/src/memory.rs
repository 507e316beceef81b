//! The allocator, what it says about memory, and who allocated what is held.
//!
//! A program has one allocator, and which one is the program's choice: the features `allocator`
//! (jemalloc) and `dhat-heap` replace the system's. A library should switch on neither.
//!
//! | file | one idea |
//! | --- | --- |
//! | `jemalloc.rs` | an allocator that gives memory back, and its statistics |
//! | `dhat.rs` | every block counted, at 15 times the cost |
//! | `profile.rs` and its folder | heap profiles with names, without loading debug information |
//! | `off.rs`, `profile_off.rs` | a build without the above |

#[cfg(feature = "dhat-heap")]
#[path = "memory/dhat.rs"]
mod allocator;
#[cfg(all(feature = "allocator", not(feature = "dhat-heap")))]
#[path = "memory/jemalloc.rs"]
mod allocator;
#[cfg(not(any(feature = "allocator", feature = "dhat-heap")))]
#[path = "memory/off.rs"]
mod allocator;

#[cfg(all(feature = "profiles", not(feature = "dhat-heap")))]
pub(crate) mod profile;
#[cfg(not(all(feature = "profiles", not(feature = "dhat-heap"))))]
#[path = "memory/profile_off.rs"]
pub(crate) mod profile;

#[cfg(feature = "dhat-heap")]
pub(crate) use allocator::Profiler;
#[cfg(any(feature = "allocator", feature = "dhat-heap"))]
pub use allocator::allocated_bytes;
pub use allocator::register;

/// What has to be finished before a service is dropped, so that its heap profile is written: only
/// dhat writes one.
#[cfg(not(feature = "dhat-heap"))]
pub(crate) struct Profiler;

#[cfg(not(feature = "dhat-heap"))]
impl Profiler {
    /// See `memory/dhat.rs`.
    pub(crate) fn start() -> Self {
        Self
    }

    /// See `memory/dhat.rs`.
    pub(crate) fn finish(self) {}
}
