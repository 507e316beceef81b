//! What `tale doctor` looked at, and what it saw.

/// One thing that was looked at.
pub struct Finding {
    /// What it is.
    pub what: String,
    /// Whether a tale can be played with it as it is.
    pub ok: bool,
    /// What was found.
    pub found: String,
    /// The command that puts it right.
    pub remedy: String,
}
