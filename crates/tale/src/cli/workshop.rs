//! The arguments of `tale workshop`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

/// `tale workshop`
#[derive(Debug, Args)]
pub struct Workshop {
    /// What to do.
    #[command(subcommand)]
    pub verb: WorkshopVerb,
    /// The context of the kubeconfig; the current one if it is left out
    #[arg(long, value_name = "NAME", global = true)]
    pub context: Option<String>,
    /// Do not ask whether this is the right cluster
    #[arg(long, global = true)]
    pub yes: bool,
}

/// `tale workshop ..`
#[derive(Debug, Subcommand)]
pub enum WorkshopVerb {
    /// For each attendee of a workshop a namespace, a Role that ends there, a quota, and one pod
    /// with the local stage and a shell
    ///
    /// Nothing is shared between attendees, and nothing needs Chaos Mesh, a Prometheus or a
    /// privilege. The same again changes nothing; a larger number adds attendees.
    #[command(after_help = UP)]
    Up(WorkshopUp),
    /// Who is there, how each pod is, and since when
    List {
        /// Only this workshop
        #[arg(long)]
        name: Option<String>,
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Take a workshop away: its namespaces with all that lies in them, and nothing else
    Down {
        /// Only these attendees, e.g. workshop-07
        attendees: Vec<String>,
        /// The workshop
        #[arg(long, default_value = WORKSHOP)]
        name: String,
    },
}

/// `tale workshop up`
#[derive(Debug, Args)]
pub struct WorkshopUp {
    /// For how many
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=500))]
    pub attendees: u16,
    /// The workshop's name, with which its namespaces begin: workshop-01, workshop-02 ...
    #[arg(long, default_value = WORKSHOP)]
    pub name: String,
    /// The image of the pods; those who are there already change to it. If it is left out, new
    /// attendees get the image `tales-stage` of this program, and the others keep theirs
    #[arg(long, value_name = "REFERENCE")]
    pub image: Option<String>,
    /// The folder of what is handed out: a sheet to print and a kubeconfig for each; only you can
    /// read it. By default one that is called as the workshop
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The sheet elsewhere: one strip for each attendee, as HTML, or as Markdown if it ends in .md
    #[arg(long, value_name = "FILE")]
    pub sheet: Option<PathBuf>,
    /// Where attendees reach the API server, if not at the URL of the kubeconfig
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// For how long tokens are valid; the cluster may allow less
    #[arg(long, value_name = "DURATION", default_value = "12h", value_parser = valid)]
    pub valid: Duration,
    /// How long all pods together may take to come up, the pull of their image included
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = load::parse_duration)]
    pub within: Duration,
    /// Only print what each attendee would get, as YAML
    #[arg(long)]
    pub dry_run: bool,
}

/// What a workshop is called that nobody named.
const WORKSHOP: &str = "workshop";

/// The API server gives no shorter ones.
const SHORTEST: Duration = Duration::from_secs(600);

fn valid(text: &str) -> Result<Duration, String> {
    let valid = load::parse_duration(text).map_err(|why| why.to_string())?;
    if valid < SHORTEST {
        return Err(format!("no token is valid for less than 10m; `{text}` is too short"));
    }
    Ok(valid)
}

const UP: &str = "\
Examples:
  tale workshop up --attendees 30
  tale workshop up --attendees 34        four more have come
  tale workshop up --attendees 30 --server https://203.0.113.7:6443 --valid 3h

Exit codes:
  0  everybody can begin
  1  somebody's pod is not ready: whose, and why, is told; what is there stays
  2  not done, or not all of it; the same again goes on where it ended";
