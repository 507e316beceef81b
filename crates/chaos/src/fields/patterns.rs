//! DNS name patterns, matched byte for byte as Chaos Mesh's DNS server does.
//!
//! A pattern is compared with the *whole question name*, case-sensitively. That name ends in a dot
//! and may carry a search suffix (`o11y.default.svc.cluster.local.`), which is why `o11y.*` hits
//! what a bare `o11y` misses. `?` is any one byte, `*` is any rest and stands only at the end,
//! `[a-c]` and `[!a-c]` are classes of bytes.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Bounds of a list, so that a hostile document cannot keep the compiler busy.
const MAX_PATTERNS: usize = 1_000;
const MAX_LENGTH: usize = 1_024;

/// Compiled patterns of one DNSChaos; no patterns at all match every name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Patterns {
    sources: Vec<String>,
    compiled: Vec<Vec<Token>>,
}

/// Why the chaos DNS server would refuse the patterns (Chaos Mesh finds out only when it applies
/// the fault).
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PatternError {
    /// More patterns, or a longer one, than any list of DNS names needs.
    #[error(
        "patterns[{0}] goes beyond {MAX_PATTERNS} patterns of {MAX_LENGTH} bytes; a trailing `*` covers many names with one pattern"
    )]
    TooMany(usize),
    /// The pattern is an empty string.
    #[error("patterns[{0}] is empty; remove it, or remove `patterns` to match every name")]
    Empty(usize),
    /// `*` is followed by something.
    #[error(
        "patterns[{index}]: `{pattern}` has a `*` before its end; a `*` may only be the last character, so list the names one by one"
    )]
    InnerStar {
        /// Position in the list, from 0.
        index: usize,
        /// The pattern as written.
        pattern: String,
    },
    /// The same names are matched by an earlier pattern, with or without a trailing dot.
    #[error(
        "patterns[{index}]: `{pattern}` already exists (with or without its trailing dot); list it once"
    )]
    Duplicate {
        /// Position in the list, from 0.
        index: usize,
        /// The pattern as written.
        pattern: String,
    },
}

impl Patterns {
    /// Compiles a list of patterns.
    ///
    /// # Errors
    /// The first pattern that Chaos Mesh could not apply.
    pub fn compile<S: AsRef<str>>(sources: &[S]) -> Result<Self, PatternError> {
        let mut patterns = Self::default();
        for (index, source) in sources.iter().enumerate() {
            patterns.add(index, source.as_ref())?;
        }
        Ok(patterns)
    }

    /// Does a question for `name` (as on the wire, with its trailing dot) get the fault?
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.compiled.is_empty()
            || self.compiled.iter().any(|tokens| matches(tokens, name.as_bytes()))
    }

    /// The patterns as they were written.
    #[must_use]
    pub fn sources(&self) -> &[String] {
        &self.sources
    }

    fn add(&mut self, index: usize, source: &str) -> Result<(), PatternError> {
        if source.is_empty() {
            return Err(PatternError::Empty(index));
        }
        if index >= MAX_PATTERNS || source.len() > MAX_LENGTH {
            return Err(PatternError::TooMany(index));
        }
        let pattern = || source.to_owned();
        let mut forms = vec![
            tokens(source.as_bytes())
                .ok_or_else(|| PatternError::InnerStar { index, pattern: pattern() })?,
        ];
        // A pattern without a star stands for the name with and without its trailing dot.
        if !source.contains('*') {
            let mut dotted = forms[0].clone();
            dotted.push(Token::Byte(b'.'));
            forms.push(dotted);
        }
        for form in forms {
            if self.compiled.iter().any(|other| same(other, &form)) {
                return Err(PatternError::Duplicate { index, pattern: pattern() });
            }
            self.compiled.push(form);
        }
        self.sources.push(pattern());
        Ok(())
    }
}

impl fmt::Display for Patterns {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.sources.is_empty() {
            out.write_str("every name")
        } else {
            out.write_str(&self.sources.join(", "))
        }
    }
}

impl TryFrom<Vec<String>> for Patterns {
    type Error = PatternError;

    fn try_from(sources: Vec<String>) -> Result<Self, PatternError> {
        Self::compile(&sources)
    }
}

impl From<Patterns> for Vec<String> {
    fn from(patterns: Patterns) -> Self {
        patterns.sources
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Byte(u8),
    AnyByte,
    AnyRest,
    Class { not: bool, ranges: Vec<(u8, u8)> },
}

/// Cuts a pattern into tokens; `None` when something follows a `*`.
fn tokens(mut pattern: &[u8]) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    while let [first, rest @ ..] = pattern {
        pattern = rest;
        let token = match first {
            b'*' if rest.is_empty() => Token::AnyRest,
            b'*' => return None,
            b'?' => Token::AnyByte,
            // Without its closing bracket a `[` is an ordinary byte.
            b'[' => match rest.iter().position(|byte| *byte == b']') {
                Some(end) => {
                    pattern = &rest[end + 1..];
                    class(&rest[..end])
                }
                None => Token::Byte(b'['),
            },
            byte => Token::Byte(*byte),
        };
        tokens.push(token);
    }
    Some(tokens)
}

/// Reads what stands between `[` and `]`. `[]` matches nothing; `[!]` is an exclamation mark.
fn class(inner: &[u8]) -> Token {
    let (not, mut rest) = match inner {
        [b'!'] => (false, inner),
        [b'!', rest @ ..] => (true, rest),
        _ => (false, inner),
    };
    let mut ranges = Vec::new();
    loop {
        rest = match rest {
            [] => return Token::Class { not, ranges },
            [low, b'-', high, rest @ ..] => {
                ranges.push((*low, *high));
                rest
            }
            [byte, rest @ ..] => {
                ranges.push((*byte, *byte));
                rest
            }
        };
    }
}

fn matches(mut tokens: &[Token], mut name: &[u8]) -> bool {
    loop {
        match (tokens, name) {
            ([], []) | ([Token::AnyRest], _) => return true,
            ([token, later @ ..], [byte, rest @ ..]) if token.takes(*byte) => {
                (tokens, name) = (later, rest)
            }
            _ => return false,
        }
    }
}

impl Token {
    fn takes(&self, byte: u8) -> bool {
        match self {
            Self::Byte(own) => *own == byte,
            Self::AnyByte => true,
            Self::AnyRest => false,
            Self::Class { not, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&byte)) != *not
            }
        }
    }

    /// Two classes are the same when each range of one lies within a range of the other, and the
    /// reverse.
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Class { not, ranges }, Self::Class { not: other_not, ranges: others }) => {
                not == other_not && covers(ranges, others) && covers(others, ranges)
            }
            _ => self == other,
        }
    }
}

fn same(left: &[Token], right: &[Token]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.same(right))
}

fn covers(outer: &[(u8, u8)], inner: &[(u8, u8)]) -> bool {
    inner.iter().all(|(low, high)| outer.iter().any(|(from, to)| from <= low && high <= to))
}

#[cfg(test)]
mod tests;
