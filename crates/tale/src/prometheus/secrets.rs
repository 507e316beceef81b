//! What must not be printed, and the text without it.

use std::fmt;

/// Passwords, tokens and values of headers. Reports go to merge requests and artifacts, where
/// others read them.
#[derive(Clone, Default)]
pub(super) struct Secrets(Vec<String>);

/// Shorter ones would blank out half a sentence.
const SHORTEST: usize = 3;

impl Secrets {
    pub(super) fn add(&mut self, secret: &str) {
        let secret = secret.trim();
        if secret.len() >= SHORTEST && !self.0.iter().any(|known| known == secret) {
            self.0.push(secret.to_owned());
            // A secret that holds another one goes first.
            self.0.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        }
    }

    /// The text with each secret blanked out, whoever put it there.
    pub(super) fn hidden(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} secrets", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_repeats_a_secret_does_not_show_it() {
        let mut secrets = Secrets::default();
        for secret in ["s3cret", "s3cret-longer", "a", ""] {
            secrets.add(secret);
        }
        assert_eq!(secrets.hidden("a s3cret-longer b s3cret c"), "a *** b *** c");
        assert_eq!(format!("{secrets:?}"), "2 secrets");
    }
}
