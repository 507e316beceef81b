//! What repositories and tags may be called.
//!
//! *Lesson: check what a thing may be, not what it must not be.* A name becomes a path. Nothing
//! here looks for `..`; the grammar has no room for it.

use std::fmt;
use std::str::FromStr;

use crate::digest::Digest;

/// Longest name of a repository, in bytes; with a host before it, clients allow 255.
const MAX_NAME: usize = 255;
/// Longest tag.
const MAX_TAG: usize = 128;

/// A repository: `library/shop`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(String);

/// A tag: `v2`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(String);

/// What a manifest is asked for by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// What it is called today.
    Tag(Tag),
    /// What it is.
    Digest(Digest),
}

/// Why a text is none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Not a repository's.
    #[error(
        "a repository is called by lower case letters and digits, with single . _ - or / between them"
    )]
    Name,
    /// Neither a tag nor a digest.
    #[error("a tag has up to 128 letters, digits, _ . and -, and begins with none of the last two")]
    Tag,
}

impl FromStr for Name {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let fits = text.len() <= MAX_NAME && text.split('/').all(is_component);
        if fits { Ok(Self(text.to_owned())) } else { Err(BadName::Name) }
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_component(text: &str) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends = bytes.first().is_some_and(is_word) && bytes.last().is_some_and(is_word);
    let mut between = bytes.split(is_word).filter(|separator| !separator.is_empty());
    ends && between.all(|separator| match separator {
        b"." | b"_" | b"__" => true,
        other => other.iter().all(|byte| *byte == b'-'),
    })
}

impl FromStr for Tag {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let starts = text.bytes().next().is_some_and(is_word);
        let fits = text.bytes().all(|byte| is_word(byte) || byte == b'.' || byte == b'-');
        if starts && fits && text.len() <= MAX_TAG {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadName::Tag)
        }
    }
}

impl FromStr for Reference {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        match text.parse() {
            Ok(digest) => Ok(Self::Digest(digest)),
            Err(_) => Ok(Self::Tag(text.parse()?)),
        }
    }
}

impl Name {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Tag {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::proptest;

    use super::*;

    #[test]
    fn names_are_those_of_the_specification() {
        for good in ["a", "shop", "library/shop", "a/b/c", "a.b_c__d-e---f/0", &"a".repeat(255)] {
            assert!(good.parse::<Name>().is_ok(), "{good}");
        }
        let long = "a".repeat(256);
        for bad in [
            "", "/", "a/", "/a", "a//b", "A", "..", ".", "a/../b", "a/./b", "_tags", "a_", "a...b",
            "a___b", "a.-b", "a b", "a\0b", "ä", "a%2fb", "a:b", &long,
        ] {
            assert_eq!(bad.parse::<Name>(), Err(BadName::Name), "{bad}");
        }
    }

    #[test]
    fn tags_are_those_of_the_specification() {
        for good in ["v2", "_", "1.0-rc.1", "LATEST", &"a".repeat(128)] {
            assert!(good.parse::<Tag>().is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "-a", ".a", "a/b", "a b", "a:b", "ä", &"a".repeat(129)] {
            assert_eq!(bad.parse::<Tag>(), Err(BadName::Tag), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_a_name_is_a_path_that_stays_where_it_is(text in "\\PC*|[a-z./_-]{0,12}") {
            if let Ok(name) = text.parse::<Name>() {
                let path = std::path::Path::new(name.as_str());
                let plain = |part| matches!(part, std::path::Component::Normal(_));
                assert!(path.components().all(plain));
                assert!(name.as_str().split('/').all(|part| !part.starts_with(['_', '.'])));
            }
        }
    }
}
