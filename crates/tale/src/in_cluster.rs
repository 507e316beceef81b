//! The other stage, where this program was built with it.

#[cfg(feature = "cluster")]
mod with;
#[cfg(not(feature = "cluster"))]
mod without;

#[cfg(feature = "cluster")]
pub use with::{attach, doctor, down, dry_run, fix, reset, start, workshop};
#[cfg(not(feature = "cluster"))]
pub use without::{attach, doctor, down, dry_run, fix, reset, start, workshop};
