//! What a stage answers once it is up. The words about chaos are kubectl's.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use chaos::document;
use chaos::snapshot::Name;
use stage::{Stage, wait_until_begun};

use super::protocol::{Answer, Request};
use super::status::Status;

/// How long a deleted experiment may take to recover.
const RECOVERY: Duration = Duration::from_secs(20);

/// The longest that a roll-out may take.
const ROLL_OUT: Duration = Duration::from_secs(25);

/// How long one that was applied may take to be injected.
const INJECTION: Duration = Duration::from_secs(5);

/// The stage of this process, and what the others call it.
pub(super) struct Up<'s> {
    pub(super) stage: &'s dyn Stage,
    pub(super) name: &'s str,
    pub(super) dir: &'s Path,
}

/// Does to a stage in a cluster, which has no process of its own, what is asked of it. Returns what
/// was done, also when the rest failed.
pub async fn carry_out(stage: &dyn Stage, request: Request) -> (String, Result<()>) {
    let mut done = String::new();
    let up = Up { stage, name: "cluster", dir: Path::new("") };
    let result = up.carry_out(request, &mut done).await;
    (done, result.map(drop))
}

impl Up<'_> {
    pub(super) async fn answer(&self, request: Request) -> Answer {
        let mut done = String::new();
        match self.carry_out(request, &mut done).await {
            Ok(Some(answer)) => answer,
            Ok(None) => Answer::Done { text: done },
            Err(why) => Answer::Refused { text: done, why: format!("{why:#}") },
        }
    }

    /// Does what is asked, and writes down what was done as it is done: a failure in the middle
    /// does not hide the rest.
    async fn carry_out(&self, request: Request, done: &mut String) -> Result<Option<Answer>> {
        let stage = self.stage;
        match request {
            Request::Hello | Request::Down => {} // answered at the door
            Request::Status => {
                let (pods, chaos) = (stage.status().await?, stage.chaos().await?);
                let (dir, pods) = (self.dir.to_owned(), (*pods).clone());
                let status = Status::new(self.name, dir, stage.place(), pods, &chaos);
                return Ok(Some(Answer::Status(Box::new(status))));
            }
            Request::Inbox => {
                return Ok(Some(Answer::Inbox { messages: stage.mail().await? }));
            }
            Request::SetEnv { deployment, env } => {
                stage.set_env(&deployment, &env).await?;
                stage.wait_ready(&deployment, ROLL_OUT).await?;
                *done = format!("deployment.apps/{} rolled out\n", deployment.name);
            }
            Request::Apply { files } => {
                stage.apply(&files, &BTreeMap::new()).await?;
            }
            Request::Chaos => return Ok(Some(Answer::Chaos(Box::new(stage.chaos().await?)))),
            Request::ChaosApply(file) => {
                let documents = document::parse(&file.name, &file.text)?;
                for document in &documents {
                    if let Some(refusal) = document.refusals().first() {
                        bail!("{}: {}: {refusal}", file.name, document.meta.name);
                    }
                }
                for document in &documents {
                    let object = object(document.kind(), &document.meta.name);
                    let applied = stage.inject(document).await?;
                    done.push_str(&format!("{object} {applied}\n"));
                }
                for document in &documents {
                    wait_until_begun(stage, document, INJECTION).await?;
                }
            }
            Request::ChaosDelete { name } => {
                let (kind, name) = self.only(&name).await?;
                stage.remove(&name, RECOVERY).await?;
                *done = format!("{} \"{}\" deleted\n", group(&kind), name.name);
            }
            Request::ChaosPause { name, pause } => {
                let (kind, name) = self.only(&name).await?;
                stage.pause(&name, pause).await?;
                let now = if pause { "paused" } else { "resumed" };
                *done = format!("{} {now}\n", object(&kind, &name.name));
            }
        }
        Ok(None)
    }

    /// The one object that a name means, by its full name; a name without an object, or with
    /// several, is left to the engine, which refuses it.
    async fn only(&self, text: &str) -> Result<(String, Name)> {
        let name: Name = text.parse()?;
        let snapshot = self.stage.chaos().await?;
        let mut meant = snapshot.find_all(&name);
        let only = match (meant.next(), meant.next()) {
            (Some(object), None) => Some((object.kind.clone(), object.full_name())),
            _ => None,
        };
        Ok(only.unwrap_or((String::new(), name.clone())))
    }
}

fn group(kind: &str) -> String {
    format!("{}.chaos-mesh.org", kind.to_lowercase())
}

fn object(kind: &str, name: &str) -> String {
    format!("{}/{name}", group(kind))
}
