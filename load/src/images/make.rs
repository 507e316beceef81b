//! The smallest image there is: a configuration that says its name, and a layer with nothing in it.

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
    pub(super) manifest: Vec<u8>,
    pub(super) blobs: [Vec<u8>; 2],
}

/// Two images of different names have different manifests: one of them in a client's store does not
/// help with the other.
pub(super) fn make(image: &Image) -> Made {
    let layer = EMPTY_TAR.to_vec();
    let config = json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {"Labels": {
            "org.opencontainers.image.title": image.name.as_str(),
            "org.opencontainers.image.version": image.tag.as_str(),
        }},
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
    Made { manifest: manifest.to_string().into_bytes(), blobs: [config, layer] }
}

#[cfg(test)]
mod tests {
    use oci::manifest::Manifest;

    use super::*;

    #[test]
    fn an_image_is_whole_and_another_name_is_another_image() {
        let of = |name: &str| make(&name.parse().unwrap());
        let (one, two) = (of("shop/vienna:v2"), of("shop/graz:v2"));
        let manifest = Manifest::parse(IMAGE, &one.manifest).unwrap();
        let blobs: Vec<Digest> = one.blobs.iter().map(|blob| Digest::of(blob)).collect();
        assert_eq!(manifest.blobs().collect::<Vec<_>>(), blobs);
        assert_ne!(Digest::of(&one.manifest), Digest::of(&two.manifest));
        assert_eq!(one.manifest, of("shop/vienna:v2").manifest);
    }
}
