//! What a stage had to change in a document before it could be played there.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One field of one document that a stage changed, and why. Nothing else differs from the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Adaptation {
    /// `Kind/name`.
    pub object: String,
    /// The field, as a path.
    pub field: String,
    /// What the file says; empty where it says nothing.
    pub was: String,
    /// What the stage has instead; empty where it leaves the field out.
    pub now: String,
    /// Why, in a few words.
    pub why: String,
}

impl fmt::Display for Adaptation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { object, field, was, now, why } = self;
        let shown = |text: &str| if text.is_empty() { "nothing" } else { text }.to_owned();
        write!(out, "{object}: {field}: {} -> {} ({why})", shown(was), shown(now))
    }
}
