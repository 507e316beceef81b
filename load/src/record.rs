//! What happened: how requests ended, when, and how many there were.

mod counts;
mod outcome;
mod recorder;
mod shared;
mod values;

pub use outcome::Outcome;
pub use recorder::Summary;

pub(crate) use counts::Counts;
pub(crate) use recorder::Recorder;
pub(crate) use shared::{MERGE_EVERY, Shared};
