//! `tale cluster`: what others make and a cluster needs, fetched while there is a network, and
//! brought to the nodes where there is none.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use images::Target;
use images::bundle::{Bundle, Lock};

use super::images::{execute, is_there, target_of_context, temporary, write};
use crate::cli::{Bundle as Wanted, Cluster, Image, Which};
use crate::folders::Project;
use crate::in_cluster;
use crate::terminal::{note, print};

/// Where the lock file lies in the project.
pub const LOCK: &str = "manifests/cluster.lock.yaml";

/// Does it.
///
/// # Errors
/// What cannot be had, is not what the lock file says, or did not reach its target.
pub async fn run(project: &Project, verb: Cluster) -> Result<ExitCode> {
    match verb {
        Cluster::Fetch { bundle, architecture, update, mirror } => {
            let (path, text, lock) = read(project, &bundle)?;
            let architecture = architecture.unwrap_or_else(|| here().to_owned());
            let folder = Bundle::at(&bundle.folder);
            let asked = in_cluster::Fetching { folder, architecture, anew: update, mirror };
            let pins = in_cluster::fetch(asked, &lock).await?;
            let name = path.display();
            if update {
                let pinned = pins
                    .iter()
                    .try_fold(text, |text, (entry, digest)| Lock::pinned(&text, entry, digest));
                let pinned = pinned.map_err(|why| anyhow::anyhow!("{name}: {why}"))?;
                fs::write(&path, pinned).with_context(|| format!("cannot write {name}"))?;
                note(&format!("{} digests written into {name}", pins.len()));
            } else if !pins.is_empty() {
                let count = pins.len();
                note(&format!(
                    "{count} entries of {name} have a version and no digest yet, so that nothing \
                     but TLS speaks for them; `tale cluster fetch --update` writes the digests down"
                ));
            }
            print(&bundle.folder.display().to_string());
            note("`tale cluster load` brings it to a cluster, without a network");
        }
        Cluster::Load { bundle, to, registry, without_tales } => {
            let (.., lock) = read(project, &bundle)?;
            let folder = Bundle::at(&bundle.folder);
            folder.check(&lock)?;
            let own = (!without_tales).then_some(project);
            match registry {
                Some(registry) => push(&folder, &lock, &registry, own)?,
                None => load(&folder, &lock, to, own)?,
            }
            for file in &lock.files {
                print(&folder.file(file).display().to_string());
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn load(folder: &Bundle, lock: &Lock, to: Option<Target>, own: Option<&Project>) -> Result<()> {
    let to = to.or_else(target_of_context).context(
        "the current context of kubectl does not tell what kind of cluster it is; say --to kind, \
         k3d, minikube, k3s, containerd, docker, podman or nerdctl, or --registry HOST/NAME",
    )?;
    let archive = temporary()?;
    if !lock.images.is_empty() {
        archived(folder, lock, archive.path())?;
        execute(&mut to.command(archive.path()))?;
        lock.images.iter().for_each(|image| print(&image.image.to_string()));
    }
    if let Some(project) = own {
        let name = write(project, &tales(None), archive.path())?;
        execute(&mut to.command(archive.path()))?;
        print(&name);
    }
    note(&format!("loaded into {to}"));
    Ok(())
}

/// One after the other: an archive of several has no single name to be pushed under.
fn push(folder: &Bundle, lock: &Lock, registry: &str, own: Option<&Project>) -> Result<()> {
    let registry = registry.trim_end_matches('/');
    let archive = temporary()?;
    let pushed = |name: &str| {
        let push = Target::push(archive.path(), name, is_there);
        let push = push.context(
            "pushing needs skopeo or crane; install one: apt-get install skopeo, or \
             https://github.com/google/go-containerregistry",
        );
        execute(&mut push?)?;
        print(name);
        anyhow::Ok(())
    };
    for image in &lock.images {
        let one = Lock { images: vec![image.clone()], files: Vec::new() };
        archived(folder, &one, archive.path())?;
        let last = image.image.repository.rsplit('/').next().unwrap_or_default();
        pushed(&format!("{registry}/{last}:{}", image.image.tag))?;
    }
    if let Some(project) = own {
        pushed(&write(project, &tales(Some(format!("{registry}/tales"))), archive.path())?)?;
    }
    Ok(())
}

/// This project's own image.
fn tales(repository: Option<String>) -> Image {
    Image { which: Which::Tales, programs: None, repository }
}

fn archived(folder: &Bundle, lock: &Lock, out: &Path) -> Result<()> {
    let cannot = || format!("cannot write {}", out.display());
    let mut file = BufWriter::new(File::create(out).with_context(cannot)?);
    folder.write(lock, &mut file)?;
    file.flush().with_context(cannot)
}

/// The lock file, its text, and what is wanted of it.
fn read(project: &Project, wanted: &Wanted) -> Result<(PathBuf, String, Lock)> {
    let path = match &wanted.lock {
        Some(path) => path.clone(),
        None => project.folder()?.join(LOCK),
    };
    let name = path.display();
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {name}"))?;
    let lock = Lock::parse(&text).and_then(|lock| lock.only(&wanted.needed_for));
    let lock = lock.map_err(|why| anyhow::anyhow!("{name}: {why}"))?;
    Ok((path, text, lock))
}

/// What images call this machine's processor.
fn here() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }
}
