//! An image as one file that every container engine reads: an [OCI image layout][oci] with docker's
//! `manifest.json` beside it.
//!
//! [oci]: https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md

use std::io::{self, Write};

use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::image::Entry;
use crate::layer;

/// How many digits of a digest make a tag.
const TAG: usize = 12;

/// A packed image, without a name yet.
#[derive(Debug, Clone)]
pub struct Archive {
    layer: Blob,
    config: Blob,
    manifest: Blob,
}

#[derive(Debug, Clone)]
struct Blob {
    media_type: &'static str,
    bytes: Vec<u8>,
    hash: String,
}

impl Archive {
    /// `tar` is the layer, `config` how its programs are run.
    pub(crate) fn new(tar: &[u8], config: &Value, architecture: &str) -> Self {
        let layer = Blob::new("application/vnd.oci.image.layer.v1.tar+gzip", gzip(tar));
        let config = Blob::json(
            "application/vnd.oci.image.config.v1+json",
            &json!({
                "architecture": architecture,
                "os": "linux",
                "config": config,
                "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", hash(tar))] },
            }),
        );
        let manifest = Blob::json(
            "application/vnd.oci.image.manifest.v1+json",
            &json!({
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": config.descriptor(),
                "layers": [layer.descriptor()],
            }),
        );
        Self { layer, config, manifest }
    }

    /// The digest of the image, by which a registry knows it: `sha256:..`.
    pub fn digest(&self) -> String {
        format!("sha256:{}", self.manifest.hash)
    }

    /// A tag that says what is in it: another content is another tag, so a node never runs an old
    /// image under a new one's name.
    pub fn tag(&self) -> &str {
        &self.manifest.hash[..TAG]
    }

    /// Writes it under a name, such as `tales.local/tales:0123456789ab`. The name has to be whole,
    /// with a registry's name: what engines add to a short one differs.
    ///
    /// # Errors
    /// `to` takes no more.
    pub fn write(&self, name: &str, to: &mut dyn Write) -> io::Result<()> {
        let mut image = self.manifest.descriptor();
        // containerd takes the first, skopeo and others the second.
        image["annotations"] = json!({
            "io.containerd.image.name": name,
            "org.opencontainers.image.ref.name": name,
        });
        let index = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [image],
        });
        let docker = json!([{
            "Config": self.config.path(),
            "RepoTags": [name],
            "Layers": [self.layer.path()],
        }]);
        let text =
            |value: &Value| Entry::File { bytes: value.to_string().into(), executable: false };
        let mut entries = std::collections::BTreeMap::from([
            ("/index.json".to_owned(), text(&index)),
            ("/manifest.json".to_owned(), text(&docker)),
            ("/oci-layout".to_owned(), text(&json!({ "imageLayoutVersion": "1.0.0" }))),
        ]);
        for blob in [&self.layer, &self.config, &self.manifest] {
            let bytes = blob.bytes.clone();
            entries.insert(format!("/{}", blob.path()), Entry::File { bytes, executable: false });
        }
        to.write_all(&layer::tar(&entries))
    }
}

impl Blob {
    fn new(media_type: &'static str, bytes: Vec<u8>) -> Self {
        Self { media_type, hash: hash(&bytes), bytes }
    }

    fn json(media_type: &'static str, value: &Value) -> Self {
        Self::new(media_type, value.to_string().into())
    }

    fn path(&self) -> String {
        format!("blobs/sha256/{}", self.hash)
    }

    fn descriptor(&self) -> Value {
        json!({
            "mediaType": self.media_type,
            "digest": format!("sha256:{}", self.hash),
            "size": self.bytes.len(),
        })
    }
}

pub(crate) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Without a time and without the name of an operating system, which gzip else writes down.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzBuilder::new().operating_system(255).write(Vec::new(), Compression::default());
    let written = gzip.write_all(bytes).and_then(|()| gzip.finish());
    written.expect("memory takes what is written")
}
