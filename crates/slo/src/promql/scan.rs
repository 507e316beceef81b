//! Walks over PromQL, telling selectors from functions, keywords, labels and strings.

use std::ops::Range;

use super::WindowError;

/// What a query contains.
#[derive(Default)]
pub(super) struct Scan {
    pub(super) selectors: Vec<Range<usize>>,
    pub(super) has_range: bool,
    pub(super) has_shift: bool,
}

/// Words that are neither metrics nor functions.
const KEYWORDS: &[&str] = &[
    "and", "or", "unless", "atan2", "bool", "inf", "nan", "start", "end",
];
const GROUPING: &[&str] = &[
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
];

const OPERATORS: [char; 11] = ['(', ',', '+', '-', '*', '/', '%', '^', '=', '<', '>'];

/// Finds selectors, ranges and time shifts.
pub(super) fn scan(text: &str) -> Result<Scan, WindowError> {
    let mut found = Scan::default();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let c = rest.chars().next().ok_or(WindowError::Unbalanced)?;
        at += match c {
            '"' | '\'' | '`' => string(rest).ok_or(WindowError::Unbalanced)?,
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '@' => {
                found.has_shift = true;
                1
            }
            '[' => {
                found.has_range = true;
                rest.find(']').ok_or(WindowError::Unbalanced)? + 1
            }
            '{' => {
                let length = braces(rest).ok_or(WindowError::Unbalanced)?;
                found.selectors.push(at..at + length);
                length
            }
            c if c.is_ascii_alphabetic() || c == '_' || c == ':' => word(text, at, &mut found)?,
            c if c.is_ascii_digit() => number(rest),
            c => c.len_utf8(),
        };
    }
    Ok(found)
}

/// The text without comments: behind one, whatever is put around a query would be lost.
pub(crate) fn without_comments(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = match c {
            // A string without an end is somebody else's error.
            '"' | '\'' | '`' => string(rest).unwrap_or(rest.len()),
            '#' => {
                at += rest.find('\n').unwrap_or(rest.len());
                continue;
            }
            c => c.len_utf8(),
        };
        kept.push_str(&rest[..length]);
        at += length;
    }
    kept
}

/// Handles an identifier at `at`; returns how far to go on.
fn word(text: &str, at: usize, found: &mut Scan) -> Result<usize, WindowError> {
    let rest = &text[at..];
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
    let name = rest[..length].to_ascii_lowercase();
    let after = rest[length..].trim_start();
    let gap = rest.len() - length - after.len();
    if GROUPING.contains(&name.as_str()) {
        // The list behind it holds label names, which look like metrics.
        let list = if after.starts_with('(') {
            after.find(')').ok_or(WindowError::Unbalanced)? + 1
        } else {
            0
        };
        return Ok(length + gap + list);
    }
    if name == "offset" {
        found.has_shift = true;
        return Ok(length);
    }
    let aggregates = ["by", "without"].iter().any(|word| {
        after
            .strip_prefix(word)
            .is_some_and(|rest| rest.trim_start().starts_with('('))
    });
    // Where an operand has to stand, `or` is a metric, odd as it is.
    let operand = text[..at].trim_end().ends_with(OPERATORS);
    let keyword = KEYWORDS.contains(&name.as_str()) && !(operand && after.starts_with('{'));
    if keyword || after.starts_with('(') || aggregates {
        return Ok(length);
    }
    let braces = if after.starts_with('{') {
        gap + braces(after).ok_or(WindowError::Unbalanced)?
    } else {
        0
    };
    found.selectors.push(at..at + length + braces);
    Ok(length + braces)
}

/// Numbers and durations: `1e9`, `0x1f`, `5m`.
fn number(rest: &str) -> usize {
    rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.')
        .unwrap_or(rest.len())
}

/// Length of the quoted string at the start.
fn string(rest: &str) -> Option<usize> {
    let quote = rest.chars().next()?;
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote != '`' => escaped = true,
            c if c == quote => return Some(at + c.len_utf8()),
            _ => {}
        }
    }
    None
}

/// Length of the label matchers at the start.
fn braces(rest: &str) -> Option<usize> {
    let mut at = 1;
    loop {
        let tail = rest.get(at..)?;
        match tail.chars().next()? {
            '}' => return Some(at + 1),
            '"' | '\'' | '`' => at += string(tail)?,
            c => at += c.len_utf8(),
        }
    }
}

/// Position of the parenthesis that closes the one at the start.
pub(super) fn closing(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        match rest.chars().next()? {
            '"' | '\'' | '`' => at += string(rest)?,
            c => {
                depth = match c {
                    '(' => depth + 1,
                    ')' => depth.checked_sub(1)?,
                    _ => depth,
                };
                if depth == 0 {
                    return Some(at);
                }
                at += c.len_utf8();
            }
        }
    }
    None
}
