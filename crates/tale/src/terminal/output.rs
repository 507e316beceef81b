//! Standard output and standard error, which may be pipes whose readers have left.

use std::io::{Write, stderr, stdout};

/// Writes text that was asked for to standard output, and ends its last line. Empty text writes
/// nothing.
pub fn print(text: &str) {
    let text = text.trim_end();
    if !text.is_empty() {
        let _ = writeln!(stdout(), "{text}");
    }
}

/// Writes a line that stands beside what was asked for to standard error.
pub fn note(text: &str) {
    let _ = writeln!(stderr(), "{text}");
}
