//! The crate from the outside.

mod crds;
mod document;
mod snapshot;
