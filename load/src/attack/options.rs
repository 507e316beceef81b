//! The command lines of `load hoard`, `load slow-header`, `load slow-read` and `load half-open`.

use std::{net::SocketAddr, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::condition::Condition;
use crate::duration::parse_duration;

const ABOUT_TARGETS: &str = "\
Where it may go:
  These profiles exhaust what they are pointed at. So they go to this machine (127.0.0.0/8, ::1), where the local stage is,
  and from inside a pod to the Services of its cluster (a bare name, or one in .svc). Anything else is refused, unless
  --i-own-this-target says that it is yours.

What is counted:
  opened, failed (refused, timeout, dns, limit, other), closed by the server (and after how long), still open at the end.
  A server's farewell that stands behind data which nobody reads is seen at the end only, when load reads what is there.
  /metrics shows the same while it runs: load_connections_open, load_connections_opened_total,
  load_connections_failed_total{reason}, load_connections_closed_total{how}, load_connection_lifetime_seconds.

As a part of a story, in a Deployment that does nothing until its act says `run: {set: {deployment: .., env: {CLIENTS: \"1000\"}}}`:
  command: [load, hoard, \"http://orders:8000/orders/watch\", --connections, $(CLIENTS), --duration, 24h]
  env: [{name: ROCKET_ADDRESS, value: 0.0.0.0}, {name: CLIENTS, value: \"0\"}]

Exit codes: 0 ran; 1 a --fail-if condition holds; 2 could not run, or not one connection; 130 interrupted.";

/// Clients that hold connections instead of using them.
#[derive(Clone, Debug, Parser)]
#[command(name = "load", version, max_term_width = 120, disable_help_subcommand = true)]
pub(crate) struct Command {
    #[command(subcommand)]
    pub(crate) profile: Profile,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Profile {
    /// Clients that never hang up: each asks once, reads nothing, and stays
    #[command(after_long_help = ABOUT_TARGETS)]
    Hoard(Hoard),
    /// Clients that never finish their request: a header line now and then (Slowloris)
    #[command(after_long_help = ABOUT_TARGETS)]
    SlowHeader(SlowHeader),
    /// Clients that ask, and then read the answer byte by byte
    #[command(after_long_help = ABOUT_TARGETS)]
    SlowRead(SlowRead),
    /// Clients that are there for TCP and silent for HTTP, as if their machine had lost power
    #[command(after_long_help = ABOUT_TARGETS)]
    HalfOpen(HalfOpen),
}

/// What all of them have in common.
#[derive(Clone, Debug, Args)]
pub(crate) struct Hold {
    /// What to call: `http://HOST[:PORT][/PATH]`
    pub(crate) url: String,

    /// How many connections to hold; 0 opens none, and waits to be told otherwise by a new start
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) connections: usize,

    /// How many of them to open per second
    #[arg(long, value_name = "R", default_value_t = 200.0)]
    pub(crate) rate: f64,

    /// When to hang up and report
    #[arg(long, value_name = "D", default_value = "60s", value_parser = parse_duration)]
    pub(crate) duration: Duration,

    /// Open another one, at the same rate, for each that the server closes or refuses
    #[arg(long)]
    pub(crate) reopen: bool,

    /// Longest time to wait for a connection
    #[arg(long, value_name = "D", default_value = "10s", value_parser = parse_duration)]
    pub(crate) timeout: Duration,

    /// Come from so many addresses of 127.0.0.0/8, as so many clients would. Beyond the ports of
    /// one address, more are taken by themselves
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) sources: u32,

    /// A header for all requests; may be repeated
    #[arg(long = "header", value_name = "NAME: VALUE")]
    pub(crate) headers: Vec<String>,

    /// The target is neither this machine nor inside the stage, and it is yours
    #[arg(long)]
    pub(crate) i_own_this_target: bool,

    /// Exit with 1 if this holds: open (at the end), opened, closed (by the server) or failed
    /// against a number or a percentage of --connections; min, mean, max or a percentile of how
    /// long the server left connections open, against a time. May be repeated
    #[arg(long, value_name = "'open>0'")]
    pub(crate) fail_if: Vec<Condition>,

    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Go on although nobody is there, or nobody is left, as in a pod
    #[arg(long)]
    pub(crate) patient: bool,

    /// Serve /metrics, /healthz and /readyz here while running
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) metrics: Option<SocketAddr>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Hoard {
    #[command(flatten)]
    pub(crate) hold: Hold,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct SlowHeader {
    #[command(flatten)]
    pub(crate) hold: Hold,

    /// Pause between two header lines
    #[arg(long, value_name = "D", default_value = "4s", value_parser = parse_duration)]
    pub(crate) every: Duration,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct SlowRead {
    #[command(flatten)]
    pub(crate) hold: Hold,

    /// Pause between two reads
    #[arg(long, value_name = "D", default_value = "1s", value_parser = parse_duration)]
    pub(crate) every: Duration,

    /// Bytes per read
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) bytes: usize,

    /// Requests sent at once: with a short answer, so many that they fill what the kernel buffers
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) requests: usize,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct HalfOpen {
    #[command(flatten)]
    pub(crate) hold: Hold,

    /// What a client has said before it falls silent
    #[arg(long, value_enum, default_value = "nothing")]
    pub(crate) after: After,
}

/// Where a client falls silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum After {
    /// After connecting
    Nothing,
    /// In the middle of a header line
    Header,
    /// In the middle of a body whose length it has announced
    Body,
}

impl Profile {
    /// As on the command line.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Hoard(_) => "hoard",
            Self::SlowHeader(_) => "slow-header",
            Self::SlowRead(_) => "slow-read",
            Self::HalfOpen(_) => "half-open",
        }
    }

    pub(crate) fn hold(&self) -> &Hold {
        match self {
            Self::Hoard(Hoard { hold })
            | Self::SlowHeader(SlowHeader { hold, .. })
            | Self::SlowRead(SlowRead { hold, .. })
            | Self::HalfOpen(HalfOpen { hold, .. }) => hold,
        }
    }
}
