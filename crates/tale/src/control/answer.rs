//! What a stage answers once it is up. The words about chaos are kubectl's.

use std::time::Duration;

use anyhow::Result;
use chaos::document::{self, Document};
use chaos::engine::{Applied, Name};

use super::protocol::{Answer, File, Request};
use super::server::Desk;
use crate::status::Status;
use crate::world::World;

/// How long a deleted experiment may take to recover.
const RECOVERY: Duration = Duration::from_secs(20);

pub(super) async fn answer(request: Request, world: &World, desk: &Desk) -> Answer {
    let mut text = String::new();
    match carry_out(request, world, desk, &mut text).await {
        Ok(()) => Answer::Done { text },
        Err(why) => Answer::Refused { text, why: format!("{why:#}") },
    }
}

/// Does what is asked, and writes down what was done as it is done: a failure in the middle does
/// not hide the rest.
async fn carry_out(request: Request, world: &World, desk: &Desk, text: &mut String) -> Result<()> {
    let chaos = &world.chaos;
    match request {
        Request::Hello | Request::Down => {} // answered at the door
        Request::Status { json } => {
            let stage = world.stage.snapshot();
            let chaos = chaos.get().await?;
            let status = Status::of(world, &stage, &chaos, &desk.name, &desk.dir);
            *text = if json { status.json()? } else { status.table() };
        }
        Request::ChaosApply(file) => {
            for document in documents(&file)? {
                let object = object(document.kind(), &document.meta.name);
                let done = match chaos.apply(document).await? {
                    Applied::Created => "created",
                    Applied::Configured => "configured",
                    Applied::Unchanged => "unchanged",
                };
                text.push_str(&format!("{object} {done}\n"));
            }
        }
        Request::ChaosDryRun(file) => {
            for document in documents(&file)? {
                text.push_str(&chaos::render::dry_run(&chaos.dry_run(document).await?));
            }
        }
        Request::ChaosGet => *text = chaos::render::get(&chaos.get().await?),
        Request::ChaosSnapshot => *text = serde_json::to_string(&chaos.get().await?)?,
        Request::ChaosDescribe { name } => *text = chaos.describe(&name.parse()?).await?,
        Request::ChaosDelete { name } => {
            let (kind, name) = only(&name, world).await?;
            chaos.delete(&name).await?;
            chaos.wait_gone(&name, RECOVERY).await?;
            let group = group(kind);
            *text = format!("{group} \"{}\" deleted\n", name.name);
        }
        Request::ChaosPause { name, pause } => {
            let (kind, name) = only(&name, world).await?;
            chaos.pause(&name, pause).await?;
            let done = if pause { "paused" } else { "resumed" };
            *text = format!("{} {done}\n", object(kind, &name.name));
        }
    }
    Ok(())
}

fn documents(file: &File) -> Result<Vec<Document>> {
    Ok(document::parse(&file.file, &file.text)?)
}

/// The one object that a name means, by its full name; a name without an object, or with several,
/// is left to the engine, which refuses it.
async fn only(text: &str, world: &World) -> Result<(&'static str, Name)> {
    let name: Name = text.parse()?;
    let snapshot = world.chaos.get().await?;
    let mut meant = snapshot
        .objects
        .iter()
        .filter(|one| name.means(one.kind, &one.metadata.namespace, &one.metadata.name));
    Ok(match (meant.next(), meant.next()) {
        (Some(one), None) => (
            one.kind,
            Name {
                namespace: Some(one.metadata.namespace.clone()),
                kind: Some(one.kind.to_owned()),
                name: one.metadata.name.clone(),
            },
        ),
        _ => ("", name),
    })
}

fn group(kind: &str) -> String {
    format!("{}.chaos-mesh.org", kind.to_lowercase())
}

fn object(kind: &str, name: &str) -> String {
    format!("{}/{name}", group(kind))
}
