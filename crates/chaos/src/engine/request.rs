//! What can be asked of the driver, and the answers.

use tokio::sync::oneshot;

use super::clock::Clock;
use super::driver::Driver;
use super::error::EngineError;
use super::world::{Key, World};
use crate::document::Document;
use crate::dry_run::DryRun;
use crate::injector::Injector;
use crate::snapshot::{Applied, Name, Snapshot};

/// A request with the way back for its answer.
pub(super) enum Request {
    Apply(Box<Document>, oneshot::Sender<Result<Applied, EngineError>>),
    Delete(Name, oneshot::Sender<Result<(), EngineError>>),
    Pause(Name, bool, oneshot::Sender<Result<(), EngineError>>),
    Get(oneshot::Sender<Snapshot>),
    DryRun(Box<Document>, oneshot::Sender<DryRun>),
    Stop,
}

impl World {
    fn resolve(&self, name: &Name) -> Result<Key, EngineError> {
        let found: Vec<&Key> = self
            .objects
            .keys()
            .filter(|key| name.means(key.kind, &key.namespace, &key.name))
            .collect();
        match found.as_slice() {
            [key] => Ok((*key).clone()),
            [] => Err(EngineError::NotFound(name.to_string())),
            several => {
                let candidates: Vec<String> = several
                    .iter()
                    .map(|key| {
                        format!("{}/{}/{}", key.namespace, key.kind.to_lowercase(), key.name)
                    })
                    .collect();
                Err(EngineError::Ambiguous {
                    name: name.to_string(),
                    candidates: candidates.join(", "),
                })
            }
        }
    }
}

impl<I: Injector, C: Clock> Driver<I, C> {
    /// Answers one request; whoever no longer waits for the answer does not get it.
    pub(super) fn answer(&mut self, request: Request) {
        let now = self.clock.now();
        self.only_looked = matches!(request, Request::Get(_) | Request::DryRun(..));
        match request {
            Request::Apply(document, reply) => drop(reply.send(self.world.apply(&document, now))),
            Request::Delete(name, reply) => {
                drop(reply.send(self.world.resolve(&name).map(|key| self.world.delete(&key, now))))
            }
            Request::Pause(name, pause, reply) => drop(
                reply.send(self.world.resolve(&name).and_then(|key| self.world.pause(&key, pause))),
            ),
            Request::Get(reply) => drop(reply.send(self.world.snapshot(now))),
            Request::DryRun(document, reply) => {
                drop(reply.send(DryRun::rehearse(
                    &document,
                    Ok(&self.pods()),
                    self.options.default_maximum,
                    now,
                )));
            }
            Request::Stop => self.stop(),
        }
    }
}
