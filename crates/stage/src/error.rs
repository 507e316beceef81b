//! What can go wrong on a stage; each message ends with what to do.

use std::path::PathBuf;
use std::time::Duration;

use chaos::engine::EngineError;

use crate::NamespacedName;
use crate::manifest::ManifestError;

/// A stage could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// A manifest is refused.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The chaos engine refuses, or has stopped.
    #[error(transparent)]
    Chaos(#[from] EngineError),
    /// Another stage uses this state folder.
    #[error("{}: in use by another stage; run `tale down` or give another folder", .0.display())]
    StateInUse(PathBuf),
    /// All loopback networks are taken.
    #[error("no free network 127.1.0.0/16 to 127.254.0.0/16; end some stages with `tale down`")]
    NoNetwork,
    /// There is no loopback interface, or it is down.
    #[error("the loopback interface does not work: {0}; run `ip link set lo up`")]
    NoLoopback(std::io::Error),
    /// All addresses of one sort are taken.
    #[error("no free address for another {0}; scale something down")]
    NoAddress(&'static str),
    /// A file, socket or process operation failed.
    #[error("cannot {what}: {source}; run `tale doctor`")]
    Io {
        /// What was tried.
        what: String,
        /// Why not.
        source: std::io::Error,
    },
    /// A program that the stage needs is not there.
    #[error("{program} is not installed; run `apt-get install {package}` or put it on the PATH")]
    Missing {
        /// The program.
        program: &'static str,
        /// Its Debian package.
        package: &'static str,
    },
    /// Prometheus or Alertmanager did not come up, refused its configuration, or died.
    #[error("{backend}: {reason}; its log is {}", log.display())]
    Backend {
        /// `prometheus` or `alertmanager`.
        backend: &'static str,
        /// What happened.
        reason: String,
        /// Its log.
        log: PathBuf,
    },
    /// This stage cannot carry a fault out.
    #[error("fault refused: {reason}; {remedy}")]
    Fault {
        /// What is wrong.
        reason: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// An experiment that was applied does nothing.
    #[error(
        "{kind} {name} injects nothing: {why}; it is still there: `tale chaos describe {name}` says more, `tale chaos delete {name}` takes it away"
    )]
    NotInjected {
        /// `DNSChaos`.
        kind: String,
        /// Its name.
        name: String,
        /// Why.
        why: String,
    },
    /// No such object on the stage.
    #[error("{kind} `{name}` is not on this stage; `tale status` lists what is")]
    NotFound {
        /// `Pod`, `Deployment` or `container`.
        kind: &'static str,
        /// `namespace/name`.
        name: String,
    },
    /// Something took longer than it may.
    #[error("{what} not within {within:?}: {seen}; look at the logs in the state folder")]
    TimedOut {
        /// What was awaited.
        what: String,
        /// The time-out.
        within: Duration,
        /// The last thing seen.
        seen: String,
    },
    /// What a stage of another crate says; its message ends with what to do, too.
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
    /// The stage was taken down.
    #[error("the stage is down; run `tale up`")]
    Down,
}

impl StageError {
    /// `kind` of this name is not there.
    pub(crate) fn not_found(kind: &'static str, name: &NamespacedName) -> Self {
        Self::NotFound { kind, name: name.to_string() }
    }

    /// For `map_err` on I/O: says what was tried.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
