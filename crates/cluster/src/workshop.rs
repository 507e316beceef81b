//! A workshop: for each attendee a namespace, rights that end there, a quota, and one pod with the
//! whole local stage and a shell. Nothing is shared, and nothing needs a privilege.
//!
//! What belongs to a workshop carries its label, and lies in namespaces that carry it: whoever made
//! them and however that one ended, [`down`] finds them. Start at [`Workshop`]; [`objects`] is what
//! an attendee gets.

mod access;
mod bring;
mod list;
mod names;
pub mod objects;
mod remove;

use std::time::Duration;

pub use access::Server;
pub use bring::{Brought, up};
pub use list::{Row, list};
pub use names::{WorkshopName, attendee};
pub use remove::down;

/// The label of a workshop's namespaces, and of all that lies in them: the workshop's name.
pub const WORKSHOP: &str = "tales.dev/workshop";

/// How a workshop is to be.
#[derive(Debug, Clone)]
pub struct Workshop {
    /// Its name, with which those of its namespaces begin.
    pub name: WorkshopName,
    /// For how many.
    pub attendees: usize,
    /// The image of the stage; none leaves those who are there with what they have.
    pub image: String,
    /// Whether pods that are there change to this image, which ends what runs in them.
    pub replace: bool,
    /// For how long an attendee's token is asked for.
    pub valid: Duration,
    /// How long all pods together may take to come up.
    pub within: Duration,
}

/// What is known of the work under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Namespaces, rights and quotas are applied.
    Apply,
    /// Pods come up.
    Pods,
}

/// Called with the phase of the work, and how many attendees have reached its end.
pub type Progress<'p> = &'p (dyn Fn(Phase, usize) + Sync);

/// What an attendee needs to get in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attendee {
    /// The name, which is that of the namespace.
    pub name: String,
    /// A bearer token.
    pub token: String,
    /// Until when it is valid, as the API server says (RFC 3339).
    pub valid_until: String,
    /// A kubeconfig with that token and this namespace.
    pub kubeconfig: String,
}
