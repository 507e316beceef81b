//! The command line. `--help` is the manual.

mod condition;
mod expected;

pub use condition::{BadCondition, Condition};
pub use expected::{BadStatuses, Statuses};

pub(crate) use condition::{Comparison, Latency, Limit, Order, Part, latency};

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Parser, ValueEnum};
use hyper::header::HeaderName;

use crate::duration::parse_duration;

const EXAMPLES: &str = "\
Examples:
  load http://127.0.0.1:8000/ --rate 200 --duration 10s
  load spike http://shop:8000 --fail-if 'p99>250ms' --fail-if 'errors>1%'
  load http://shop:8000/orders --rate 5 --method POST --body @order.json --expect-status 201
  load http://127.0.0.1:8000/ --max --connections 32     how fast can it go? (no schedule, no promise about latency)
  load http://127.0.0.1:8000/ --rate 50 --mode churn     a new TCP connection for each request

Clients that hold connections instead of using them have options of their own (load hoard --help):
  load hoard http://127.0.0.1:8000/watch --connections 1000     each asks once, reads nothing, and never hangs up
  load slow-header http://127.0.0.1:8000/                       a header line now and then, and never the last
  load slow-read http://127.0.0.1:8000/                         the answer is read byte by byte
  load half-open http://127.0.0.1:8000/ --after body            silent in the middle of a body

And requests that nobody would send (load fuzz --help):
  load fuzz http://127.0.0.1:8000/ --openapi /openapi.yaml      odd ones, from a seed; what fails is shrunk and printed for curl

A profile is a YAML file:
  name: evening                 # shown in the report
  arrivals: poisson             # or even (the default)
  phases:                       # one after the other; rates per second
    - constant: {rate: 100, for: 30s}
    - ramp:     {from: 100, to: 500, for: 1m}
    - step:     {from: 100, to: 500, by: 100, every: 10s}
    - spike:    {base: 50, peak: 500, before: 10s, for: 5s, after: 10s}
  requests:                     # may be left out: GET on the URL
    - {path: /, weight: 9, headers: {accept: [text/html, text/plain]}}      # two headers of that name
    - {method: POST, path: /orders, headers: {content-type: application/json}, body: '{}'}    # or body: '@FILE'
  Nothing in it is filled in: what looks like a placeholder ({{id}}, ${user}) is refused.

How it counts:
  Each request is due at a time given by the profile, and its latency counts from there, whenever it could really be
  sent. A frozen server therefore shows in the percentiles, with all the requests that had to wait for it.
  Of the requests that are due, those beyond --max-in-flight are dropped, and counted. At the end of the
  schedule those in flight are waited for. When a signal ends the run (and always with --max) they are censored: counted
  with the time they had waited so far.

  When nobody is there, the run ends within about a second, unless --patient says to go on.

Exit codes: 0 ran; 1 a --fail-if condition holds; 2 could not run, or not one connection; 130 interrupted.

Environment: RESOLV_CONF and RESOLV_PORT name a resolver configuration and the port of its name servers, HOSTS_FILE a
hosts file. METRICS_ADDRESS is the default of --metrics; without it, ROCKET_ADDRESS and ADMIN_PORT (default 9000) serve
the same.";

/// A load generator that keeps its schedule, and says so when it cannot.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "load",
    version,
    after_long_help = EXAMPLES,
    max_term_width = 120,
    override_usage = "load [OPTIONS] [PROFILE] <URL>"
)]
pub struct Options {
    /// What to call: `http://[USER:PASSWORD@]HOST[:PORT][/PATH]`; before it perhaps a profile: a
    /// file, or constant, poisson, ramp, spike, step
    #[arg(required = true, num_args = 1..=2, value_names = ["PROFILE", "URL"])]
    pub what: Vec<String>,

    /// The profile, as an option
    #[arg(long, value_name = "FILE|NAME", hide = true)]
    pub profile: Option<String>,

    /// Requests per second; with a profile: its peak, the rest in proportion
    #[arg(long, value_name = "R")]
    pub rate: Option<f64>,

    /// How long, such as 30s [default: 10s]; with a profile: its length, stretched or shortened
    #[arg(long, value_name = "D", value_parser = parse_duration)]
    pub duration: Option<Duration>,

    /// Spread arrivals evenly, or at random as independent users would
    #[arg(long, value_enum, value_name = "even|poisson")]
    pub arrivals: Option<Spread>,

    /// No schedule: each connection sends its next request as soon as it has an answer
    #[arg(long, conflicts_with_all = ["profile", "rate", "arrivals", "max_in_flight"])]
    pub max: bool,

    /// Connections at most, opened when needed [default: 100, with --max 32]
    #[arg(long, value_name = "N")]
    pub connections: Option<usize>,

    /// Keep connections open, or open a new one for each request
    #[arg(long, value_enum, default_value = "keep-alive")]
    pub mode: Mode,

    /// Requests in flight at most, waiting ones included; what is due beyond that is dropped and
    /// counted
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub max_in_flight: usize,

    /// Longest time for a request, from when it was due
    #[arg(long, value_name = "D", default_value = "10s", value_parser = parse_duration)]
    pub timeout: Duration,

    /// Threads that send [default: one up to 10000 requests per second, else one per core]
    #[arg(long, value_name = "N")]
    pub workers: Option<usize>,

    /// HTTP method
    #[arg(long, value_name = "METHOD")]
    pub method: Option<String>,

    /// A header for all requests, also `Host`; may be repeated, and all of them are sent
    #[arg(long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<String>,

    /// Body of the request: a text, or what is in a file, or in standard input (`@-`)
    #[arg(long, value_name = "TEXT|@FILE")]
    pub body: Option<String>,

    /// Anything but these is an error: 200, 2xx, 200-299, or a list of them with commas [default:
    /// 400 and above are]
    #[arg(long, value_name = "STATUSES")]
    pub expect_status: Option<Statuses>,

    /// A body without this text (in its first MiB) is an error
    #[arg(long, value_name = "TEXT")]
    pub expect_body: Option<String>,

    /// Count answers by the value of this header, such as the release that gave them; after eight
    /// values the rest are `other`
    #[arg(long, value_name = "NAME")]
    pub count_header: Option<HeaderName>,

    /// Part of the requests whose traceparent asks the server to record a trace, 0 to 1
    #[arg(long, value_name = "R", default_value_t = 0.0)]
    pub trace_ratio: f64,

    /// Send no traceparent header at all
    #[arg(long)]
    pub no_traceparent: bool,

    /// Repeats arrival times and the choice of requests of an earlier run
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    /// Exit with 1 if this holds: any percentile (p50, p95, p99.9), min, mean or max against a
    /// time; errors, dropped, censored against a number or a percentage; rate (answers per second)
    /// against a number. May be repeated
    #[arg(long, value_name = "'p99>250ms'")]
    pub fail_if: Vec<Condition>,

    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,

    /// Go on although nobody is there, as in a pod
    #[arg(long)]
    pub patient: bool,

    /// Serve /metrics, /healthz and /readyz here while running
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub metrics: Option<SocketAddr>,
}

/// What happens to a connection after its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// It is used again.
    KeepAlive,
    /// It is closed; the next request opens a new one.
    Churn,
}

/// See [`Arrivals`](crate::Arrivals).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "as in Arrivals")]
pub enum Spread {
    Even,
    Poisson,
}

/// The environment variables that count. Read once; tests pass their own.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `HOSTS_FILE`: a hosts file.
    pub hosts_file: Option<PathBuf>,
    /// `RESOLV_CONF`: a resolver configuration.
    pub resolv_conf: Option<PathBuf>,
    /// `RESOLV_PORT`: the port of its name servers.
    pub resolv_port: Option<String>,
    /// `METRICS_ADDRESS`: where to serve metrics.
    pub metrics_address: Option<String>,
    /// `ROCKET_ADDRESS`: the address of the pod.
    pub rocket_address: Option<String>,
    /// `ADMIN_PORT`: the port of its metrics.
    pub admin_port: Option<String>,
    /// `KUBERNETES_SERVICE_HOST`, which is set in every pod of a cluster.
    pub kubernetes: Option<String>,
}

impl Environment {
    /// As it is. An empty variable counts as not set.
    pub fn read() -> Self {
        let text = |name| std::env::var(name).ok().filter(|text: &String| !text.is_empty());
        Self {
            hosts_file: text(resolver::HOSTS_FILE).map(PathBuf::from),
            resolv_conf: text(resolver::RESOLV_CONF).map(PathBuf::from),
            resolv_port: text(resolver::RESOLV_PORT),
            metrics_address: text("METRICS_ADDRESS"),
            rocket_address: text("ROCKET_ADDRESS"),
            admin_port: text("ADMIN_PORT"),
            kubernetes: text("KUBERNETES_SERVICE_HOST"),
        }
    }
}
