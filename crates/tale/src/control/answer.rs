//! What a stage answers once it is up. The words about chaos are kubectl's.

use std::time::Duration;

use anyhow::Result;
use chaos::document::{self, Document};
use chaos::dry_run::DryRun;
use chaos::engine::{EngineError, Options};
use chaos::render;
use chaos::snapshot::Name;
use jiff::Timestamp;

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
    let stage = &world.stage;
    match request {
        Request::Hello | Request::Down => {} // answered at the door
        Request::Status { json } => {
            let pods = stage.status().await?;
            let chaos = stage.chaos().await?;
            let status = Status::of(world, &pods, &chaos, &desk.name, &desk.dir);
            *text = if json { status.json()? } else { status.table() };
        }
        Request::ChaosApply(file) => {
            for document in documents(&file)? {
                let object = object(document.kind(), &document.meta.name);
                let applied = stage.inject(&document).await?;
                text.push_str(&format!("{object} {applied}\n"));
            }
        }
        Request::ChaosDryRun(file) => {
            let (pods, now) = (stage.status().await?.selectable(), Timestamp::now());
            let maximum = Options::default().default_maximum;
            for document in documents(&file)? {
                let run = DryRun::rehearse(&document, Ok(&pods), maximum, now);
                text.push_str(&render::dry_run(&run));
            }
        }
        Request::ChaosGet => *text = render::get(&stage.chaos().await?),
        Request::ChaosSnapshot => *text = serde_json::to_string(&stage.chaos().await?)?,
        Request::ChaosDescribe { name } => *text = describe(&name.parse()?, world).await?,
        Request::ChaosDelete { name } => {
            let (kind, name) = only(&name, world).await?;
            stage.remove(&name, RECOVERY).await?;
            let group = group(&kind);
            *text = format!("{group} \"{}\" deleted\n", name.name);
        }
        Request::ChaosPause { name, pause } => {
            let (kind, name) = only(&name, world).await?;
            stage.pause(&name, pause).await?;
            let done = if pause { "paused" } else { "resumed" };
            *text = format!("{} {done}\n", object(&kind, &name.name));
        }
    }
    Ok(())
}

fn documents(file: &File) -> Result<Vec<Document>> {
    Ok(document::parse(&file.file, &file.text)?)
}

/// Everything about every object that a name means.
async fn describe(name: &Name, world: &World) -> Result<String> {
    let snapshot = world.stage.chaos().await?;
    let texts: Vec<String> =
        snapshot.find_all(name).map(|object| render::describe(&snapshot, object)).collect();
    if texts.is_empty() {
        return Err(EngineError::NotFound(name.to_string()).into());
    }
    Ok(texts.join("\n\n"))
}

/// The one object that a name means, by its full name; a name without an object, or with several,
/// is left to the engine, which refuses it.
async fn only(text: &str, world: &World) -> Result<(String, Name)> {
    let name: Name = text.parse()?;
    let snapshot = world.stage.chaos().await?;
    let mut meant = snapshot.find_all(&name);
    let only = match (meant.next(), meant.next()) {
        (Some(object), None) => Some((object.kind.clone(), object.full_name())),
        _ => None,
    };
    Ok(only.unwrap_or((String::new(), name.clone())))
}

fn group(kind: &str) -> String {
    format!("{}.chaos-mesh.org", kind.to_lowercase())
}

fn object(kind: &str, name: &str) -> String {
    format!("{}/{name}", group(kind))
}
