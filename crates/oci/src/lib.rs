//! What registries and their clients agree on: names, digests, challenges, limits.
//!
//! Pure: no network, no clock, no files. The README has the table.

pub mod challenge;
pub mod digest;
pub mod manifest;
pub mod name;
pub mod ratelimit;

pub use digest::{Digest, Hasher};
pub use name::{Name, Reference, Tag};
