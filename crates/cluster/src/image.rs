//! The image `tales`, written without a daemon: the project's programs, their libraries, and a shell,
//! in one archive that is both an OCI layout and what `docker load` takes.
//!
//! The same programs give the same bytes, and the tag is a digest of them. A shell and a writable
//! `/etc` have to be there: DNSChaos rewrites the pod's `resolv.conf` with `sh`, `cp` and `sed`.

mod archive;
mod content;
pub mod load;

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};

use crate::error::ClusterError;
use archive::Archive;
use content::Content;

/// The name of the image. Nobody can pull it from there, and nobody is to try.
pub const NAME: &str = "tales.local/tales";

/// Nobody, so that Pod Security `restricted` is content.
const USER: &str = "65532";

/// An image that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Name and tag, as pods name it.
    pub reference: String,
    /// The archive.
    pub archive: PathBuf,
    /// Bytes of all files, unpacked.
    pub unpacked: u64,
    /// The digest of its manifest.
    pub digest: String,
}

/// Builds the image of the programs `names` in the folder `programs` and of the busybox `shell`, and
/// writes its archive into the folder `out`.
///
/// # Errors
/// A program or the shell is missing, or a file cannot be written.
pub fn build(
    programs: &Path,
    names: &[String],
    shell: &Path,
    out: &Path,
) -> Result<Image, ClusterError> {
    let content = Content::collect(programs, names, shell)?;
    let layer = content.layer().map_err(|why| failed("pack the layer", &why))?;
    let layer_digest = sha256(&layer);
    let tag: String = layer_digest.chars().take(12).collect();
    let reference = format!("{NAME}:{tag}");
    let unpacked = content.bytes();
    let file = out.join(format!("tales-{tag}.tar"));
    // Its name is its content, so what is there need not be written again.
    if let Some(digest) = archive::digest(&file) {
        return Ok(Image { reference, archive: file, unpacked, digest });
    }
    let packed = pack(&layer).map_err(|why| failed("compress the layer", &why))?;
    let config = json!({
        "architecture": architecture(),
        "os": "linux",
        "config": {
            "User": USER,
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
        },
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{layer_digest}")]},
    });
    let mut parts = Archive::default();
    let config =
        parts.blob("application/vnd.oci.image.config.v1+json", config.to_string().into_bytes());
    let layer = parts.blob("application/vnd.oci.image.layer.v1.tar+gzip", packed);
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config,
        "layers": [layer],
    });
    let mut entry =
        parts.blob("application/vnd.oci.image.manifest.v1+json", manifest.to_string().into_bytes());
    let digest = entry["digest"].as_str().unwrap_or_default().to_owned();
    entry["annotations"] = json!({
        "io.containerd.image.name": reference,
        "org.opencontainers.image.ref.name": reference,
    });
    parts.file("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec());
    let index = json!({"schemaVersion": 2, "manifests": [entry]});
    parts.file("index.json", index.to_string().into_bytes());
    // What `docker load` reads.
    let docker = json!([{
        "Config": path(&config),
        "RepoTags": [reference],
        "Layers": [path(&layer)],
    }]);
    parts.file("manifest.json", docker.to_string().into_bytes());
    std::fs::create_dir_all(out).map_err(|why| failed("make the folder of images", &why))?;
    archive::remove_others(out, &file);
    parts.write(&file).map_err(|why| failed(&format!("write {}", file.display()), &why))?;
    Ok(Image { reference, archive: file, unpacked, digest })
}

/// The busybox of this machine.
///
/// # Errors
/// There is none.
pub fn shell() -> Result<PathBuf, ClusterError> {
    let known = ["/bin/busybox", "/usr/bin/busybox"].map(PathBuf::from);
    known.into_iter().find(|path| path.is_file()).ok_or_else(|| {
        let why = "busybox is missing, and DNSChaos needs a shell in the image; run `apt-get install busybox-static`";
        ClusterError::Image(why.to_owned())
    })
}

/// Where a blob lies in the archive.
fn path(descriptor: &Value) -> String {
    let digest = descriptor["digest"].as_str().unwrap_or_default();
    format!("blobs/{}", digest.replace(':', "/"))
}

fn pack(layer: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packed = GzBuilder::new().mtime(0).write(Vec::new(), Compression::fast());
    packed.write_all(layer)?;
    packed.finish()
}

/// As OCI names it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn sha256(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn failed(what: &str, why: &std::io::Error) -> ClusterError {
    ClusterError::Image(format!("cannot {what}: {why}; make room, or choose another folder"))
}

#[cfg(test)]
mod tests;
