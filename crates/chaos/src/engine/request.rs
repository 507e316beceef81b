//! What can be asked of the driver, and the answers.

use std::fmt;
use std::str::FromStr;

use tokio::sync::oneshot;

use super::clock::Clock;
use super::driver::Driver;
use super::dry_run::{self, DryRun};
use super::error::EngineError;
use super::status::Snapshot;
use super::world::{Applied, Key, World};
use crate::document::Document;
use crate::injector::Injector;
use crate::kinds;

/// A request with the way back for its answer.
pub(super) enum Request {
    Apply(Box<Document>, oneshot::Sender<Result<Applied, EngineError>>),
    Delete(Name, oneshot::Sender<Result<(), EngineError>>),
    Pause(Name, bool, oneshot::Sender<Result<(), EngineError>>),
    Get(oneshot::Sender<Snapshot>),
    DryRun(Box<Document>, oneshot::Sender<DryRun>),
    Stop,
}

/// How a user names an object: `name`, `kind/name` or `namespace/kind/name`; the kind in any case,
/// its plural, or `wf`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The namespace; any when omitted.
    pub namespace: Option<String>,
    /// The kind; any when omitted.
    pub kind: Option<String>,
    /// The object's name.
    pub name: String,
}

impl FromStr for Name {
    type Err = EngineError;

    fn from_str(text: &str) -> Result<Self, EngineError> {
        let own = |part: &str| Some(part.to_owned());
        match text.split('/').collect::<Vec<_>>().as_slice() {
            [name] => Ok(Self { namespace: None, kind: None, name: (*name).to_owned() }),
            [kind, name] => Ok(Self { namespace: None, kind: own(kind), name: (*name).to_owned() }),
            [namespace, kind, name] => {
                Ok(Self { namespace: own(namespace), kind: own(kind), name: (*name).to_owned() })
            }
            _ => Err(EngineError::NotFound(text.to_owned())),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.namespace.iter().chain(&self.kind) {
            write!(out, "{part}/")?;
        }
        out.write_str(&self.name)
    }
}

impl Name {
    /// Does the name mean this object?
    #[must_use]
    pub fn means(&self, kind: &str, namespace: &str, name: &str) -> bool {
        let same_kind = |wanted: &String| {
            // `get` prints the kind with its API group.
            let wanted = wanted.strip_suffix(".chaos-mesh.org").unwrap_or(wanted);
            let short = kind == kinds::WORKFLOW && wanted == "wf";
            short
                || wanted.eq_ignore_ascii_case(kind)
                || wanted.eq_ignore_ascii_case(&format!("{kind}s"))
        };
        self.name == name
            && self.kind.as_ref().is_none_or(same_kind)
            && self.namespace.as_ref().is_none_or(|wanted| wanted == namespace)
    }
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
                drop(reply.send(dry_run::rehearse(
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
