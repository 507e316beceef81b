//! A pull: which manifest, which pieces, and only what is missing. As containerd does it: HEAD,
//! which is free, then GET of a manifest that is not there yet, which is what registries count.
//! (Unlike containerd 1.6, it does not ask six times when it is refused.)

use std::net::SocketAddrV4;
use std::path::PathBuf;

use oci::manifest::{Descriptor, MAX_BYTES, Manifest, is_index};
use oci::{Digest, Reference};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;

use super::name::ImageName;
use super::registry::{self, Find, Registry};
use super::store::Store;

/// The largest image that is pulled, in bytes: a demo must not fill a disk.
const LARGEST: u64 = 1 << 30;
/// An index may lead to another one, and that is all.
const DEEPEST: usize = 2;

/// Why an image is not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotPulled {
    /// The registry says no.
    #[error("{status}{said}")]
    Refused {
        /// Number and words.
        status: String,
        /// What else it says, with a colon before it.
        said: String,
    },
    #[error("no answer: {0}")]
    NoAnswer(String),
    #[error("it takes too long")]
    Late,
    #[error("401 Unauthorized, and the registry does not say where a token is to be had")]
    Challenge,
    #[error("the registry wants a token of {0}, which is not on this stage")]
    Away(String),
    #[error("the answer to the question for a token has none in it")]
    NoToken,
    #[error("the registry sends more than {most} bytes")]
    TooLong {
        /// What it may.
        most: u64,
    },
    #[error("the registry sends something else than {0}")]
    Other(Digest),
    #[error("its manifest cannot be used: {0}")]
    Manifest(String),
    #[error("it cannot be stored: {0}")]
    Store(#[from] std::io::Error),
}

impl NotPulled {
    /// reqwest hides the reason behind "error sending request".
    pub(super) fn no_answer(error: reqwest::Error) -> Self {
        let mut last: &dyn std::error::Error = &error;
        while let Some(source) = last.source() {
            last = source;
        }
        Self::NoAnswer(last.to_string())
    }
}

/// Pulls. What is there already is not asked for again.
pub(super) struct Puller {
    http: reqwest::Client,
    store: Store,
    find: Find,
}

impl Puller {
    pub(super) fn new(dir: PathBuf, find: Find) -> Self {
        Self { http: registry::client(), store: Store::new(dir), find }
    }

    /// Its digest, its bytes, and whether the registry had to send a manifest.
    ///
    /// # Errors
    /// It is not there, or not whole.
    pub(super) async fn pull(
        &self,
        image: &ImageName,
        address: SocketAddrV4,
        namespace: &str,
    ) -> Result<(Digest, u64, bool), NotPulled> {
        let (http, find) = (&self.http, &self.find);
        let mut registry = Registry { http, find, address, image, namespace, token: None };
        let named = self.resolve(&mut registry, &image.reference).await?;
        let Named { digest, mut kind, mut counted } = named;
        let mut next = digest.clone();
        let (mut bytes, mut depth) = (0, 0);
        let manifest = loop {
            let text = match self.store.read(&next) {
                Some(text) => text,
                None => {
                    counted = true;
                    self.fetch_manifest(&mut registry, &next, &mut kind).await?
                }
            };
            bytes += text.len() as u64;
            let (manifest, is_list) = read(kind.as_deref(), &text)?;
            if !is_list {
                break manifest;
            }
            depth += 1;
            let chosen = choose(&manifest.manifests).filter(|_| depth < DEEPEST);
            let wrong = || NotPulled::Manifest("it leads to no image".to_owned());
            let chosen = chosen.ok_or_else(wrong)?;
            next = chosen.digest.parse().map_err(|_| wrong())?;
            kind = Some(chosen.media_type.clone());
        };
        let pieces = manifest.config.iter().chain(&manifest.layers);
        for piece in pieces.filter(|piece| piece.urls.is_empty()) {
            bytes += piece.size;
            if bytes > LARGEST {
                return Err(NotPulled::TooLong { most: LARGEST });
            }
            self.fetch(&mut registry, piece).await?;
        }
        Ok((digest, bytes, counted))
    }

    /// Which manifest a tag means today. Costs nothing, where HEAD is known.
    async fn resolve(
        &self,
        registry: &mut Registry<'_>,
        reference: &Reference,
    ) -> Result<Named, NotPulled> {
        if let Reference::Digest(digest) = reference {
            return Ok(Named { digest: digest.clone(), kind: None, counted: false });
        }
        let which = reference.to_string();
        match registry.ask(Method::HEAD, "manifests", &which).await {
            Ok(head) => {
                if let Some(digest) = told(&head) {
                    return Ok(Named { digest, kind: kind_of(&head), counted: false });
                }
            }
            // It knows no HEAD; or it says no without a word, and GET brings the words.
            Err(NotPulled::Refused { .. }) => {}
            Err(why) => return Err(why),
        }
        let response = registry.ask(Method::GET, "manifests", &which).await?;
        let kind = kind_of(&response);
        let told = told(&response);
        let text = registry::text(response, MAX_BYTES).await?;
        let digest = told.unwrap_or_else(|| Digest::of(&text));
        self.write(&digest, &text)?;
        Ok(Named { digest, kind, counted: true })
    }

    async fn fetch_manifest(
        &self,
        registry: &mut Registry<'_>,
        digest: &Digest,
        kind: &mut Option<String>,
    ) -> Result<Vec<u8>, NotPulled> {
        let response = registry.ask(Method::GET, "manifests", &digest.to_string()).await?;
        *kind = kind_of(&response).or(kind.take());
        let text = registry::text(response, MAX_BYTES).await?;
        self.write(digest, &text)?;
        Ok(text)
    }

    fn write(&self, digest: &Digest, text: &[u8]) -> Result<(), NotPulled> {
        let mut incoming = self.store.begin(digest)?;
        incoming.write(text)?;
        let right = self.store.keep(incoming)?;
        if right { Ok(()) } else { Err(NotPulled::Other(digest.clone())) }
    }

    /// A layer, or the configuration.
    async fn fetch(
        &self,
        registry: &mut Registry<'_>,
        piece: &Descriptor,
    ) -> Result<(), NotPulled> {
        let digest: Digest = piece.digest.parse().map_err(|_| wrong_digest(piece))?;
        if self.store.has(&digest) {
            return Ok(());
        }
        let mut response = registry.ask(Method::GET, "blobs", &piece.digest).await?;
        let mut incoming = self.store.begin(&digest)?;
        while let Some(bytes) = response.chunk().await.map_err(NotPulled::no_answer)? {
            if incoming.bytes + bytes.len() as u64 > piece.size {
                return Err(NotPulled::TooLong { most: piece.size });
            }
            incoming.write(&bytes)?;
        }
        let right = self.store.keep(incoming)?;
        if right { Ok(()) } else { Err(NotPulled::Other(digest)) }
    }
}

/// What a tag means.
struct Named {
    digest: Digest,
    kind: Option<String>,
    counted: bool,
}

fn wrong_digest(piece: &Descriptor) -> NotPulled {
    NotPulled::Manifest(format!("{:?} is not a digest", piece.digest))
}

fn told(response: &reqwest::Response) -> Option<Digest> {
    response.headers().get("docker-content-digest")?.to_str().ok()?.parse().ok()
}

fn kind_of(response: &reqwest::Response) -> Option<String> {
    let kind = response.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    Some(kind.split(';').next().unwrap_or(kind).trim().to_owned())
}

/// A manifest, and whether it leads to others.
fn read(kind: Option<&str>, text: &[u8]) -> Result<(Manifest, bool), NotPulled> {
    let own = serde_json::from_slice::<serde_json::Value>(text).unwrap_or_default();
    let own = own["mediaType"].as_str().map(str::to_owned);
    let kind = own.as_deref().or(kind).unwrap_or(oci::manifest::IMAGE);
    let manifest = Manifest::parse(kind, text);
    let manifest = manifest.map_err(|why| NotPulled::Manifest(why.to_string()))?;
    Ok((manifest, is_index(kind)))
}

/// The image for this machine, or else the first one: what runs comes from elsewhere.
fn choose(all: &[Descriptor]) -> Option<&Descriptor> {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let fits = |one: &&Descriptor| {
        let platform = one.platform.as_ref();
        platform.is_some_and(|p| p["os"] == "linux" && p["architecture"] == architecture)
    };
    all.iter().find(fits).or(all.first())
}
