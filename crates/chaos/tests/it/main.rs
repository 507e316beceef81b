//! The crate from the outside.

mod crds;
mod snapshot;
