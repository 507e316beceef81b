//! What an image is made of, as far as a registry has to know.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::digest::Digest;

/// Longest manifest, in bytes: what the specification asks registries to take at least.
pub const MAX_BYTES: usize = 4 << 20;

/// An image.
pub const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
/// Several, one for each platform.
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// An image, as Docker calls it.
pub const DOCKER_IMAGE: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Several, as Docker calls them.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// Whether it leads to images rather than being one.
pub fn is_index(media_type: &str) -> bool {
    media_type == INDEX || media_type == DOCKER_LIST
}

/// What a manifest says of another piece of content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What kind.
    pub media_type: String,
    /// What it is.
    pub digest: String,
    /// Its bytes.
    pub size: u64,
    /// Where else it is to be had: then it need not be here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// What kind of artifact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// What people say of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<Map<String, Value>>,
    /// For whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Value>,
}

/// A manifest, an index included: all that either may have. What is not named here is nobody's
/// business but the client's.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    schema_version: u32,
    /// What it says that it is.
    pub media_type: Option<String>,
    /// What kind of artifact.
    pub artifact_type: Option<String>,
    /// How the image runs.
    pub config: Option<Descriptor>,
    /// What is in it.
    #[serde(default)]
    pub layers: Vec<Descriptor>,
    /// An index' images.
    #[serde(default)]
    pub manifests: Vec<Descriptor>,
    /// What it is about: a signature's image.
    pub subject: Option<Descriptor>,
    /// What people say of it.
    pub annotations: Option<Map<String, Value>>,
}

/// Why a text is no manifest.
#[derive(Debug, thiserror::Error)]
pub enum BadManifest {
    /// Not JSON, or of another shape.
    #[error("it cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// The first one has signatures inside, and is not supported any more.
    #[error("schemaVersion is {0}, and has to be 2")]
    Version(u32),
    /// The header and the text disagree.
    #[error("the header says {header}, and mediaType {own}")]
    Type {
        /// Content-Type.
        header: String,
        /// The text's.
        own: String,
    },
    /// It refers to something that has no such name.
    #[error("{0:?} is not a digest")]
    Digest(String),
}

impl Manifest {
    /// Reads one that came with this Content-Type.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(media_type: &str, bytes: &[u8]) -> Result<Self, BadManifest> {
        let manifest: Self = serde_json::from_slice(bytes)?;
        if manifest.schema_version != 2 {
            return Err(BadManifest::Version(manifest.schema_version));
        }
        if let Some(own) = manifest.media_type.clone().filter(|own| own != media_type) {
            return Err(BadManifest::Type { header: media_type.to_owned(), own });
        }
        let config = manifest.config.iter();
        let all = config.chain(&manifest.layers).chain(&manifest.manifests);
        for descriptor in all.chain(&manifest.subject) {
            let digest = descriptor.digest.parse::<Digest>();
            digest.map_err(|_| BadManifest::Digest(descriptor.digest.clone()))?;
        }
        Ok(manifest)
    }

    /// The blobs that have to be there.
    pub fn blobs(&self) -> impl Iterator<Item = Digest> {
        let all = self.config.iter().chain(&self.layers);
        let here = all.filter(|descriptor| descriptor.urls.is_empty());
        here.filter_map(|descriptor| descriptor.digest.parse().ok())
    }

    /// What it is about.
    pub fn about(&self) -> Option<Digest> {
        self.subject.as_ref()?.digest.parse().ok()
    }

    /// What a list of referrers says of it.
    pub fn described(&self, media_type: &str, digest: &Digest, size: u64) -> Descriptor {
        let config = || self.config.as_ref().map(|config| config.media_type.clone());
        Descriptor {
            media_type: media_type.to_owned(),
            digest: digest.to_string(),
            size,
            urls: Vec::new(),
            artifact_type: self.artifact_type.clone().or_else(config),
            annotations: self.annotations.clone(),
            platform: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::proptest;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_a_manifest_or_not(bytes: Vec<u8>) {
            let _ = Manifest::parse(IMAGE, &bytes);
        }
    }

    #[test]
    fn what_is_no_manifest_is_named() {
        let parse = |text: &str| Manifest::parse(IMAGE, text.as_bytes()).map(|_| ());
        assert!(parse(r#"{"schemaVersion": 2, "surprise": 1}"#).is_ok());
        for (bad, why) in [
            ("", "cannot be read"),
            ("[]", "cannot be read"),
            (r#"{"schemaVersion": 1}"#, "has to be 2"),
            (r#"{"schemaVersion": 2, "mediaType": "text/plain"}"#, "text/plain"),
            (
                r#"{"schemaVersion": 2, "layers": [{"mediaType": "a", "digest": "../b", "size": 1}]}"#,
                "not a digest",
            ),
        ] {
            let error = parse(bad).unwrap_err().to_string();
            assert!(error.contains(why), "{bad}: {error}");
        }
    }
}
