//! The allocator, what it says about memory, and who allocated what is held.
//!
//! A program has one allocator, and which one is the program's choice: the features `allocator`
//! (jemalloc) and `dhat-heap` replace the system's. A library should switch on neither.
//!
//! | file | one idea |
//! | --- | --- |
//! | `jemalloc.rs` | an allocator that gives memory back, and its statistics |
//! | `dhat.rs` | every block counted, at 15 times the cost |
//! | `profile.rs`, `symbols.rs`, `pprof.rs` | heap profiles with names, without loading debug information |
//! | `off.rs`, `profile_off.rs` | a build without the above |

#[cfg(feature = "dhat-heap")]
mod dhat;
#[cfg(all(feature = "allocator", not(feature = "dhat-heap")))]
mod jemalloc;
#[cfg(not(any(feature = "allocator", feature = "dhat-heap")))]
mod off;
#[cfg(all(feature = "profiles", not(feature = "dhat-heap")))]
mod pprof;
#[cfg(all(feature = "profiles", not(feature = "dhat-heap")))]
pub(crate) mod profile;
#[cfg(not(all(feature = "profiles", not(feature = "dhat-heap"))))]
#[path = "memory/profile_off.rs"]
pub(crate) mod profile;
#[cfg(all(feature = "profiles", not(feature = "dhat-heap")))]
mod symbols;

#[cfg(feature = "dhat-heap")]
use dhat as allocator;
#[cfg(all(feature = "allocator", not(feature = "dhat-heap")))]
use jemalloc as allocator;
#[cfg(not(any(feature = "allocator", feature = "dhat-heap")))]
use off as allocator;

pub(crate) use allocator::Profiler;
#[cfg(any(feature = "allocator", feature = "dhat-heap"))]
pub use allocator::allocated_bytes;
pub use allocator::register;
