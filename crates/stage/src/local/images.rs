//! Container images, as far as a stage of plain processes has any.
//!
//! An image whose registry is on this stage (a Service of it, or a loopback address) is pulled for
//! real: through the stage's names and proxies, so that limits and chaos reach it, into a store of
//! its own. Every other image is taken to be there, and no registry outside is ever asked. What a
//! container runs still comes from its `command`: a pull decides whether and when it starts.
//!
//! One pull at a time, as kubelet's `serializeImagePulls` has it, each a task with an end. A way of
//! a pull: `name` (what is asked for, and where), `pull` (what is missing), `registry` (how it is
//! asked), `store`. Back-off and events are the business of `pods`.

mod name;
mod pull;
mod registry;
mod store;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use oci::Digest;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::NamespacedName;

pub(crate) use name::ImageName;

use pull::{NotPulled, Puller};
use registry::Find;

/// The longest that a pull may take: a registry that sends a byte now and then keeps nobody else.
const LONGEST: Duration = Duration::from_secs(120);

/// The images of a stage.
pub(crate) struct Images {
    /// Where a host is, as seen from a namespace; none if it is not on this stage.
    find: Find,
    puller: Arc<Puller>,
    /// One pull at a time.
    turn: Arc<Semaphore>,
    /// What was pulled, by name.
    there: HashMap<String, Digest>,
    pulls: JoinSet<Pulled>,
}

/// The container that an image is pulled for.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub(crate) pod: NamespacedName,
    pub(crate) container: usize,
}

/// How a pull ended.
pub(crate) struct Pulled {
    pub(crate) by: Waiting,
    pub(crate) image: String,
    /// `Err` says why not.
    pub(crate) result: Result<Fetched, String>,
}

/// What a pull took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fetched {
    pub(crate) digest: Digest,
    /// Bytes of its manifest and content.
    pub(crate) bytes: u64,
    /// Whether the registry had to send a manifest, which is what registries count.
    pub(crate) counted: bool,
    /// With the wait for others.
    pub(crate) took: Duration,
}

impl Images {
    /// In a folder that is theirs, and goes with them. `find` says where a host is.
    pub(crate) fn new(
        dir: PathBuf,
        find: impl Fn(&str, &str) -> Option<Ipv4Addr> + Send + Sync + 'static,
    ) -> Self {
        let find: Find = Arc::new(find);
        Self {
            puller: Arc::new(Puller::new(dir, find.clone())),
            find,
            turn: Arc::new(Semaphore::new(1)),
            there: HashMap::new(),
            pulls: JoinSet::new(),
        }
    }

    /// Where the registry of an image is; none if it is not on this stage, and then the image is
    /// there.
    pub(crate) fn registry(&self, image: &ImageName, namespace: &str) -> Option<SocketAddrV4> {
        Some(SocketAddrV4::new((self.find)(image.host()?, namespace)?, image.port()))
    }

    /// Whether an image of this name was pulled before.
    pub(crate) fn has(&self, image: &ImageName) -> bool {
        self.there.contains_key(&image.to_string())
    }

    /// Begins to pull; [`Self::next`] says how it ended.
    pub(crate) fn pull(&mut self, image: ImageName, registry: SocketAddrV4, by: Waiting) {
        let (puller, turn) = (self.puller.clone(), self.turn.clone());
        self.pulls.spawn(async move {
            let since = Instant::now();
            let namespace = by.pod.namespace.clone();
            let work = async {
                let _turn = turn.acquire_owned().await;
                let pull = puller.pull(&image, registry, &namespace);
                tokio::time::timeout(LONGEST, pull).await.unwrap_or(Err(NotPulled::Late))
            };
            let result = work.await.map(|(digest, bytes, counted)| Fetched {
                digest,
                bytes,
                counted,
                took: since.elapsed(),
            });
            let result = result.map_err(|why| why.to_string());
            Pulled { by, image: image.to_string(), result }
        });
    }

    /// A pull that has ended; none if there is none.
    pub(crate) fn next(&mut self) -> Option<Pulled> {
        // A pull does not panic; if one is cancelled there is nothing to learn from it.
        let pulled = self.pulls.try_join_next()?.ok()?;
        if let Ok(fetched) = &pulled.result {
            self.there.insert(pulled.image.clone(), fetched.digest.clone());
        }
        Some(pulled)
    }
}

#[cfg(test)]
mod tests;
