//! What others make and a cluster needs, in a folder: an [OCI image layout][oci] of all the images,
//! and the files beside it. It is filled where there is a network, and read where there is none.
//!
//! [oci]: https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md

mod lock;
mod reference;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use oci::digest::{Algorithm, Digest, Hasher};
use oci::manifest::{Descriptor, Manifest};
use serde_json::{Value, json};

pub use lock::{Lock, LockedFile, LockedImage};
pub use reference::Reference;

/// The annotation that says what the registry calls what an image was taken from.
const TAKEN_FROM: &str = "tales.dev/taken-from";
/// By this one containerd knows the name of an image, by the next one others do.
const CONTAINERD: &str = "io.containerd.image.name";
const OTHERS: &str = "org.opencontainers.image.ref.name";

/// A folder of images and files.
#[derive(Debug, Clone)]
pub struct Bundle {
    folder: PathBuf,
}

/// Why a bundle cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A file or folder.
    #[error("{}: {why}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// Something is not there.
    #[error("{name} is not in {}; with a network: ./tale cluster fetch", folder.display())]
    Missing {
        /// The image or the file.
        name: String,
        /// The folder.
        folder: PathBuf,
    },
    /// Something is not what it should be.
    #[error("{name}: {what} is not {digest}: refused; delete it and fetch it again")]
    Differs {
        /// The image or the file.
        name: String,
        /// Which part of it.
        what: String,
        /// What it should be.
        digest: Digest,
    },
    /// The lock file has changed since.
    #[error("{name} was fetched as {was}, and the lock file says {wanted}; ./tale cluster fetch")]
    Outdated {
        /// The image.
        name: String,
        /// What is in the folder.
        was: String,
        /// What should be.
        wanted: Digest,
    },
    /// A text that cannot be read.
    #[error("{name}: {why}")]
    Unreadable {
        /// The image, or a file of the folder.
        name: String,
        /// Why.
        why: String,
    },
}

impl Bundle {
    /// One in this folder, which need not be there yet.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Where a piece of an image lies, if it is there.
    pub fn blob(&self, digest: &Digest) -> PathBuf {
        let algorithm = digest.algorithm().as_str();
        self.folder.join("blobs").join(algorithm).join(digest.hex())
    }

    /// Where a file lies, if it is there.
    pub fn file(&self, file: &LockedFile) -> PathBuf {
        self.folder.join("files").join(file.name())
    }

    /// Notes that an image is there: all its pieces lie in their places. `taken_from` is what the
    /// registry calls it, which may be an index of several platforms.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn add(
        &self,
        name: &Reference,
        mut image: Descriptor,
        taken_from: &Digest,
    ) -> Result<(), BundleError> {
        let mut index = self.index()?;
        let name = name.to_string();
        let said = json!({CONTAINERD: name, OTHERS: name, TAKEN_FROM: taken_from.to_string()});
        image.annotations = said.as_object().cloned();
        let all = index["manifests"].as_array_mut().expect("an index has a list");
        all.retain(|one| one["annotations"][CONTAINERD] != *name);
        all.push(serde_json::to_value(image).expect("a descriptor is JSON"));
        self.put("oci-layout", &json!({"imageLayoutVersion": "1.0.0"}))?;
        self.put("index.json", &index)
    }

    /// What an image was taken from; none if it is not there.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn taken_from(&self, name: &Reference) -> Result<Option<Digest>, BundleError> {
        let found = self.entry(&self.index()?, &name.to_string());
        let digest = found.and_then(|one| one["annotations"][TAKEN_FROM].as_str()?.parse().ok());
        Ok(digest)
    }

    /// Everything that a lock file wants is there, and is what it says.
    ///
    /// # Errors
    /// The first thing that is not.
    pub fn check(&self, lock: &Lock) -> Result<(), BundleError> {
        for image in &lock.images {
            self.pieces(image)?;
        }
        for file in &lock.files {
            let path = self.file(file);
            let wanted = file.digest.as_ref();
            let is =
                self.hash(&path, file.name(), wanted.map_or(Algorithm::Sha256, Digest::algorithm))?;
            if let Some(digest) = wanted.filter(|digest| **digest != is).cloned() {
                let (name, what) = (file.url.clone(), path.display().to_string());
                return Err(BundleError::Differs { name, what, digest });
            }
        }
        Ok(())
    }

    /// Writes the images of a lock file as one archive, which docker, podman, containerd, kind,
    /// k3d, k3s and minikube load at once.
    ///
    /// # Errors
    /// One is missing or is not what it should be, or `to` takes no more.
    pub fn write(&self, lock: &Lock, to: &mut dyn Write) -> Result<(), BundleError> {
        let io = |why: io::Error| BundleError::File { path: "the archive".into(), why };
        let mut tar = tar::Builder::new(to);
        let (mut manifests, mut docker, mut written) = (Vec::new(), Vec::new(), Vec::new());
        for image in &lock.images {
            let (entry, manifest, pieces) = self.pieces(image)?;
            let at = |digest: &str| format!("blobs/{}", digest.replacen(':', "/", 1));
            docker.push(json!({
                "Config": manifest.config.as_ref().map(|config| at(&config.digest)),
                "RepoTags": [image.image.to_string()],
                "Layers": manifest.layers.iter().map(|one| at(&one.digest)).collect::<Vec<_>>(),
            }));
            manifests.push(entry);
            for digest in pieces {
                if !written.contains(&digest) {
                    let file = self.open(&self.blob(&digest))?;
                    let mut header = header(file.metadata().map_err(io)?.len());
                    tar.append_data(&mut header, at(&digest.to_string()), file).map_err(io)?;
                    written.push(digest);
                }
            }
        }
        let index =
            json!({"schemaVersion": 2, "mediaType": oci::manifest::INDEX, "manifests": manifests});
        for (name, value) in [
            ("index.json", index),
            ("manifest.json", Value::from(docker)),
            ("oci-layout", json!({"imageLayoutVersion": "1.0.0"})),
        ] {
            let text = value.to_string();
            tar.append_data(&mut header(text.len() as u64), name, text.as_bytes()).map_err(io)?;
        }
        tar.into_inner().and_then(|to| to.flush()).map_err(io)
    }

    /// An image's entry, its manifest, and its pieces, each of which is what it should be.
    fn pieces(&self, image: &LockedImage) -> Result<(Value, Manifest, Vec<Digest>), BundleError> {
        let name = image.image.to_string();
        let missing = || BundleError::Missing { name: name.clone(), folder: self.folder.clone() };
        let entry = self.entry(&self.index()?, &name).ok_or_else(missing)?;
        let was = entry["annotations"][TAKEN_FROM].as_str().unwrap_or_default();
        if let Some(wanted) = image.digest.clone().filter(|wanted| wanted.to_string() != was) {
            return Err(BundleError::Outdated { name, was: was.to_owned(), wanted });
        }
        let odd = |why: &dyn ToString| BundleError::Unreadable {
            name: name.clone(),
            why: why.to_string(),
        };
        let digest: Digest =
            entry["digest"].as_str().unwrap_or_default().parse().map_err(|why| odd(&why))?;
        let text = self.checked(&name, &digest)?;
        let media_type = entry["mediaType"].as_str().unwrap_or_default();
        let manifest = Manifest::parse(media_type, &text).map_err(|why| odd(&why))?;
        let mut pieces: Vec<Digest> = manifest.blobs().collect();
        for piece in &pieces {
            if self.hash(&self.blob(piece), &name, piece.algorithm())? != *piece {
                let what = self.blob(piece).display().to_string();
                return Err(BundleError::Differs { name, what, digest: piece.clone() });
            }
        }
        pieces.push(digest);
        Ok((entry, manifest, pieces))
    }

    fn checked(&self, name: &str, digest: &Digest) -> Result<Vec<u8>, BundleError> {
        let path = self.blob(digest);
        let mut bytes = Vec::new();
        let limit = oci::manifest::MAX_BYTES as u64;
        let read = self.open(&path)?.take(limit).read_to_end(&mut bytes);
        read.map_err(|why| BundleError::File { path: path.clone(), why })?;
        if digest.fits(&bytes) {
            return Ok(bytes);
        }
        let (name, what) = (name.to_owned(), path.display().to_string());
        Err(BundleError::Differs { name, what, digest: digest.clone() })
    }

    fn hash(&self, path: &Path, name: &str, by: Algorithm) -> Result<Digest, BundleError> {
        if !path.is_file() {
            return Err(BundleError::Missing {
                name: name.to_owned(),
                folder: self.folder.clone(),
            });
        }
        digest_of(path, by).map_err(|why| BundleError::File { path: path.to_owned(), why })
    }

    fn open(&self, path: &Path) -> Result<File, BundleError> {
        File::open(path).map_err(|why| BundleError::File { path: path.to_owned(), why })
    }

    fn entry(&self, index: &Value, name: &str) -> Option<Value> {
        let all = index["manifests"].as_array()?;
        all.iter().find(|one| one["annotations"][CONTAINERD] == *name).cloned()
    }

    fn index(&self) -> Result<Value, BundleError> {
        let path = self.folder.join("index.json");
        let empty = json!({"schemaVersion": 2, "mediaType": oci::manifest::INDEX, "manifests": []});
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(empty),
            Err(why) => return Err(BundleError::File { path, why }),
        };
        let index: Value = serde_json::from_str(&text).unwrap_or_default();
        if index["manifests"].is_array() {
            return Ok(index);
        }
        let why = "it is no index of images; delete it and fetch again".to_owned();
        Err(BundleError::Unreadable { name: path.display().to_string(), why })
    }

    /// Never half: what was there stays until the new text is whole.
    fn put(&self, name: &str, value: &Value) -> Result<(), BundleError> {
        let path = self.folder.join(name);
        let beside = path.with_extension("new");
        let written = fs::create_dir_all(&self.folder)
            .and_then(|()| fs::write(&beside, value.to_string()))
            .and_then(|()| fs::rename(&beside, &path));
        written.map_err(|why| BundleError::File { path, why })
    }
}

/// Without a time and an owner: the same images are the same archive.
fn header(size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o644);
    header.set_mtime(0);
    header
}

/// What a file is.
///
/// # Errors
/// It cannot be read.
pub fn digest_of(path: &Path, algorithm: Algorithm) -> io::Result<Digest> {
    let (mut file, mut hasher) = (File::open(path)?, Hasher::new(algorithm));
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finish()),
            read => hasher.update(&buffer[..read]),
        }
    }
}
