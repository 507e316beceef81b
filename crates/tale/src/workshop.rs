//! What the attendees of a workshop are handed out: a sheet to cut into strips, and a kubeconfig
//! for each. All of it are secrets.

mod handout;
mod sheet;

pub use handout::{Handout, hand_out};

/// An attendee, and the way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attendee {
    /// The name, which is that of the namespace.
    pub name: String,
    /// The attendee's pod.
    pub pod: String,
    /// A bearer token.
    pub token: String,
    /// Until when it is valid (RFC 3339).
    pub valid_until: String,
    /// The kubeconfig.
    pub kubeconfig: String,
}
