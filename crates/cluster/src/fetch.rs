//! Filling a [`Bundle`] from registries and web servers: each piece is asked for by what it is, and
//! is taken only if it is that. What came before an interruption is not asked for again.

mod web;

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hyper::header::CONTENT_TYPE;
use hyper::{StatusCode, Uri};
use images::bundle::{Bundle, BundleError, Lock, LockedFile, LockedImage, digest_of};
use oci::digest::{Algorithm, Digest};
use oci::manifest::{self, Descriptor, Manifest};

use crate::Progress;
use web::Web;

/// What a registry is asked for.
const MANIFESTS: [&str; 4] =
    [manifest::INDEX, manifest::DOCKER_LIST, manifest::IMAGE, manifest::DOCKER_IMAGE];
/// Longest file that is no image, in bytes.
const MOST: u64 = 256 << 20;
/// How often a piece is asked for before its server is given up.
const TRIES: u32 = 4;
/// How long is waited before it is asked for again.
const PAUSE: Duration = Duration::from_secs(1);

/// Why something could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// A server.
    #[error("{url}: {why}")]
    Answer {
        /// What it was asked for.
        url: String,
        /// What came instead.
        why: String,
    },
    /// What came is not what was asked for.
    #[error("{name}: {what} is not {wanted}, but {is}: refused")]
    Differs {
        /// The image or the file.
        name: String,
        /// Which part of it.
        what: String,
        /// What was asked for.
        wanted: Digest,
        /// What came.
        is: Digest,
    },
    /// An image for other machines.
    #[error("{name} is not there for linux/{architecture}; there is {there}")]
    Platform {
        /// The image.
        name: String,
        /// What was wanted.
        architecture: String,
        /// What there is.
        there: String,
    },
    /// A manifest that is none.
    #[error("{name}: {why}")]
    Manifest {
        /// The image.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// The folder.
    #[error("{}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// The folder's index.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

impl FetchError {
    fn answer(url: impl ToString, why: impl Into<String>) -> Self {
        Self::Answer { url: url.to_string(), why: why.into() }
    }

    /// Whether it may go better when it is tried again: not after a 404, say.
    fn passes(&self) -> bool {
        match self {
            Self::Answer { why, .. } => !why.starts_with('4') || why.starts_with("429"),
            _ => false,
        }
    }
}

/// How a folder is filled.
pub struct Fetch {
    /// The folder.
    pub bundle: Bundle,
    /// `amd64` or `arm64`.
    pub architecture: String,
    /// Take what a tag is today, whatever the lock file says that it was.
    pub anew: bool,
    /// Who is asked in place of a host (`*` is all of them), as a URL.
    pub mirrors: Vec<(String, Uri)>,
    /// Told of everything that has come.
    pub progress: Progress,
}

/// What was not pinned, or is not any more what it was: the name of an entry, and what it is.
pub type Pins = Vec<(String, Digest)>;

/// Fetches everything of a lock file. Returns what the lock file does not say yet.
///
/// # Errors
/// The first thing that cannot be had, or is not what the lock file says.
pub async fn fetch(how: &Fetch, lock: &Lock) -> Result<Pins, FetchError> {
    let mut web = Web::new(how.mirrors.clone());
    let mut pins = Pins::new();
    for image in &lock.images {
        let is = how.image(&mut web, image).await?;
        if image.digest.as_ref() != Some(&is) {
            pins.push((image.image.to_string(), is));
        }
    }
    for file in &lock.files {
        let is = how.file(&mut web, file).await?;
        if file.digest.as_ref() != Some(&is) {
            pins.push((file.url.clone(), is));
        }
    }
    Ok(pins)
}

impl Fetch {
    /// An image; what its registry calls it.
    async fn image(&self, web: &mut Web, image: &LockedImage) -> Result<Digest, FetchError> {
        let since = Instant::now();
        let name = image.image.to_string();
        let pinned = image.digest.as_ref().filter(|_| !self.anew);
        if let Some(pinned) = pinned
            && self.bundle.taken_from(&image.image)?.as_ref() == Some(pinned)
        {
            let one = LockedImage { digest: Some(pinned.clone()), ..image.clone() };
            if self.bundle.check(&Lock { images: vec![one], files: Vec::new() }).is_ok() {
                (self.progress)(&name, since.elapsed(), "is there");
                return Ok(pinned.clone());
            }
        }
        let asked = pinned.map_or_else(|| image.image.tag.clone(), Digest::to_string);
        let (media_type, bytes) = self.manifest(web, image, &asked, pinned).await?;
        let taken_from = Digest::of(&bytes);
        let read = |media_type: &str, bytes: &[u8]| {
            let manifest = Manifest::parse(media_type, bytes);
            manifest
                .map_err(|why| FetchError::Manifest { name: name.clone(), why: why.to_string() })
        };
        let (media_type, bytes) = if manifest::is_index(&media_type) {
            let child = self.mine(&name, &read(&media_type, &bytes)?)?;
            self.manifest(web, image, &child.to_string(), Some(&child)).await?
        } else {
            (media_type, bytes)
        };
        let manifest = read(&media_type, &bytes)?;
        let mut size = 0;
        for piece in manifest.config.iter().chain(&manifest.layers) {
            self.piece(web, image, piece).await?;
            size += piece.size;
        }
        let digest = Digest::of(&bytes);
        let path = self.bundle.blob(&digest);
        let written = fs::create_dir_all(path.parent().unwrap_or(&path));
        let written = written.and_then(|()| fs::write(&path, &bytes));
        written.map_err(|why| FetchError::File { path, why })?;
        let described = manifest.described(&media_type, &digest, bytes.len() as u64);
        self.bundle.add(&image.image, described, &taken_from)?;
        let about = format!("{:.1} MB, {taken_from}", size as f64 / 1e6);
        (self.progress)(&name, since.elapsed(), &about);
        Ok(taken_from)
    }

    /// The image of an index that runs here.
    fn mine(&self, name: &str, index: &Manifest) -> Result<Digest, FetchError> {
        let of = |one: &Descriptor, field: &str| {
            let platform = one.platform.as_ref()?;
            platform[field].as_str().map(str::to_owned)
        };
        let mine = |one: &&Descriptor| {
            of(one, "os").as_deref() == Some("linux")
                && of(one, "architecture").as_deref() == Some(&*self.architecture)
        };
        let found = index.manifests.iter().find(mine);
        found.and_then(|one| one.digest.parse().ok()).ok_or_else(|| {
            let there = index
                .manifests
                .iter()
                .filter_map(|one| Some(format!("{}/{}", of(one, "os")?, of(one, "architecture")?)));
            let there = there.filter(|one| !one.starts_with("unknown")).collect::<Vec<_>>();
            let (name, architecture) = (name.to_owned(), self.architecture.clone());
            FetchError::Platform { name, architecture, there: there.join(", ") }
        })
    }

    async fn manifest(
        &self,
        web: &mut Web,
        image: &LockedImage,
        asked: &str,
        wanted: Option<&Digest>,
    ) -> Result<(String, Vec<u8>), FetchError> {
        let reference = &image.image;
        let path = format!("/v2/{}/manifests/{asked}", reference.repository);
        let url = web.url(reference.host(), &path);
        let mut tries = 0;
        let (media_type, bytes) = loop {
            let answered = async {
                let response = web.get(&url, &MANIFESTS.join(", "), 0, &scope(image)).await?;
                let header = response.headers().get(CONTENT_TYPE).cloned();
                Ok((header, web::read(response, manifest::MAX_BYTES, &url).await?))
            };
            match answered.await {
                Ok(answer) => break answer,
                Err(why) => again(why, &mut tries).await?,
            }
        };
        if let Some(wanted) = wanted.filter(|wanted| !wanted.fits(&bytes)) {
            let (name, what) = (reference.to_string(), "its manifest".to_owned());
            let is = Digest::of(&bytes);
            return Err(FetchError::Differs { name, what, wanted: wanted.clone(), is });
        }
        let media_type = media_type.as_ref().and_then(|value| value.to_str().ok());
        let media_type = media_type.unwrap_or_default().split(';').next().unwrap_or_default();
        Ok((media_type.trim().to_owned(), bytes))
    }

    async fn piece(
        &self,
        web: &mut Web,
        image: &LockedImage,
        piece: &Descriptor,
    ) -> Result<(), FetchError> {
        let name = image.image.to_string();
        let odd =
            |why: &dyn ToString| FetchError::Manifest { name: name.clone(), why: why.to_string() };
        let digest: Digest = piece.digest.parse().map_err(|why| odd(&why))?;
        let path = format!("/v2/{}/blobs/{digest}", image.image.repository);
        let url = web.url(image.image.host(), &path);
        let to = self.bundle.blob(&digest);
        let what = What { url, scope: scope(image), name, most: piece.size };
        self.download(web, &what, &to, Some(&digest)).await?;
        Ok(())
    }

    async fn file(&self, web: &mut Web, file: &LockedFile) -> Result<Digest, FetchError> {
        let since = Instant::now();
        let uri: Uri =
            file.url.parse().map_err(|_| FetchError::answer(&file.url, "it is no URL"))?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let url = web.url(uri.authority().map_or("", |host| host.as_str()), path);
        let to = self.bundle.file(file);
        let pinned = file.digest.as_ref().filter(|_| !self.anew);
        let what = What { url, scope: String::new(), name: file.url.clone(), most: MOST };
        let (is, there) = self.download(web, &what, &to, pinned).await?;
        let about = if there { "is there".to_owned() } else { is.to_string() };
        (self.progress)(file.name(), since.elapsed(), &about);
        Ok(is)
    }

    /// One file to its place, through one beside it that an interruption leaves for the next time.
    /// Returns what it is, and whether it was there.
    async fn download(
        &self,
        web: &mut Web,
        what: &What,
        to: &Path,
        wanted: Option<&Digest>,
    ) -> Result<(Digest, bool), FetchError> {
        let algorithm = wanted.map_or(Algorithm::Sha256, Digest::algorithm);
        let disk = |path: &Path| {
            let path = path.to_owned();
            move |why| FetchError::File { path, why }
        };
        if let Some(wanted) = wanted
            && to.is_file()
            && digest_of(to, algorithm).map_err(disk(to))? == *wanted
        {
            return Ok((wanted.clone(), true));
        }
        fs::create_dir_all(to.parent().unwrap_or(to)).map_err(disk(to))?;
        let own = to.file_name().unwrap_or_default().to_string_lossy();
        let part = to.with_file_name(format!("{own}.part"));
        if wanted.is_none() {
            // Half of an earlier one and half of today's would be neither.
            let _ = fs::remove_file(&part);
        }
        let mut tries = 0;
        while let Err(why) = more(web, what, &part).await {
            again(why, &mut tries).await?;
        }
        let is = digest_of(&part, algorithm).map_err(disk(&part))?;
        if let Some(wanted) = wanted.filter(|wanted| **wanted != is).cloned() {
            // What is wrong from the beginning does not become right at its end.
            let _ = fs::remove_file(&part);
            let (name, what) = (what.name.clone(), what.url.clone());
            return Err(FetchError::Differs { name, what, wanted, is });
        }
        fs::rename(&part, to).map_err(disk(to))?;
        Ok((is, false))
    }
}

/// What is asked for.
struct What {
    url: String,
    scope: String,
    /// The image or the file that it belongs to.
    name: String,
    /// Longest answer, in bytes.
    most: u64,
}

/// What is missing of a file, from where it ends.
async fn more(web: &mut Web, what: &What, part: &Path) -> Result<(), FetchError> {
    let What { url, scope, most, .. } = what;
    let disk = |why| FetchError::File { path: part.to_owned(), why };
    let mut there = fs::metadata(part).map_or(0, |data| data.len());
    let response = match web.get(url, "*/*", there, scope).await {
        // It ends where the part does, or before: from the beginning, to be sure.
        Err(FetchError::Answer { why, .. }) if there > 0 && why.starts_with("416") => {
            web.get(url, "*/*", 0, scope).await?
        }
        response => response?,
    };
    let mut file: File = if response.status() == StatusCode::PARTIAL_CONTENT {
        OpenOptions::new().append(true).create(true).open(part).map_err(disk)?
    } else {
        there = 0;
        File::create(part).map_err(disk)?
    };
    let mut body = response.into_body();
    while let Some(piece) = web::next(&mut body, url).await? {
        there += piece.len() as u64;
        if there > *most {
            drop(file);
            let _ = fs::remove_file(part);
            return Err(FetchError::answer(url, format!("413: more than {most} bytes")));
        }
        file.write_all(&piece).map_err(disk)?;
    }
    file.sync_all().map_err(disk)
}

fn scope(image: &LockedImage) -> String {
    format!("repository:{}:pull", image.image.repository)
}

/// Waits before the next try, or gives up with what went wrong.
async fn again(why: FetchError, tries: &mut u32) -> Result<(), FetchError> {
    *tries += 1;
    if *tries >= TRIES || !why.passes() {
        return Err(why);
    }
    tokio::time::sleep(PAUSE * *tries).await;
    Ok(())
}
