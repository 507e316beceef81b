//! What a HEAD says of a manifest: everything but itself.

use instrument::client::Answer;
use oci::{Digest, Reference};

use crate::repositories::Stored;

/// What a HEAD says of a manifest.
pub struct Seen {
    /// What it is.
    pub digest: Digest,
    /// Its Content-Type.
    pub media_type: String,
    /// Its bytes.
    pub size: usize,
}

impl Seen {
    /// Of what is here.
    pub fn of(stored: &Stored) -> Self {
        let (digest, media_type) = (stored.digest.clone(), stored.media_type.clone());
        Self { digest, media_type, size: stored.bytes.len() }
    }

    /// Of what somebody else says; none if it is not enough.
    pub fn read(answer: &Answer, reference: &Reference) -> Option<Self> {
        let digest = match (answer.header("docker-content-digest"), reference) {
            (Some(digest), _) => digest.parse().ok()?,
            (None, Reference::Digest(digest)) => digest.clone(),
            (None, Reference::Tag(_)) => return None,
        };
        let media_type = answer.header("content-type")?.to_owned();
        Some(Self { digest, media_type, size: answer.header("content-length")?.parse().ok()? })
    }
}
