//! The arguments of `tale slo`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{ClockArg, Server};

/// `tale slo`
#[derive(Debug, Subcommand)]
pub enum Slo {
    /// Tell what is wrong with OpenSLO files, and what probably is (exit code 1 for the former)
    Lint(Lint),
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
        /// Put the window in place of literal ranges such as [5m], and say what was done
        #[arg(long)]
        rewrite_ranges: bool,
    },
    /// Tell which pods leak: a gauge that grows and does not stop (exit code 1 if one does)
    ///
    /// Each series is cut where its process restarted (process_start_time_seconds,
    /// container_start_time_seconds, kube_pod_start_time, or a fall of the series), and its warm-up
    /// is dropped. What is left is cut into 16 blocks, and into 8, and the mean step from block to
    /// block is held against the steps themselves: noise with a long memory wanders, and comes
    /// back. It is a leak if p < 0.0015, if it would grow by more than 5 % within the horizon, and
    /// if it does not slow down. A saw is judged by its troughs. How many of a hundred series are
    /// found and falsely accused is in crates/stats/README.md. Unlike deriv() and predict_linear(),
    /// one spike or one restart does not impress it.
    ///
    /// Exit codes: 0 no leak, 1 at least one leak, 2 it cannot be told of one, or no series could
    /// be judged.
    Leak(Leak),
    /// Propose a target that the history supports, as OpenSLO with the evidence
    ///
    /// Takes the good or bad and total events of each objective in the files, and forgets their
    /// targets: what would be met? Every window of the history is tested, windows of random blocks
    /// of days say how much luck was in it, and the tightest of 90, 95, 99, 99.5, 99.9, 99.95 and
    /// 99.99 % wins that 95 of 100 such random windows keep, that the traffic can prove and that an
    /// alert can page for. Chaos is left out, and both numbers are shown. Time without data is
    /// neither good nor bad, and no history. History is not need: ask the users what they notice.
    ///
    /// Exit codes: 0 a proposal for every objective, 2 none for at least one, with the reason.
    Suggest(Suggest),
    /// Rank what happened by how well it goes together with the breaches of an objective
    ///
    /// Suspects are: chaos of the stage, or of the gauge
    /// chaos_controller_manager_chaos_experiments; restarts (changes of
    /// process_start_time_seconds); rollouts (changes of
    /// kube_deployment_status_observed_generation); and what a file of events tells. Each is scored
    /// by how much of its time was breached (precision), how much of the breached time it covers
    /// (recall), their correlation over all lags, the lag itself, and the labels it shares with the
    /// objective. p says how often the same schedule, shifted in time, fits as well; it is
    /// Holm-corrected, because more suspects need more evidence.
    ///
    /// Exit codes: 0 all objectives were looked at, 2 one has no data. A rank is correlation, not
    /// cause.
    Correlate(Correlate),
}

/// `tale slo lint`
#[derive(Debug, Args)]
pub struct Lint {
    /// OpenSLO files or folders; or Keptn's slo.yaml and sli.yaml, recognised by their content
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// With --prometheus it is also asked: whether it takes the queries, whether it has series for
    /// them, and whether there are enough events to prove the targets
    #[command(flatten)]
    pub server: Server,
    /// How far back events are counted
    #[arg(long, default_value = "1h", requires = "prometheus")]
    pub last: String,
    /// Put the window in place of literal ranges such as [5m], and say what was done
    #[arg(long)]
    pub rewrite_ranges: bool,
}

/// Where a statistic gets its samples, and until when.
#[derive(Debug, Args)]
pub struct Source {
    /// What to ask
    #[command(flatten)]
    pub server: Server,
    /// End of the time that is looked at, e.g. 2026-01-31T12:00:00Z; now if not given
    #[arg(long, value_name = "TIME")]
    pub until: Option<jiff::Timestamp>,
}

/// `tale slo leak`
#[derive(Debug, Args)]
pub struct Leak {
    /// What to ask, and where
    #[command(flatten)]
    pub source: Source,
    /// The gauge, e.g. process_open_fds{job="shop"}. A plain selector is judged by its samples, any
    /// other expression every second, or a hundred times, whichever is less often
    #[arg(long, default_value = "process_resident_memory_bytes")]
    pub query: String,
    /// How far back to look
    #[arg(long, default_value = "10m")]
    pub last: String,
    /// What to ignore after every start: caches fill, allocators reserve. By default a twentieth of
    /// the time that is looked at, and at least 30s
    #[arg(long)]
    pub warm_up: Option<String>,
    /// How far ahead growth is projected; by default twice the time that is looked at
    #[arg(long)]
    pub horizon: Option<String>,
    /// The limit, for the time that is left: bytes (67108864, 64Mi), or a query that gives one per
    /// pod or one for all, e.g. kube_pod_container_resource_limits{resource="memory"}
    #[arg(long, value_name = "BYTES|QUERY")]
    pub limit: Option<String>,
    /// Output
    #[arg(long, value_enum, default_value_t)]
    pub format: StatsFormat,
}

/// `tale slo suggest`
#[derive(Debug, Args)]
pub struct Suggest {
    /// OpenSLO files or folders
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// What to ask, and where
    #[command(flatten)]
    pub source: Source,
    /// How far back to look; at least one and a half windows with data. By default two windows of
    /// the objective, and at least 30 days
    #[arg(long, value_name = "LENGTH")]
    pub last: Option<String>,
    /// The period of the proposal, instead of the objective's own
    #[arg(long, value_name = "LENGTH")]
    pub window: Option<String>,
    /// Time to leave out, e.g. 2026-01-31T12:00:00Z..2026-01-31T13:00:00Z; may be given several
    /// times. Chaos that Prometheus or the stage knows of is left out anyway
    #[arg(long, value_name = "FROM..TO")]
    pub exclude: Vec<String>,
    /// Put the window in place of literal ranges such as [5m], and say what was done
    #[arg(long)]
    pub rewrite_ranges: bool,
    /// Seed of the random blocks, to get the same again
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Output
    #[arg(long, value_enum, default_value_t)]
    pub format: SuggestFormat,
}

/// `tale slo correlate`
#[derive(Debug, Args)]
pub struct Correlate {
    /// OpenSLO files or folders
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// What to ask, and where
    #[command(flatten)]
    pub source: Source,
    /// How far back to look
    #[arg(long, default_value = "1h")]
    pub last: String,
    /// How fast time passes there: real with --prometheus, stage without. Says how long a rate
    /// needs (two minutes, or three seconds)
    #[arg(long, value_enum)]
    pub clock: Option<ClockArg>,
    /// Put the window in place of literal ranges such as [5m], and say what was done
    #[arg(long)]
    pub rewrite_ranges: bool,
    /// More events, as lines of JSON or as YAML: {name: v2, kind: deploy, start:
    /// 2026-01-31T12:00:00Z, end: .., labels: {..}}; end and labels may be missing
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,
    /// How late an effect may begin
    #[arg(long, default_value = "60s")]
    pub lag: String,
    /// How long an effect may outlast its cause
    #[arg(long, default_value = "15s")]
    pub recovery: String,
    /// Output
    #[arg(long, value_enum, default_value_t)]
    pub format: StatsFormat,
}

/// What a statistic prints.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum StatsFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// For a merge request
    Markdown,
}

/// What `tale slo suggest` prints.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum SuggestFormat {
    /// OpenSLO, with the evidence in annotations
    #[default]
    Yaml,
    /// For people
    Text,
    /// For programs
    Json,
    /// For a merge request
    Markdown,
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
