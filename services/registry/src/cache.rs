//! What was fetched once is kept, and given out while nobody upstream answers.
//!
//! *Lesson: a cache helps those who come second.* A tag may have moved, so the upstream is asked
//! each time, with HEAD, which is free; if it does not answer, what is known is better than
//! nothing. What is not known costs a pull, however many ask for it at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use instrument::client::Answer;
use oci::manifest::{MAX_BYTES, Manifest};
use oci::{Digest, Hasher, Name, Reference};
use rocket::http::Status;
use rocket::tokio::sync::Mutex as AsyncMutex;

use crate::metrics::{Cached, Metrics, What};
use crate::refusal::{Code, Refusal};
use crate::repositories::{Repositories, Stored};
use crate::seen::Seen;
use crate::store::on_disk;
use crate::upstream::{Body, Upstream, no_answer, refusal};

const NO_MANIFEST: (Code, &str) = (Code::ManifestUnknown, "this manifest");
const NO_BLOB: (Code, &str) = (Code::BlobUnknown, "this blob");

/// A cache of one upstream.
pub struct Cache {
    repositories: Repositories,
    upstream: Upstream,
    metrics: Metrics,
    flights: Flights,
}

/// Of several who want the same, one fetches it, and the others wait.
#[derive(Default)]
struct Flights(Mutex<HashMap<String, Arc<AsyncMutex<()>>>>);

impl Flights {
    fn of(&self, key: &str) -> Arc<AsyncMutex<()>> {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        flights.retain(|_, flight| Arc::strong_count(flight) > 1);
        flights.entry(key.to_owned()).or_default().clone()
    }
}

impl Cache {
    /// Of this upstream.
    pub fn new(repositories: Repositories, upstream: Upstream, metrics: Metrics) -> Self {
        Self { repositories, upstream, metrics, flights: Flights::default() }
    }

    /// A manifest: what is kept if it is still the same, or if nobody can say.
    ///
    /// # Errors
    /// It is not known, and the upstream does not give it.
    pub async fn manifest(&self, name: &Name, reference: &Reference) -> Result<Stored, Refusal> {
        let flight = self.flights.of(&format!("{name} {reference}"));
        let _only = flight.lock().await;
        let path = format!("manifests/{reference}");
        let Some(kept) = self.kept(name, reference).await? else {
            let fetched = self.fetch_manifest(name, reference, &path).await;
            let result = if fetched.is_ok() { Cached::Miss } else { Cached::Failed };
            self.metrics.cached(What::Manifest, result);
            return fetched;
        };
        let (result, stored) = self.renewed(name, reference, &path, kept).await?;
        self.metrics.cached(What::Manifest, result);
        Ok(stored)
    }

    /// What a HEAD is answered with: nothing is fetched for it. None: there is no such manifest.
    ///
    /// # Errors
    /// It is not known, and the upstream does not say.
    pub async fn look(&self, name: &Name, reference: &Reference) -> Result<Seen, Refusal> {
        let kept = self.kept(name, reference).await?;
        let head = match (&kept, reference) {
            (Some(kept), Reference::Digest(_)) => return Ok(Seen::of(kept)),
            _ => self.upstream.head(name, &format!("manifests/{reference}")).await,
        };
        let seen = match &head {
            Ok(answer) if answer.status == 200 => Seen::read(answer, reference),
            _ => None,
        };
        match (seen, kept, head) {
            (Some(seen), ..) => Ok(seen),
            (None, Some(kept), head) if !head.as_ref().is_ok_and(|head| head.status == 404) => {
                Ok(Seen::of(&kept))
            }
            (None, _, Ok(answer)) => Err(refusal(&answer, &[], NO_MANIFEST)),
            (None, _, Err(why)) => Err(no_answer(&why)),
        }
    }

    /// Bytes of a blob.
    ///
    /// # Errors
    /// It is not known, and the upstream does not say.
    pub async fn blob_size(&self, name: &Name, digest: &Digest) -> Result<u64, Refusal> {
        if let Some(size) = self.repositories.blob(name, digest) {
            return Ok(size);
        }
        let head = self.upstream.head(name, &format!("blobs/{digest}")).await;
        let answer = head.map_err(|why| no_answer(&why))?;
        let length = answer.header("content-length").and_then(|length| length.parse().ok());
        length.filter(|_| answer.status == 200).ok_or_else(|| refusal(&answer, &[], NO_BLOB))
    }

    /// Sees to it that a blob is in the store.
    ///
    /// # Errors
    /// It is not known, and the upstream does not give it.
    pub async fn blob(&self, name: &Name, digest: &Digest) -> Result<(), Refusal> {
        let flight = self.flights.of(&digest.to_string());
        let _only = flight.lock().await;
        let result = match self.repositories.blob(name, digest) {
            Some(_) => Ok(Cached::Hit),
            None => self.fetch_blob(name, digest).await.map(|()| Cached::Miss),
        };
        self.metrics.cached(What::Blob, *result.as_ref().unwrap_or(&Cached::Failed));
        result.map(drop)
    }

    /// Something that is not kept: lists.
    ///
    /// # Errors
    /// The upstream does not give it.
    pub async fn relay(&self, name: &Name, path: &str) -> Result<(Answer, Vec<u8>), Refusal> {
        let got = self.upstream.get(name, path).await;
        let (answer, body) = got.map_err(|why| no_answer(&why))?;
        let bytes = whole(body).await?;
        if answer.status == 200 {
            return Ok((answer, bytes));
        }
        Err(refusal(&answer, &bytes, (Code::NameUnknown, "this repository")))
    }

    async fn kept(&self, name: &Name, reference: &Reference) -> Result<Option<Stored>, Refusal> {
        let (repositories, name, reference) =
            (self.repositories.clone(), name.clone(), reference.clone());
        Ok(on_disk(move || repositories.manifest(&name, &reference)).await?)
    }

    async fn renewed(
        &self,
        name: &Name,
        reference: &Reference,
        path: &str,
        kept: Stored,
    ) -> Result<(Cached, Stored), Refusal> {
        if let Reference::Digest(_) = reference {
            return Ok((Cached::Hit, kept)); // it cannot have changed
        }
        let Ok(head) = self.upstream.head(name, path).await else {
            return Ok((Cached::Stale, kept));
        };
        let same = head.header("docker-content-digest") == Some(kept.digest.to_string().as_str());
        match head.status {
            200 if same => Ok((Cached::Hit, kept)),
            200 => match self.fetch_manifest(name, reference, path).await {
                Ok(fetched) => Ok((Cached::Miss, fetched)),
                Err(_) => Ok((Cached::Stale, kept)),
            },
            404 => Err(Refusal::not_found(NO_MANIFEST.0, NO_MANIFEST.1)),
            _ => Ok((Cached::Stale, kept)),
        }
    }

    async fn fetch_manifest(
        &self,
        name: &Name,
        reference: &Reference,
        path: &str,
    ) -> Result<Stored, Refusal> {
        let got = self.upstream.get(name, path).await;
        let (answer, body) = got.map_err(|why| no_answer(&why))?;
        let bytes = whole(body).await?;
        if answer.status != 200 {
            return Err(refusal(&answer, &bytes, NO_MANIFEST));
        }
        let digest = match reference {
            Reference::Digest(digest) => digest.clone(),
            Reference::Tag(_) => Digest::of(&bytes),
        };
        let media_type = answer.header("content-type").unwrap_or_default().to_owned();
        let parsed = Manifest::parse(&media_type, &bytes).map_err(|why| odd(&why))?;
        if !digest.fits(&bytes) {
            return Err(odd(&"it is not what its digest says"));
        }
        let stored = Stored { digest, media_type, bytes };
        let tag = match reference {
            Reference::Tag(tag) => Some(tag.clone()),
            Reference::Digest(_) => None,
        };
        let (repositories, name, to_keep) =
            (self.repositories.clone(), name.clone(), stored.clone());
        let keep = move || repositories.add_manifest(&name, tag.as_ref(), &to_keep, &parsed);
        if let Err(why) = on_disk(keep).await {
            tracing::warn!(%why, "a manifest is not kept");
        }
        Ok(stored)
    }

    async fn fetch_blob(&self, name: &Name, digest: &Digest) -> Result<(), Refusal> {
        let got = self.upstream.get(name, &format!("blobs/{digest}")).await;
        let (answer, mut body) = got.map_err(|why| no_answer(&why))?;
        if answer.status != 200 {
            return Err(refusal(&answer, &[], NO_BLOB));
        }
        let mut arriving = self.repositories.store().arriving()?;
        let mut hasher = Hasher::new(digest.algorithm());
        while let Some(piece) = body.next().await.map_err(|why| no_answer(&why))? {
            hasher.update(&piece);
            arriving = on_disk(move || arriving.write(&piece).map(|()| arriving)).await?;
        }
        if hasher.finish() != *digest {
            return Err(odd(&"it is not what its digest says"));
        }
        let (repositories, name, digest) =
            (self.repositories.clone(), name.clone(), digest.clone());
        let keep = move || {
            arriving.adopt(&digest)?;
            repositories.add_blob(&name, &digest)
        };
        Ok(on_disk(keep).await?)
    }
}

/// A body that fits into memory.
async fn whole(mut body: Body) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    while let Some(piece) = body.next().await.map_err(|why| no_answer(&why))? {
        if bytes.len() + piece.len() > MAX_BYTES {
            return Err(odd(&"it is too long"));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

fn odd(why: &dyn std::fmt::Display) -> Refusal {
    let why = format!("what the upstream gave cannot be used: {why}");
    Refusal::new(Status::BadGateway, Code::Unknown, why)
}
