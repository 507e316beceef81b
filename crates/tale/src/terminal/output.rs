//! Standard output and standard error, which may be pipes whose readers have left.

use std::io::{Write, stderr, stdout};

use super::width::harmless_lines;

/// Writes text that was asked for to standard output, and ends its last line. Empty text writes
/// nothing.
pub fn print(text: &str) {
    let text = text.trim_end();
    if !text.is_empty() {
        let _ = writeln!(stdout(), "{text}");
    }
}

/// Writes lines that stand beside what was asked for to standard error. They may quote what came
/// from outside, and do to a terminal nothing but show it.
pub fn note(text: &str) {
    let _ = writeln!(stderr(), "{}", harmless_lines(text));
}

/// An error with its causes, each said once: many an error already says what its cause says.
pub fn told(why: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in why.chain() {
        let cause = cause.to_string();
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn a_cause_is_said_once() {
        let twice = anyhow!("no room").context("cannot write x: no room").context("the report");
        assert_eq!(told(&twice), "the report: cannot write x: no room");
        assert_eq!(told(&anyhow!("alone")), "alone");
    }
}
