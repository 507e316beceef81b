//! Where content comes from: what was pushed here, or what others have.

use instrument::client::Answer;
use oci::{Digest, Name, Reference};

use crate::cache::Cache;
use crate::refusal::{Code, Refusal};
use crate::repositories::{Repositories, Stored};
use crate::seen::Seen;
use crate::store::on_disk;

/// The two roles.
pub enum Library {
    /// What was pushed here.
    Origin(Repositories),
    /// What an upstream has.
    Cache(Box<Cache>),
}

impl Library {
    /// A manifest.
    ///
    /// # Errors
    /// There is none.
    pub async fn manifest(&self, name: &Name, reference: &Reference) -> Result<Stored, Refusal> {
        match self {
            Self::Origin(repositories) => {
                let (repositories, of) = (repositories.clone(), (name.clone(), reference.clone()));
                let found = on_disk(move || repositories.manifest(&of.0, &of.1)).await?;
                found.ok_or_else(|| Refusal::not_found(Code::ManifestUnknown, "this manifest"))
            }
            Self::Cache(cache) => cache.manifest(name, reference).await,
        }
    }

    /// What a HEAD says of it.
    ///
    /// # Errors
    /// There is none.
    pub async fn look(&self, name: &Name, reference: &Reference) -> Result<Seen, Refusal> {
        match self {
            Self::Origin(_) => Ok(Seen::of(&self.manifest(name, reference).await?)),
            Self::Cache(cache) => cache.look(name, reference).await,
        }
    }

    /// Bytes of a blob.
    ///
    /// # Errors
    /// There is none.
    pub async fn blob_size(&self, name: &Name, digest: &Digest) -> Result<u64, Refusal> {
        match self {
            Self::Origin(repositories) => {
                let unknown = || Refusal::not_found(Code::BlobUnknown, "this blob");
                repositories.blob(name, digest).ok_or_else(unknown)
            }
            Self::Cache(cache) => cache.blob_size(name, digest).await,
        }
    }

    /// Sees to it that a blob is in the store; its bytes.
    ///
    /// # Errors
    /// There is none.
    pub async fn blob(&self, name: &Name, digest: &Digest) -> Result<u64, Refusal> {
        if let Self::Cache(cache) = self {
            cache.blob(name, digest).await?;
        }
        self.blob_size(name, digest).await
    }

    /// A list of the upstream's, if there is one.
    ///
    /// # Errors
    /// It does not give it.
    pub async fn relayed(
        &self,
        name: &Name,
        path: &str,
    ) -> Option<Result<(Answer, Vec<u8>), Refusal>> {
        match self {
            Self::Origin(_) => None,
            Self::Cache(cache) => Some(cache.relay(name, path).await),
        }
    }

    /// Where things can be pushed to.
    ///
    /// # Errors
    /// Nowhere.
    pub fn to_push_to(&self) -> Result<&Repositories, Refusal> {
        match self {
            Self::Origin(repositories) => Ok(repositories),
            Self::Cache(_) => {
                let why = "this is a cache: push to its upstream";
                let status = rocket::http::Status::MethodNotAllowed;
                Err(Refusal::new(status, Code::Unsupported, why))
            }
        }
    }
}
