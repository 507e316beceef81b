//! The arguments of `tale gate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::{ClockArg, Server, pair};

/// `tale gate`
#[derive(Debug, Args)]
#[command(after_help = GATE_EXIT_CODES)]
pub struct Gate {
    /// OpenSLO files or folders; or Keptn's slo.yaml and sli.yaml, recognised by their content
    #[arg(required_unless_present = "keptn")]
    pub slos: Vec<PathBuf>,
    /// Keptn's slo.yaml: objectives and the score they have to reach
    #[arg(long, value_name = "FILE")]
    pub keptn: Option<PathBuf>,
    /// Keptn's sli.yaml: the queries of its indicators
    #[arg(long, value_name = "FILE")]
    pub sli: Option<PathBuf>,
    /// Value of a placeholder in Keptn's queries: PROJECT, STAGE, SERVICE, DEPLOYMENT or
    /// LABEL.<name>
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub context: Vec<(String, String)>,
    /// Be as lenient as Keptn was: nothing to compare with passes, no data fails
    #[arg(long)]
    pub keptn_compat: bool,
    /// The window to judge, in production time: the stage clock shortens it
    #[arg(long, value_name = "DURATION", default_value = "5m")]
    pub last: String,
    /// Start of the window, e.g. 2022-05-19T09:30:00Z: exact time of day, on every clock
    #[arg(long, value_name = "TIME", conflicts_with = "last")]
    pub from: Option<jiff::Timestamp>,
    /// End of the window, by default now: exact time of day, on every clock
    #[arg(long, value_name = "TIME")]
    pub to: Option<jiff::Timestamp>,
    /// Judge SLOs that have a calendar window over that, from its exact start on, and the others
    /// over --last
    #[arg(long, conflicts_with = "from")]
    pub calendar: bool,
    /// What to ask
    #[command(flatten)]
    pub server: Server,
    /// How fast time passes there: real with --prometheus, stage without
    #[arg(long, value_enum)]
    pub clock: Option<ClockArg>,
    /// Put the window in place of the literal ranges in good, bad and total queries, such as the
    /// [5m] of sum(rate(x[5m])), and say what was done
    #[arg(long)]
    pub rewrite_ranges: bool,
    /// Values that relative criteria are compared with, as --pin wrote them; they win over
    /// --history
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Write the values of now, as the baseline of later gates, and say which; refused unless the
    /// gate passes, or lacks nothing but a baseline
    #[arg(long, value_name = "FILE")]
    pub pin: Option<PathBuf>,
    /// Pin the values of a gate that fails or could not judge, too
    #[arg(long, requires = "pin")]
    pub pin_anyway: bool,
    /// Folder of earlier verdicts to compare with; this one is added, and the latest 100 that
    /// passed or warned and 100 others are kept
    ///
    /// Keptn's files say which results count and how they become one value. Otherwise it is the
    /// median of the last 5 that passed. A verdict that is undecided only because there is nothing
    /// to compare with yet counts as passed, so the second run has a value. Several services may
    /// share a folder. --format markdown, github and html show a heat map of it: objectives against
    /// evaluations.
    #[arg(long, value_name = "DIR")]
    pub history: Option<PathBuf>,
    /// Exit with 3 on these outcomes, too
    #[arg(long, value_name = "OUTCOME", value_enum, value_delimiter = ',')]
    pub fail_on: Vec<FailOn>,
    /// Output
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Write the same verdict to a file, too, e.g. junit=gate.xml; may be given several times
    #[arg(long, value_name = "FORMAT=FILE", value_parser = written)]
    pub write: Vec<(Format, PathBuf)>,
}

fn written(text: &str) -> Result<(Format, PathBuf), String> {
    let (format, file) = pair(text)?;
    if file.is_empty() {
        return Err("the file is missing".to_owned());
    }
    Format::from_str(&format, true)
        .map(|format| (format, PathBuf::from(file)))
        .map_err(|_| format!("`{format}` is no format; see --format"))
}

const GATE_EXIT_CODES: &str = "\
Exit codes:
  0  pass; also a warning, unless --fail-on warning
  1  fail
  2  could not judge: usage, a query failed, no data, too little of it, nothing to compare with
  3  a warning with --fail-on warning; a verdict that could not judge with --fail-on inconclusive

Each query has 5 seconds, all of them together 30. What is not answered by then is inconclusive.
Windows of more than six hours have 60 seconds for each query, and 150 for all.
There is one query for each objective, and a second one where samples are closer than every 30 seconds, so that none is missed;
--format markdown, github and html ask one more for its course, within 10 seconds.";

/// Outcomes between pass and fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Met by the weaker criterion, or the lower score
    Warning,
    /// Nobody can say
    Inconclusive,
}

/// What the gate prints.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// For CI
    Junit,
    /// For a merge request
    Markdown,
    /// GitLab's metrics report
    Gitlab,
    /// GitHub's job summary
    Github,
    /// A page for a browser, in one file
    Html,
}
