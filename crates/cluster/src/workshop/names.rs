//! What workshops and attendees are called.

use std::fmt;
use std::str::FromStr;

/// The longest name of a workshop: with its number it has to fit into a DNS label.
const LONGEST: usize = 50;

/// A workshop's name, which can begin the name of a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkshopName(String);

impl FromStr for WorkshopName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let fits = text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(|byte| letter(byte) || byte == b'-')
            && !text.ends_with('-')
            && text.len() <= LONGEST;
        if fits {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "`{text}` cannot begin the name of a namespace; use at most {LONGEST} lower-case letters, digits and `-`, a letter first, e.g. monday"
        ))
    }
}

impl fmt::Display for WorkshopName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The namespace of an attendee; the first one is number 1.
pub fn attendee(workshop: &WorkshopName, number: usize) -> String {
    format!("{workshop}-{number:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_cannot_be_a_namespace_is_refused_with_the_rule() {
        for wrong in ["", "Monday", "1st", "a-", "a.b", &"a".repeat(51)] {
            let why = wrong.parse::<WorkshopName>().unwrap_err();
            assert!(why.contains("lower-case"), "{why}");
        }
        let name: WorkshopName = "kubecon-2".parse().unwrap();
        assert_eq!(attendee(&name, 7), "kubecon-2-07");
        assert_eq!(attendee(&name, 107), "kubecon-2-107");
    }
}
