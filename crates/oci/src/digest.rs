//! Content that is called by what it is: `sha256:` and a hash.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256, Sha512};

/// Which hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// What everybody uses.
    Sha256,
    /// What the specification registers besides.
    Sha512,
}

/// A hash and which one it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest {
    algorithm: Algorithm,
    hex: String,
}

/// Not a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a digest is sha256: and 64 digits, or sha512: and 128, from 0 to 9 and from a to f")]
pub struct BadDigest;

impl Algorithm {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }
}

impl FromStr for Digest {
    type Err = BadDigest;

    fn from_str(text: &str) -> Result<Self, BadDigest> {
        let (algorithm, hex) = text.split_once(':').ok_or(BadDigest)?;
        let (algorithm, length) = match algorithm {
            "sha256" => (Algorithm::Sha256, 64),
            "sha512" => (Algorithm::Sha512, 128),
            _ => return Err(BadDigest),
        };
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if hex.len() != length || !hex.bytes().all(is_hex) {
            return Err(BadDigest);
        }
        Ok(Self { algorithm, hex: hex.to_owned() })
    }
}

impl Digest {
    /// Of these bytes, as everybody does it.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        hasher.update(bytes);
        hasher.finish()
    }

    /// Which hash.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The digits.
    pub fn hex(&self) -> &str {
        &self.hex
    }

    /// Whether these bytes are what it calls.
    pub fn fits(&self, bytes: &[u8]) -> bool {
        let mut hasher = Hasher::new(self.algorithm);
        hasher.update(bytes);
        hasher.finish() == *self
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.as_str(), self.hex)
    }
}

/// A digest of what arrives piece by piece.
pub struct Hasher(State);

enum State {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Hasher {
    /// Of nothing yet.
    pub fn new(algorithm: Algorithm) -> Self {
        Self(match algorithm {
            Algorithm::Sha256 => State::Sha256(Sha256::new()),
            Algorithm::Sha512 => State::Sha512(Sha512::new()),
        })
    }

    /// Of these bytes too.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Sha256(hasher) => hasher.update(bytes),
            State::Sha512(hasher) => hasher.update(bytes),
        }
    }

    /// Of all of them.
    pub fn finish(self) -> Digest {
        let (algorithm, hash) = match self.0 {
            State::Sha256(hasher) => (Algorithm::Sha256, hasher.finalize().to_vec()),
            State::Sha512(hasher) => (Algorithm::Sha512, hasher.finalize().to_vec()),
        };
        let hex = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Digest { algorithm, hex }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_that_of_the_bytes() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").to_string(), empty);
        assert_eq!(empty.parse(), Ok(Digest::of(b"")));
        let mut hasher = Hasher::new(Algorithm::Sha512);
        hasher.update(b"ab");
        hasher.update(b"c");
        let long = hasher.finish();
        assert!(long.to_string().starts_with("sha512:ddaf35a193617abacc417349"));
        assert!(long.fits(b"abc") && !long.fits(b"abd"));
    }

    #[test]
    fn anything_else_is_none() {
        let hex = "0".repeat(64);
        for bad in [
            String::new(),
            hex.clone(),
            format!("sha256:{}", &hex[1..]),
            format!("sha256:{hex}0"),
            format!("sha256:{}A", &hex[1..]),
            format!("sha512:{hex}"),
            format!("md5:{hex}"),
            format!("sha256:{}/", &hex[1..]),
        ] {
            assert_eq!(bad.parse::<Digest>(), Err(BadDigest), "{bad}");
        }
    }
}
