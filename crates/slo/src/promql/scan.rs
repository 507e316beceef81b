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

/// Words that are never metrics: where an operand has to stand, they stand before it, or are a
/// number.
const NEVER_METRICS: [&str; 8] =
    ["bool", "on", "ignoring", "group_left", "group_right", "atan2", "inf", "nan"];
/// Words between two operands. Where an operand has to stand they are metrics, odd as it is:
/// Prometheus reads `or{a="b"}`, alone, as a metric named `or`.
const OPERATORS: [&str; 3] = ["and", "or", "unless"];
/// Words before a list of label names, which look like metrics.
const GROUPING: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];
const SYMBOLS: [char; 12] = ['(', ',', '+', '-', '*', '/', '%', '^', '=', '!', '<', '>'];

/// Finds selectors, ranges and time shifts.
pub(super) fn scan(text: &str) -> Result<Scan, WindowError> {
    let mut found = Scan::default();
    let mut at = 0;
    // True where an operand has to stand: at the start and behind an operator.
    let mut operand = true;
    let mut depth = 0usize;
    while at < text.len() {
        let rest = &text[at..];
        let c = rest.chars().next().ok_or(WindowError::Unbalanced)?;
        at += match c {
            c if c.is_whitespace() => c.len_utf8(),
            '#' => comment(rest),
            c if c.is_ascii_alphabetic() || c == '_' || c == ':' => {
                let word = Word::at(text, at);
                word.read(&mut found, &mut operand)?
            }
            c => {
                operand = SYMBOLS.contains(&c);
                depth = match c {
                    '(' => depth + 1,
                    ')' => depth.checked_sub(1).ok_or(WindowError::Unbalanced)?,
                    _ => depth,
                };
                symbol(rest, at, &mut found)?
            }
        };
    }
    match depth {
        0 => Ok(found),
        _ => Err(WindowError::Unbalanced),
    }
}

/// Handles what is neither blank nor a word at `at`; returns how far to go on.
fn symbol(rest: &str, at: usize, found: &mut Scan) -> Result<usize, WindowError> {
    match rest.chars().next().ok_or(WindowError::Unbalanced)? {
        '"' | '\'' | '`' => string(rest).ok_or(WindowError::Unbalanced),
        '@' => {
            found.has_shift = true;
            Ok(1)
        }
        '[' => {
            found.has_range = true;
            Ok(rest.find(']').ok_or(WindowError::Unbalanced)? + 1)
        }
        '{' => {
            let length = braces(rest).ok_or(WindowError::Unbalanced)?;
            found.selectors.push(at..at + length);
            Ok(length)
        }
        c if c.is_ascii_digit() => Ok(number(rest)),
        c => Ok(c.len_utf8()),
    }
}

/// An identifier, and what stands behind it.
struct Word<'a> {
    at: usize,
    length: usize,
    name: String,
    gap: usize,
    after: &'a str,
}

impl<'a> Word<'a> {
    fn at(text: &'a str, at: usize) -> Self {
        let rest = &text[at..];
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let after = rest[length..].trim_start();
        Self {
            at,
            length,
            name: rest[..length].to_ascii_lowercase(),
            gap: rest.len() - length - after.len(),
            after,
        }
    }

    /// Notes what the word is; returns how far to go on.
    fn read(&self, found: &mut Scan, operand: &mut bool) -> Result<usize, WindowError> {
        let name = self.name.as_str();
        let calls = self.after.starts_with('(');
        if GROUPING.contains(&name) && calls {
            let list = closing(self.after).ok_or(WindowError::Unbalanced)? + 1;
            return Ok(self.length + self.gap + list);
        }
        if OPERATORS.contains(&name) && !*operand {
            *operand = true;
            return Ok(self.length);
        }
        if name == "offset" && !*operand {
            found.has_shift = true;
            return Ok(self.length);
        }
        if NEVER_METRICS.contains(&name) || calls || self.aggregates() {
            *operand = !matches!(name, "inf" | "nan");
            return Ok(self.length);
        }
        *operand = false;
        let braces = if self.after.starts_with('{') {
            self.gap + braces(self.after).ok_or(WindowError::Unbalanced)?
        } else {
            0
        };
        let length = self.length + braces;
        found.selectors.push(self.at..self.at + length);
        Ok(length)
    }

    /// `sum by (...) (...)`: the list stands before the arguments.
    fn aggregates(&self) -> bool {
        ["by", "without"].iter().any(|word| {
            self.after.strip_prefix(word).is_some_and(|rest| rest.trim_start().starts_with('('))
        })
    }
}

/// The names in front of a parenthesis: functions, aggregations and words such as `by`, lower case.
pub(crate) fn called(text: &str) -> Vec<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        at += match c {
            '"' | '\'' | '`' => string(rest).unwrap_or(rest.len()),
            '#' => comment(rest).max(1),
            c if is_name(c) => {
                let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
                if rest[length..].trim_start().starts_with('(') {
                    found.push(rest[..length].to_ascii_lowercase());
                }
                length
            }
            c => c.len_utf8(),
        };
    }
    found
}

/// The text without comments: behind one, whatever is put around a query would be lost.
pub fn without_comments(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = match c {
            // A string without an end is reported elsewhere.
            '"' | '\'' | '`' => string(rest).unwrap_or(rest.len()),
            '#' => {
                at += comment(rest);
                continue;
            }
            c => c.len_utf8(),
        };
        kept.push_str(&rest[..length]);
        at += length;
    }
    kept
}

/// Length of the comment at the start: a carriage return ends it, too (Prometheus' lexer).
fn comment(rest: &str) -> usize {
    rest.find(['\n', '\r']).unwrap_or(rest.len())
}

/// Numbers and durations: `1e9`, `0x1f`, `5m`.
fn number(rest: &str) -> usize {
    rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(rest.len())
}

/// Length of the quoted string at the start.
pub(super) fn string(rest: &str) -> Option<usize> {
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
