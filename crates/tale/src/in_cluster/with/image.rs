//! The image of the programs beside this one: its name, which is its content, and its way to the
//! nodes of a cluster whose tool is known.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Instant, UNIX_EPOCH};

use ::cluster::monitoring::lies_there;
use ::cluster::{Connection, Progress};
use anyhow::{Context, Result, ensure};
use images::{Image, REPOSITORY, STAGE_REPOSITORY, Target};
use tokio::process::Command;

use crate::folders;

/// The image's name. Brings the image to the nodes when it is not there and the context's name
/// tells how; other clusters will say that it is missing.
pub(super) async fn brought(
    root: &Path,
    connection: &Connection,
    progress: &Progress,
) -> Result<String> {
    let name = name(root)?;
    bring(connection, &name, || images::tales(&beside()?).map_err(Into::into), progress).await?;
    Ok(name)
}

/// The same for the image of the whole local stage.
pub(super) async fn brought_stage(
    root: &Path,
    connection: &Connection,
    progress: &Progress,
) -> Result<String> {
    let image = images::stage(&beside()?, root)?;
    let name = format!("{STAGE_REPOSITORY}:{}", image.archive().tag());
    bring(connection, &name, || Ok(image), progress).await?;
    Ok(name)
}

async fn bring(
    connection: &Connection,
    name: &str,
    image: impl FnOnce() -> Result<Image>,
    progress: &Progress,
) -> Result<()> {
    let since = Instant::now();
    if lies_there(&connection.api, name).await == Some(false)
        && let Some(target) = Target::of_context(&connection.context)
    {
        let file = tempfile::Builder::new().prefix("tales-").suffix(".tar").tempfile()?;
        let mut out = BufWriter::new(File::create(file.path())?);
        image()?.archive().write(name, &mut out)?;
        out.flush()?;
        let mut command = Command::from(target.command(file.path()));
        let ended = command.kill_on_drop(true).status().await;
        let ended = ended.with_context(|| format!("cannot bring the image into {target}"))?;
        ensure!(ended.success(), "the image was not brought into {target} ({ended})");
        progress("the image is on the nodes", since.elapsed(), name);
    }
    Ok(())
}

/// The image's name. Packing takes seconds, so it is remembered for as long as the program is the
/// same file.
pub(super) fn name(root: &Path) -> Result<String> {
    let folder = beside()?;
    let stamp = stamp(&folder.join(images::SERVICES));
    let kept = folders::stages(root).join("image");
    let remembered = std::fs::read_to_string(&kept).unwrap_or_default();
    if let Some((before, name)) = remembered.trim_end().split_once('\n')
        && before == stamp
    {
        return Ok(name.to_owned());
    }
    let name = format!("{REPOSITORY}:{}", images::tales(&folder)?.archive().tag());
    // It only saves time.
    let _ = std::fs::create_dir_all(folders::stages(root))
        .and_then(|()| std::fs::write(&kept, format!("{stamp}\n{name}\n")));
    Ok(name)
}

fn beside() -> Result<PathBuf> {
    let program = std::env::current_exe().context("cannot tell where this program lies")?;
    Ok(program.parent().map(Path::to_owned).unwrap_or_default())
}

/// What tells whether a file was written since.
fn stamp(file: &Path) -> String {
    let data = std::fs::metadata(file).ok();
    let changed = data.as_ref().and_then(|data| data.modified().ok());
    let changed = changed.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let nanos = changed.map_or(0, |time| time.as_nanos());
    format!("{}:{}:{nanos}", file.display(), data.map_or(0, |data| data.len()))
}
