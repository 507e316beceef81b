//! What a path asks for. A repository's name has slashes in it, so paths are read from their end.

use oci::{Digest, Name, Reference};
use rocket::http::uri::Segments;
use rocket::http::uri::fmt::Path;
use rocket::request::FromSegments;

use crate::refusal::{Code, Refusal};

/// What is asked for, below `/v2/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nothing: whether this is a registry.
    Version,
    /// A manifest.
    Manifest(Name, Reference),
    /// A blob.
    Blob(Name, Digest),
    /// A new upload.
    NewUpload(Name),
    /// An upload that has begun.
    Upload(Name, String),
    /// A repository's tags.
    Tags(Name),
    /// What refers to a manifest.
    Referrers(Name, Digest),
}

/// A path, not read yet.
pub struct Below<'r>(Vec<&'r str>);

impl<'r> FromSegments<'r> for Below<'r> {
    type Error = std::convert::Infallible;

    fn from_segments(segments: Segments<'r, Path>) -> Result<Self, Self::Error> {
        Ok(Self(segments.filter(|segment| !segment.is_empty()).collect()))
    }
}

impl Below<'_> {
    /// Reads it.
    ///
    /// # Errors
    /// It is nothing that there is, or something in it has no such name.
    pub fn read(&self) -> Result<Asked, Refusal> {
        let invalid =
            |why: &dyn std::fmt::Display| Refusal::bad(Code::NameInvalid, why.to_string());
        let name = |parts: &[&str]| parts.join("/").parse::<Name>().map_err(|why| invalid(&why));
        let digest = |text: &str| {
            text.parse::<Digest>().map_err(|why| Refusal::bad(Code::DigestInvalid, why.to_string()))
        };
        match self.0.as_slice() {
            [] => Ok(Asked::Version),
            [of @ .., "tags", "list"] => Ok(Asked::Tags(name(of)?)),
            [of @ .., "blobs", "uploads"] => Ok(Asked::NewUpload(name(of)?)),
            [of @ .., "blobs", "uploads", id] => Ok(Asked::Upload(name(of)?, (*id).to_owned())),
            [of @ .., "blobs", text] => Ok(Asked::Blob(name(of)?, digest(text)?)),
            [of @ .., "referrers", text] => Ok(Asked::Referrers(name(of)?, digest(text)?)),
            [of @ .., "manifests", text] => {
                let name = name(of)?;
                let reference = text.parse::<Reference>().map_err(|why| {
                    let code = if text.contains(':') {
                        Code::DigestInvalid
                    } else {
                        Code::ManifestInvalid
                    };
                    Refusal::bad(code, why.to_string())
                })?;
                Ok(Asked::Manifest(name, reference))
            }
            _ => Err(Refusal::not_found(Code::Unsupported, "this path")),
        }
    }
}

impl Asked {
    /// The repository.
    pub fn name(&self) -> Option<&Name> {
        match self {
            Self::Version => None,
            Self::Manifest(name, _)
            | Self::Blob(name, _)
            | Self::NewUpload(name)
            | Self::Upload(name, _)
            | Self::Tags(name)
            | Self::Referrers(name, _) => Some(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_from_their_end() {
        let read = |path: &'static str| Below(path.split('/').collect()).read();
        let digest = format!("sha256:{}", "0".repeat(64));
        let name: Name = "a/tags/blobs".parse().unwrap();
        let asked = read("a/tags/blobs/manifests/list").unwrap();
        assert_eq!(asked, Asked::Manifest(name.clone(), "list".parse().unwrap()));
        assert_eq!(read("a/tags/blobs/tags/list").unwrap(), Asked::Tags(name.clone()));
        assert_eq!(read("a/tags/blobs/blobs/uploads").unwrap(), Asked::NewUpload(name.clone()));
        let text = format!("a/tags/blobs/blobs/{digest}");
        let below = Below(text.split('/').collect());
        assert_eq!(below.read().unwrap(), Asked::Blob(name, digest.parse().unwrap()));
        for bad in ["manifests/a", "A/manifests/a", "../manifests/a", "a/manifests/-", "a/blobs/x"]
        {
            assert_eq!(read(bad).unwrap_err().status().code, 400, "{bad}");
        }
        for nothing in ["a", "_catalog", "a/manifests", "a/tags"] {
            assert_eq!(read(nothing).unwrap_err().status().code, 404, "{nothing}");
        }
    }
}
