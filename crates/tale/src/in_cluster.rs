//! The other stage, where this program was built with it.

#[cfg(feature = "cluster")]
mod with;
#[cfg(not(feature = "cluster"))]
mod without;

#[cfg(feature = "cluster")]
pub use with::{attach, doctor, down, dry_run, fetch, fix, reset, start, workshop};
#[cfg(not(feature = "cluster"))]
pub use without::{attach, doctor, down, dry_run, fetch, fix, reset, start, workshop};

/// What `tale cluster fetch` is to fill.
pub struct Fetching {
    /// The folder.
    pub folder: images::bundle::Bundle,
    /// For which processors.
    pub architecture: String,
    /// Take what the tags mean today.
    pub anew: bool,
    /// Who is asked in place of a host.
    pub mirror: Vec<(String, String)>,
}
