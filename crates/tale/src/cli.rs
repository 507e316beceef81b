//! The arguments.

mod cluster;
mod gate;
mod images;
mod place;
mod rollout;
mod slo;
mod workshop;

pub use cluster::{Bundle, Cluster};
pub use gate::{FailOn, Format, Gate};
pub use images::{Image, Images, Which};
pub use place::{OnArg, Place, With};
pub use rollout::Rollout;
pub use slo::{
    Correlate, Leak, Lint, RuleFormat, Slo, Source, StatsFormat, Suggest, SuggestFormat,
};
pub use workshop::{Workshop, WorkshopUp, WorkshopVerb};

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Plays stories of broken software against a real Prometheus and Alertmanager, and checks every
/// step.
///
/// Exit codes: 0 promises kept, 1 a promise broken, 2 could not judge (usage, no data, a tool
/// missing), 130 stopped by Ctrl-C.
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
    /// End the stage that `up` started; in a cluster, whatever carries a stage's labels
    Down(Place),
    /// What runs on the stage, and where
    Status {
        /// The process of the stage, where several are up
        process: Option<u32>,
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
        /// Which stage
        #[command(flatten)]
        place: Place,
    },
    /// The alerts that are pending or firing on the stage
    Alerts(Place),
    /// What Alertmanager has sent: mails, text messages, chats
    Inbox(Place),
    /// What a pod writes
    Logs(Logs),
    /// Set variables of a Deployment, which rolls it out anew
    Set(Set),
    /// Roll a release out: apply its manifests and wait for its Deployments; with --gate only if
    /// the objectives are met
    Rollout(Rollout),
    /// Begin anew, as after a rehearsal: experiments end, pods and what watches them start afresh
    Reset(Place),
    /// Break things on the stage that `up` started, with Chaos Mesh documents
    Chaos(Chaos),
    /// Send requests at a rate that keeps its schedule: `tale load PROFILE URL`; `tale load --help`
    /// is the manual
    #[command(disable_help_flag = true)]
    Load {
        /// A profile (a file, or one of constant, poisson, pulls, ramp, spike, step), the URL, and
        /// options; or hoard, slow-header, slow-read, half-open, fuzz or images, the URL, and
        /// options of their own
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<std::ffi::OsString>,
    },
    /// Ask the gate whether the objectives are met
    Gate(Gate),
    /// Check objectives, compile them into rules, and do statistics with them
    #[command(subcommand)]
    Slo(Slo),
    /// The container images, of the services and of the whole stage: build, load into a cluster,
    /// push
    #[command(subcommand)]
    Images(Images),
    /// What others make and a cluster needs: fetch it while there is a network, load it where there
    /// is none
    #[command(subcommand)]
    Cluster(Cluster),
    /// A place in a cluster for each attendee of a workshop, with rights that end there
    Workshop(Workshop),
    /// Write all generated files
    Gen {
        /// Only tell whether they are up to date (exit code 1 if not)
        #[arg(long)]
        check: bool,
    },
    /// What is missing or in the way, and the command that fixes it
    Doctor {
        /// Take away the stage's own experiments that do not begin or do not end, in a cluster;
        /// nothing else is changed
        #[arg(long)]
        fix: bool,
        /// Where is looked
        #[command(flatten)]
        place: Place,
    },
    /// Do nothing until it is told to end: for a container that is entered with a shell
    Idle,
    /// Runs the stage of `up` in the foreground
    #[command(hide = true)]
    StageRun(Up),
}

/// Which Prometheus, and how to reach it.
#[derive(Debug, Args)]
pub struct Server {
    /// Prometheus, e.g. http://127.0.0.1:9090 or https://prometheus.example.com; without it, that
    /// of the stage that `up` started
    #[arg(long, value_name = "URL")]
    pub prometheus: Option<String>,
    /// Certificates to trust besides the system's, in PEM
    #[arg(long, value_name = "FILE", requires = "prometheus")]
    pub ca_file: Option<PathBuf>,
    /// A bearer token; or set TALE_PROMETHEUS_TOKEN
    #[arg(long, value_name = "FILE", requires = "prometheus")]
    pub token_file: Option<PathBuf>,
    /// USER:PASSWORD; or set TALE_PROMETHEUS_BASIC_AUTH
    #[arg(long, value_name = "FILE", requires = "prometheus")]
    pub basic_auth_file: Option<PathBuf>,
    /// Headers such as `X-Scope-OrgID: team`, one per line; or set TALE_PROMETHEUS_HEADERS
    #[arg(long, value_name = "FILE", requires = "prometheus")]
    pub header_file: Option<PathBuf>,
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

impl ClockArg {
    /// The clock that was asked for; or else production's, if the Prometheus was named: only the
    /// stage has a clock of its own.
    pub fn or_of(asked: Option<Self>, server: &Server) -> Self {
        let usual = if server.prometheus.is_some() { Self::Real } else { Self::Stage };
        asked.unwrap_or(usual)
    }
}

impl From<ClockArg> for ::slo::Clock {
    fn from(arg: ClockArg) -> Self {
        match arg {
            ClockArg::Stage => Self::Stage,
            ClockArg::Real => Self::Real,
        }
    }
}

/// `tale play`
#[derive(Debug, Args)]
pub struct Play {
    /// Which one; see `tale list`
    pub tale: String,
    /// Where it is played
    #[command(flatten)]
    pub place: Place,
    /// How fast time passes; the deadlines of the tales are written for the stage clock
    #[arg(long, value_enum, default_value_t)]
    pub clock: ClockArg,
    /// Folder of the report; by default a new one in .tales/reports/TALE, where `latest` leads to
    /// the newest; in a container /out, if it is there. `-` writes it to standard output, as a tar
    /// file
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
    /// Show the stage to browsers there: one page, Prometheus, Alertmanager, services and report,
    /// all for looking only. In a container 0.0.0.0:8080
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Let each act wait for a key: you set the pace
    #[arg(long)]
    pub step: bool,
    /// Leave the stage up after the last act, for questions, until a key is pressed
    #[arg(long)]
    pub stay: bool,
    /// Set a variable of all pods from the start, e.g. LEAK_KIND=off to see the tale fail
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub set: Vec<(String, String)>,
    /// Leave the chaos out, to see the tale fail: all of it, or one experiment, e.g.
    /// --without-chaos=http-blocked
    // With `=` only: a word after it is the tale.
    #[arg(long, value_name = "EXPERIMENT", num_args = 0..=1, require_equals = true)]
    pub without_chaos: Option<Option<String>>,
}

/// `tale up`
#[derive(Debug, Args)]
pub struct Up {
    /// Folders of `manifests/base`; all of them if none is given
    pub apps: Vec<String>,
    /// How fast time passes
    #[arg(long, value_enum, default_value_t)]
    pub clock: ClockArg,
    /// Set a variable of all pods, e.g. LEAK_KIND=off
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub set: Vec<(String, String)>,
    /// Name server for names that are not of the cluster nor of the demo zone; on the local stage
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub upstream_dns: Option<SocketAddr>,
    /// Show the stage to browsers there: one page, Prometheus, Alertmanager, services and report,
    /// all for looking only. In a container 0.0.0.0:8080
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Only tell what would be applied to a cluster: every field that differs from the files, and
    /// what the API server thinks of it
    #[arg(long)]
    pub dry_run: bool,
    /// Where it is started
    #[command(flatten)]
    pub place: Place,
}

/// `tale logs`
#[derive(Debug, Args)]
pub struct Logs {
    /// A pod; the beginning of its name will do, or the name of its Deployment
    pub pod: String,
    /// Go on as the pod writes, until Ctrl-C
    #[arg(long, short)]
    pub follow: bool,
    /// Only so many of the last lines
    #[arg(long, value_name = "LINES")]
    pub tail: Option<usize>,
    /// What the pod wrote before it was started again
    #[arg(long)]
    pub previous: bool,
}

/// `tale set`
#[derive(Debug, Args)]
pub struct Set {
    /// deployment/NAME, in the namespace `default`; or deployment/NAMESPACE/NAME
    #[arg(value_name = "deployment/NAME")]
    pub deployment: String,
    /// The variables
    #[arg(value_name = "NAME=VALUE", required = true, value_parser = pair)]
    pub env: Vec<(String, String)>,
    /// On which stage
    #[command(flatten)]
    pub place: Place,
}

/// `tale chaos`
#[derive(Debug, Args)]
pub struct Chaos {
    /// What to do.
    #[command(subcommand)]
    pub verb: ChaosVerb,
    /// On which stage
    #[command(flatten)]
    pub place: Place,
}

/// `tale chaos ..`
///
/// Exit codes: 0 done, 2 not done or not all of it: a file that cannot be used, something that this
/// stage refuses, or an experiment that hits nobody.
#[derive(Debug, Subcommand)]
pub enum ChaosVerb {
    /// Inject what files describe, and wait until it is injected
    ///
    /// All files are read and checked before anything is injected. Objects of other APIs beside an
    /// experiment (a Namespace, a Role) are named and left alone.
    Apply {
        /// Which files
        #[command(flatten)]
        files: ChaosFiles,
        /// Only tell what it would hit, when, and how; exit code 2 if that is nobody, or refused
        #[arg(long)]
        dry_run: bool,
    },
    /// Tell what would not work in a cluster, or not for long, from the manifests beside it
    Lint {
        /// Chaos Mesh documents
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// All experiments
    Get,
    /// One experiment: conditions, records, events
    Describe {
        /// Its name, or kind/name
        name: String,
    },
    /// End experiments
    Delete {
        /// Names, kind/name, or the files that they were applied from
        #[arg(required_unless_present = "filename")]
        names: Vec<String>,
        /// A file or folder that they were applied from; `-` is standard input
        #[arg(short = 'f', long, value_name = "FILE")]
        filename: Vec<PathBuf>,
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

/// Files of Chaos Mesh documents, with or without `-f`.
#[derive(Debug, Args)]
pub struct ChaosFiles {
    /// Files or folders (their *.yaml and *.yml) of Chaos Mesh documents; `-` is standard input
    #[arg(required_unless_present = "filename")]
    pub files: Vec<PathBuf>,
    /// The same, as for kubectl
    #[arg(short = 'f', long, value_name = "FILE")]
    pub filename: Vec<PathBuf>,
}

impl ChaosFiles {
    /// All of them, in the order of their kinds.
    pub fn paths(self) -> Vec<PathBuf> {
        self.files.into_iter().chain(self.filename).collect()
    }
}

pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| format!("`{text}` is not NAME=VALUE"))?;
    if !stage::names::is_variable(name) {
        return Err(format!(
            "`{name}` is not the name of a variable; use letters, digits, `_`, `-` and `.`, and no digit first"
        ));
    }
    Ok((name.to_owned(), value.to_owned()))
}
