//! How a tale is to be played.

use std::collections::BTreeMap;
use std::path::PathBuf;

use slo::Clock;

/// How a tale is to be played.
pub struct Options {
    /// Which one.
    pub tale: String,
    /// How fast time passes.
    pub clock: Clock,
    /// Where the report goes.
    pub out: PathBuf,
    /// Seed of random choices.
    pub seed: u64,
    /// Variables of all Deployments, from the start.
    pub set: BTreeMap<String, String>,
    /// Chaos that is left out: the tale has to fail then.
    pub left_out: LeftOut,
    /// Keep logs and data.
    pub keep: bool,
    /// Whether somebody sets the pace.
    pub pace: Pace,
}

/// Who says when it goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pace {
    /// Each act waits for a key.
    pub step: bool,
    /// The stage stays up after the last act, until a key is pressed.
    pub stay: bool,
}

/// Which chaos of a tale is left out. A play stops at the first promise that is broken, so what
/// depends on a later fault is seen to fail only when the earlier ones are there.
pub enum LeftOut {
    /// None: the tale as it is.
    Nothing,
    /// All of it.
    All,
    /// The experiment of this name.
    Experiment(String),
}

impl LeftOut {
    /// What a report has to say about it.
    pub(crate) fn note(&self) -> Option<String> {
        match self {
            LeftOut::Nothing => None,
            LeftOut::All => Some("all chaos was left out".to_owned()),
            LeftOut::Experiment(name) => Some(format!("the experiment {name} was left out")),
        }
    }

    /// Is this experiment left out?
    pub fn has(&self, experiment: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::All => true,
            Self::Experiment(name) => name == experiment,
        }
    }
}
