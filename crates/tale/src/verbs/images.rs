//! `tale images`: the container images of the services and of the whole stage, written without a
//! daemon, and brought to where they are run.

mod context;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use images::Target;
use tempfile::NamedTempFile;

use crate::cli::{Image, Images, Which};
use crate::folders::Project;
use crate::terminal::{note, print};

/// Does it.
///
/// # Errors
/// What is missing, cannot be written, or did not reach its target.
pub fn run(project: &Project, verb: Images) -> Result<ExitCode> {
    match verb {
        Images::Build { image, out } => {
            let out = out.unwrap_or_else(|| image.which.file().into());
            let name = write(project, &image, &out)?;
            print(&name);
            let out = out.display();
            note(&format!("written to {out}; `tale images load` brings it to a local cluster"));
        }
        Images::Archive { programs, out } => {
            let programs = programs_folder(programs.as_deref())?;
            let version = env!("CARGO_PKG_VERSION");
            let release = images::Release::new(&programs, project.folder()?, version)?;
            let file = out.join(&release.name);
            let sum = out.join(format!("{}.sha256", release.name));
            std::fs::create_dir_all(&out)
                .and_then(|()| std::fs::write(&file, &release.bytes))
                .and_then(|()| std::fs::write(sum, release.checksum()))
                .with_context(|| format!("cannot write {}", file.display()))?;
            print(&file.display().to_string());
            let megabytes = release.bytes.len() as f64 / 1e6;
            note(&format!("{megabytes:.1} MB, sha256 {}", release.checksum().trim_end()));
        }
        Images::Load { image, to } => {
            let to = to.or_else(target_of_context).context(
                "the current context of kubectl does not tell what kind of cluster it is; say --to \
                 kind, k3d, minikube, k3s, containerd, docker, podman or nerdctl, or push the image \
                 to a registry: tale images push REPOSITORY",
            )?;
            let archive = temporary()?;
            let name = write(project, &image, archive.path())?;
            execute(&mut to.command(archive.path()))?;
            print(&name);
            note(&format!("loaded into {to}"));
        }
        Images::Push { which, programs, repository } => {
            let archive = temporary()?;
            let image = Image { which, programs, repository: Some(repository) };
            let name = write(project, &image, archive.path())?;
            let push = Target::push(archive.path(), &name, is_there);
            let mut push = push.context(
                "pushing needs skopeo or crane; install one: apt-get install skopeo, or \
                 https://github.com/google/go-containerregistry",
            )?;
            execute(&mut push)?;
            print(&name);
            note("pushed");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the image under a name that ends in a tag made from its content. The name.
pub(super) fn write(project: &Project, wanted: &Image, out: &Path) -> Result<String> {
    let programs = programs_folder(wanted.programs.as_deref())?;
    let image = match wanted.which {
        Which::Tales => images::tales(&programs)?,
        Which::TalesStage => images::stage(&programs, project.folder()?)?,
    };
    let archive = image.archive();
    let repository = wanted.repository.as_deref().unwrap_or(wanted.which.repository());
    let name = named(repository, archive.tag());
    let cannot = || format!("cannot write {}", out.display());
    let mut file = BufWriter::new(File::create(out).with_context(cannot)?);
    archive.write(&name, &mut file).and_then(|()| file.flush()).with_context(cannot)?;
    let megabytes = image.unpacked_bytes() as f64 / 1e6;
    note(&format!("{name}: {megabytes:.1} MB unpacked, digest {}", archive.digest()));
    Ok(name)
}

/// The content's tag, unless the name has one: after the last colon there is a tag, or a registry's
/// port and the rest of the name.
fn named(repository: &str, content: &str) -> String {
    match repository.rsplit_once(':') {
        Some((_, tag)) if !tag.contains('/') => repository.to_owned(),
        _ => format!("{repository}:{content}"),
    }
}

fn programs_folder(named: Option<&Path>) -> Result<PathBuf> {
    if let Some(folder) = named {
        return Ok(folder.to_owned());
    }
    let this = std::env::current_exe().context("cannot tell where this program lies")?;
    Ok(this.parent().map(Path::to_owned).unwrap_or_default())
}

/// Runs a tool to its end; what it says goes to standard error.
pub(super) fn execute(command: &mut Command) -> Result<()> {
    let args = command.get_args().map(OsStr::to_string_lossy);
    let words: Vec<_> =
        std::iter::once(command.get_program().to_string_lossy()).chain(args).collect();
    let words = words.join(" ");
    note(&format!("$ {words}"));
    let ended = command.stdin(Stdio::null()).stdout(std::io::stderr()).status();
    let program = command.get_program().to_string_lossy();
    let ended = ended.with_context(|| format!("cannot run {program}; is it installed?"))?;
    if !ended.success() {
        bail!("`{words}` ended with {ended}");
    }
    Ok(())
}

pub(super) fn target_of_context() -> Option<Target> {
    Target::of_context(&context::current()?)
}

pub(super) fn is_there(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(tool).is_file())
}

/// An archive that is removed when it has reached its target.
pub(super) fn temporary() -> Result<NamedTempFile> {
    let file = tempfile::Builder::new().prefix("tales-").suffix(".tar").tempfile();
    file.context("cannot write to the folder of temporary files; TMPDIR names another one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_in_the_name_is_kept_and_a_port_is_none() {
        assert_eq!(named("tales.local/tales:demo", "0123"), "tales.local/tales:demo");
        assert_eq!(named("localhost:5000/tales", "0123"), "localhost:5000/tales:0123");
        assert_eq!(named("tales.local/tales", "0123"), "tales.local/tales:0123");
    }
}
