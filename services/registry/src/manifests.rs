//! What is pushed last: a manifest, when what it needs is there.

use instrument::Upload;
use oci::manifest::{MAX_BYTES, Manifest};
use oci::{Digest, Name, Reference};
use rocket::http::Status;

use crate::refusal::{Code, Refusal};
use crate::repositories::{Repositories, Stored};
use crate::store::on_disk;
use crate::taken::{Taken, created};

/// Keeps a manifest, if all that it needs is there.
///
/// # Errors
/// It is none, is called otherwise, or something is missing.
pub async fn take_manifest(
    repositories: &Repositories,
    name: Name,
    reference: Reference,
    kind: &str,
    bytes: Vec<u8>,
) -> Result<Taken, Refusal> {
    let parsed = Manifest::parse(kind, &bytes)
        .map_err(|why| Refusal::bad(Code::ManifestInvalid, why.to_string()))?;
    let (digest, tag) = match reference {
        Reference::Digest(digest) if digest.fits(&bytes) => (digest, None),
        Reference::Digest(_) => {
            let why = format!("what arrived is {}", Digest::of(&bytes));
            return Err(Refusal::bad(Code::DigestInvalid, why));
        }
        Reference::Tag(tag) => (Digest::of(&bytes), Some(tag)),
    };
    if let Some(missing) = parsed.blobs().find(|blob| repositories.blob(&name, blob).is_none()) {
        let why = format!("{missing} has to be pushed first");
        return Err(Refusal::bad(Code::ManifestBlobUnknown, why));
    }
    let mut taken = created(&name, "manifests", &digest);
    if let Some(subject) = parsed.about() {
        taken = taken.with("OCI-Subject", subject.to_string());
    }
    let (repositories, media_type) = (repositories.clone(), kind.to_owned());
    let stored = Stored { digest, media_type, bytes };
    on_disk(move || repositories.add_manifest(&name, tag.as_ref(), &stored, &parsed)).await?;
    Ok(taken)
}

/// A body that may be a manifest.
///
/// # Errors
/// It breaks off, or is too long for one.
pub async fn whole(upload: &mut Upload<'_>) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let broken = |why: std::io::Error| Refusal::bad(Code::ManifestInvalid, why.to_string());
    while let Some(piece) = upload.next().await.map_err(broken)? {
        if bytes.len() + piece.len() > MAX_BYTES {
            let why = format!("a manifest has at most {MAX_BYTES} bytes");
            let status = Status::PayloadTooLarge;
            return Err(Refusal::new(status, Code::ManifestInvalid, why));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}
