//! A way to one port of a pod from outside of the stage.

use std::any::Any;
use std::fmt;

/// Where every service answers those who operate it.
pub const ADMIN_PORT: u16 = 9000;

/// A way to a pod's admin port. It is open as long as this lives.
pub struct Door {
    /// The pod.
    pub pod: String,
    /// Where it is reached from this machine.
    pub url: String,
    /// What keeps it open, where something has to.
    pub held_by: Option<Box<dyn Any + Send + Sync>>,
}

impl fmt::Debug for Door {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} at {}", self.pod, self.url)
    }
}
