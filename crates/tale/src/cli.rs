//! The arguments.

pub use crate::gate::arguments::{FailOn, Format, Gate};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Plays stories of broken software against a real Prometheus and Alertmanager, and checks every step.
///
/// Exit codes: 0 promises kept, 1 a promise broken, 2 could not judge (usage, no data, a tool missing), 130 stopped by
/// Ctrl-C.
#[derive(Debug, Parser)]
#[command(name = "tale", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The tales, one line each
    List,
    /// Play a tale, and check every promise of it
    Play(Play),
    /// Start the stage without a story, to explore
    Up(Up),
    /// End the stage that `up` started
    Down,
    /// What runs on the stage, and where
    Status {
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Break things on the stage that `up` started, with Chaos Mesh documents
    #[command(subcommand)]
    Chaos(Chaos),
    /// Ask the gate whether the objectives are met
    Gate(Gate),
    /// Check objectives, or compile them into rules
    #[command(subcommand)]
    Slo(Slo),
    /// Write all generated files
    Gen {
        /// Only tell whether they are up to date (exit code 1 if not)
        #[arg(long)]
        check: bool,
    },
    /// What is missing or in the way, and the command that fixes it
    Doctor,
    /// Runs the stage of `up` in the foreground
    #[command(hide = true)]
    StageRun(Up),
}

/// How fast time passes.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum ClockArg {
    /// A minute is a second
    #[default]
    Stage,
    /// As in production
    Real,
}

impl From<ClockArg> for stage::local::Clock {
    fn from(arg: ClockArg) -> Self {
        match arg {
            ClockArg::Stage => Self::Stage,
            ClockArg::Real => Self::Real,
        }
    }
}

/// Where a tale is played.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum OnArg {
    /// As processes on this machine
    #[default]
    Local,
    /// On the Kubernetes cluster of the current context
    Cluster,
}

/// `tale play`
#[derive(Debug, Args)]
pub struct Play {
    /// Which one; see `tale list`
    pub tale: String,
    /// Where it is played
    #[arg(long, value_enum, default_value_t)]
    pub on: OnArg,
    /// How fast time passes; the deadlines of the tales are written for the stage clock
    #[arg(long, value_enum, default_value_t)]
    pub clock: ClockArg,
    /// Folder of the report
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print the report as JSON on standard output
    #[arg(long)]
    pub json: bool,
    /// Seed of random choices, to play the same again
    #[arg(long)]
    pub seed: Option<u64>,
    /// Keep logs and data of the stage
    #[arg(long)]
    pub keep: bool,
    /// Set a variable of all pods from the start, e.g. LEAK_KIND=off to see the tale fail
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub set: Vec<(String, String)>,
    /// Leave the chaos out, to see the tale fail
    #[arg(long)]
    pub without_chaos: bool,
}

/// `tale up`
#[derive(Debug, Args)]
pub struct Up {
    /// Folders of `manifests/base`; all of them if none is given
    pub apps: Vec<String>,
    /// How fast time passes
    #[arg(long, value_enum, default_value_t)]
    pub clock: ClockArg,
    /// Name server for names that are not of the cluster nor of the demo zone
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub upstream_dns: Option<SocketAddr>,
}

/// `tale chaos`
#[derive(Debug, Subcommand)]
pub enum Chaos {
    /// Inject what a file describes
    Apply {
        /// A Chaos Mesh document
        file: PathBuf,
        /// Only tell what it would hit, when, and how
        #[arg(long)]
        dry_run: bool,
    },
    /// All experiments
    Get,
    /// One experiment: conditions, records, events
    Describe {
        /// Its name, or kind/name
        name: String,
    },
    /// End an experiment
    Delete {
        /// Its name, kind/name, or the file it was applied from
        name: String,
    },
    /// Pause an experiment or a Schedule, or let it go on
    Pause {
        /// Its name, or kind/name
        name: String,
        /// Let it go on
        #[arg(long)]
        resume: bool,
    },
}

/// `tale slo`
#[derive(Debug, Subcommand)]
pub enum Slo {
    /// Tell what is wrong with OpenSLO files, and what probably is (exit code 1 for the former)
    Lint {
        /// OpenSLO files or folders
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Print recording rules and burn-rate alerts
    Compile {
        /// OpenSLO files or folders
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// How fast time passes
        #[arg(long, value_enum, default_value = "real")]
        clock: ClockArg,
        /// A rule file for Prometheus, or an object for its operator
        #[arg(long, value_enum, default_value_t)]
        format: RuleFormat,
        /// Namespace of the object
        #[arg(long, default_value = "default")]
        namespace: String,
    },
}

/// What `tale slo compile` prints.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum RuleFormat {
    /// A rule file
    #[default]
    Rules,
    /// A PrometheusRule
    Prometheusrule,
}

pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| format!("`{text}` is not NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}
