//! The smallest image there is, a configuration that says its name and a layer with nothing in it;
//! and one with this project's programs, which a kubelet can run.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use ::images::{Archive, ImageError};
use hyper::body::Bytes;
use oci::Digest;
use oci::manifest::IMAGE;
use serde_json::json;

use super::options::Image;

/// The end of an archive, and nothing before it.
const EMPTY_TAR: [u8; 1024] = [0; 1024];
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// Its manifest, and what that names.
pub(super) struct Made {
    pub(super) manifest: Bytes,
    pub(super) blobs: [Bytes; 2],
}

/// Makes images, with something in them or with nothing.
#[derive(Default)]
pub(super) struct Maker {
    programs: Option<Programs>,
}

struct Programs {
    archive: Archive,
    /// One for all images.
    layer: Bytes,
    /// Which push it is.
    push: String,
}

impl Maker {
    /// Those of this project that lie beside this program: in a pod they are what it was started
    /// from, byte by byte, and its node has the layer already.
    pub(super) fn with_programs() -> Result<Self, ImageError> {
        let why = |why| ImageError::Read { path: "this program".into(), why };
        let folder = std::env::current_exe().map_err(why)?.parent().map(Path::to_owned);
        let archive = ::images::tales(&folder.unwrap_or_default())?.archive();
        let layer = Bytes::copy_from_slice(archive.blobs()[1]);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let push = since.as_nanos().to_string();
        Ok(Self { programs: Some(Programs { archive, layer, push }) })
    }

    /// Two images of different names have different manifests: one of them in a client's store does
    /// not help with the other.
    pub(super) fn make(&self, image: &Image) -> Made {
        let mut labels = BTreeMap::from([
            ("org.opencontainers.image.title".to_owned(), image.name.to_string()),
            ("org.opencontainers.image.version".to_owned(), image.tag.to_string()),
        ]);
        let Some(programs) = &self.programs else { return empty(&labels) };
        labels.insert("dev.tales.push".to_owned(), programs.push.clone());
        let image = programs.archive.clone().labelled(&labels);
        let [config, _] = image.blobs();
        let (manifest, config) = (image.manifest().to_vec(), config.to_vec());
        Made { manifest: manifest.into(), blobs: [config.into(), programs.layer.clone()] }
    }
}

fn empty(labels: &BTreeMap<String, String>) -> Made {
    let layer = EMPTY_TAR.to_vec();
    let config = json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {"Labels": labels},
        "rootfs": {"type": "layers", "diff_ids": [Digest::of(&layer).to_string()]},
    });
    let config = config.to_string().into_bytes();
    let piece = |kind: &str, bytes: &[u8]| json!({"mediaType": kind, "digest": Digest::of(bytes).to_string(), "size": bytes.len()});
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "config": piece(CONFIG, &config),
        "layers": [piece(LAYER, &layer)],
    });
    Made { manifest: manifest.to_string().into(), blobs: [config.into(), layer.into()] }
}

#[cfg(test)]
mod tests {
    use oci::manifest::Manifest;

    use super::*;

    #[test]
    fn an_image_is_whole_and_another_name_is_another_image() {
        let of = |name: &str| Maker::default().make(&name.parse().unwrap());
        let (one, two) = (of("shop/vienna:v2"), of("shop/graz:v2"));
        let manifest = Manifest::parse(IMAGE, &one.manifest).unwrap();
        let blobs: Vec<Digest> = one.blobs.iter().map(|blob| Digest::of(blob)).collect();
        assert_eq!(manifest.blobs().collect::<Vec<_>>(), blobs);
        assert_ne!(Digest::of(&one.manifest), Digest::of(&two.manifest));
        assert_eq!(one.manifest, of("shop/vienna:v2").manifest);
    }
}
