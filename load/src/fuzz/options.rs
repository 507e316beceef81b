//! The command line of `load fuzz`.

use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::duration::parse_duration;

const ABOUT: &str = "\
Examples:
  load fuzz http://127.0.0.1:8000/hello/world?caps=true --duration 10s
  load fuzz http://127.0.0.1:8000/rpc --body '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"price\",\"params\":{\"item\":\"tea\"}}'
  load fuzz http://127.0.0.1:8000/ --openapi /openapi.json --seed 1
  load fuzz http://127.0.0.1:8000/ --seed 1 --case 4711          that case once more, and what came of it

What it sends:
  Sound requests (a GET of the URL, a POST of each --body, and what an OpenAPI document describes), each with one to four
  changes: to the target, the method, headers, framing and line ends; to values, fields and the shape of a JSON text; to what
  JSON-RPC has rules about; or to the bytes. The same seed sends the same requests.

What is a failure:
  status 5xx (but 501 to an unknown method, 505 to another version of HTTP, and 503 that says when to come again);
  no end of the answer in time (--timeout);
  a connection closed without an answer, or an answer that is no HTTP, where the request is sound HTTP;
  nobody there any more.
  Each is tried again, shrunk to the smallest request that fails alike, and printed as a curl command, or as bytes where curl
  cannot send it. A panic shows as one of these: as status 500 or as a closed connection.

Where it may go: as load hoard, to this machine, or from inside a pod to its cluster, unless --i-own-this-target is given.

Exit codes: 0 nothing failed; 1 something did; 2 could not run, or nobody was there; 130 interrupted.";

/// Requests that are odd in a way that follows from a seed.
#[derive(Clone, Debug, Parser)]
#[command(name = "load", version, max_term_width = 120, disable_help_subcommand = true)]
pub(crate) struct Command {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Verb {
    /// Requests that are odd in a way that follows from a seed; what fails is made small
    #[command(after_long_help = ABOUT)]
    Fuzz(Fuzz),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Fuzz {
    /// What to call: `http://HOST[:PORT][/PATH][?QUERY]`
    pub(crate) url: String,

    /// A body to be sent to the URL, and to be made odd: a text, or what is in a file. May be
    /// repeated
    #[arg(long = "body", value_name = "TEXT|@FILE")]
    pub(crate) bodies: Vec<String>,

    /// An OpenAPI document, JSON or YAML: a file, or a path (/openapi.json) that the service serves
    #[arg(long, value_name = "/PATH|@FILE")]
    pub(crate) openapi: Option<String>,

    /// Repeats the requests of an earlier run
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// Only this request of that run
    #[arg(long, value_name = "N", requires = "seed")]
    pub(crate) case: Option<u64>,

    /// How long
    #[arg(long, value_name = "D", default_value = "60s", value_parser = parse_duration)]
    pub(crate) duration: Duration,

    /// How many requests at most
    #[arg(long, value_name = "N")]
    pub(crate) requests: Option<u64>,

    /// Connections that send at the same time; 0 sends nothing, and waits to be told otherwise by a
    /// new start
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) connections: usize,

    /// Requests per second at most, over all connections; as many as go, if it is left out
    #[arg(long, value_name = "R")]
    pub(crate) rate: Option<f64>,

    /// Longest time for an answer
    #[arg(long, value_name = "D", default_value = "5s", value_parser = parse_duration)]
    pub(crate) timeout: Duration,

    /// Different failures after which it ends
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) failures: usize,

    /// The target is neither this machine nor inside the stage, and it is yours
    #[arg(long)]
    pub(crate) i_own_this_target: bool,

    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}
