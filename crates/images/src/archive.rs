//! An image as one file that every container engine reads: an [OCI image layout][oci] with docker's
//! `manifest.json` beside it.
//!
//! [oci]: https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md

use std::collections::BTreeMap;
use std::io::{self, Write};

use flate2::write::GzEncoder;
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
    about: Value,
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
    /// `entries` is what is in it, `config` how its programs are run.
    pub(crate) fn new(
        entries: &BTreeMap<String, Entry>,
        config: &Value,
        architecture: &str,
    ) -> Self {
        let Packed { gzip, hash } = Packed::of(entries);
        let layer = Blob::new("application/vnd.oci.image.layer.v1.tar+gzip", gzip);
        let about = json!({
            "architecture": architecture,
            "os": "linux",
            "config": config,
            "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{hash}")] },
        });
        let (config, manifest) = described(&about, &layer);
        Self { layer, about, config, manifest }
    }

    /// The same content as another image: labels are a part of what its digest is made from.
    #[must_use]
    pub fn labelled(mut self, labels: &BTreeMap<String, String>) -> Self {
        self.about["config"]["Labels"] = json!(labels);
        (self.config, self.manifest) = described(&self.about, &self.layer);
        self
    }

    /// The manifest, of the media type `application/vnd.oci.image.manifest.v1+json`.
    pub fn manifest(&self) -> &[u8] {
        &self.manifest.bytes
    }

    /// What it names, for who brings it to a registry piece by piece: configuration and layer.
    pub fn blobs(&self) -> [&[u8]; 2] {
        [&self.config.bytes, &self.layer.bytes]
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
        let mut entries = BTreeMap::from([
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
    hex(Sha256::new_with_prefix(bytes))
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Configuration and manifest.
fn described(about: &Value, layer: &Blob) -> (Blob, Blob) {
    let config = Blob::json("application/vnd.oci.image.config.v1+json", about);
    let manifest = Blob::json(
        "application/vnd.oci.image.manifest.v1+json",
        &json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": config.descriptor(),
            "layers": [layer.descriptor()],
        }),
    );
    (config, manifest)
}

/// A layer, hashed and packed as it is written: in a pod there is no room for it twice.
pub(crate) struct Packed {
    pub(crate) gzip: Vec<u8>,
    /// Of what was packed.
    hash: String,
}

struct Packing {
    gzip: GzEncoder<Vec<u8>>,
    hash: Sha256,
}

impl Packed {
    /// Without a time and without the name of an operating system, which gzip else writes down.
    pub(crate) fn of(entries: &BTreeMap<String, Entry>) -> Self {
        let gzip = GzBuilder::new().operating_system(255);
        let gzip = gzip.write(Vec::new(), Compression::default());
        let packing = layer::write(entries, Packing { gzip, hash: Sha256::new() });
        let gzip = packing.gzip.finish().expect("memory takes what is written");
        Self { gzip, hash: hex(packing.hash) }
    }
}

impl Write for Packing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gzip.write_all(bytes)?;
        self.hash.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.gzip.flush()
    }
}
