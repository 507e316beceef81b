//! The arguments of `tale cluster`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use images::Target;

/// `tale cluster`
#[derive(Debug, Subcommand)]
pub enum Cluster {
    /// Fetch what others make and a cluster needs, while there is a network: images, charts and
    /// definitions of the lock file, each by its digest
    ///
    /// What has come already is not fetched again, and what was interrupted goes on where it ended.
    Fetch {
        /// What, and where it lies
        #[command(flatten)]
        bundle: Bundle,
        /// For which processors; by default this machine's
        #[arg(long, value_name = "ARCHITECTURE", value_parser = ["amd64", "arm64"])]
        architecture: Option<String>,
        /// Fetch what the tags mean today, and write that into the lock file
        #[arg(long)]
        update: bool,
        /// Whom to ask in place of a host, e.g. quay.io=http://mirror.local:5000; `*` is every host
        #[arg(long, value_name = "HOST=URL", value_parser = mirror)]
        mirror: Vec<(String, String)>,
    },
    /// Bring what was fetched to the nodes of a cluster, and this project's own image with it;
    /// nothing of it needs a network
    Load {
        /// What, and where it lies
        #[command(flatten)]
        bundle: Bundle,
        /// Where to: kind[:NAME], k3d[:NAME], minikube[:PROFILE], k3s, containerd[:SOCKET], docker,
        /// podman or nerdctl; by default what the current context of kubectl tells
        #[arg(long, value_name = "WHERE", value_parser = Target::parse, conflicts_with = "registry")]
        to: Option<Target>,
        /// Push it to a registry instead, below this name, for clusters whose nodes cannot be
        /// reached
        #[arg(long, value_name = "HOST/NAME")]
        registry: Option<String>,
        /// Leave this project's own image out
        #[arg(long)]
        without_tales: bool,
    },
}

/// What is fetched and loaded.
#[derive(Debug, Args)]
pub struct Bundle {
    /// The folder
    #[arg(long = "in", value_name = "DIR", default_value = "tales-offline")]
    pub folder: PathBuf,
    /// What for, as the lock file says; may be given several times
    #[arg(long = "for", value_name = "WHAT", default_values = ["monitoring", "chaos"])]
    pub needed_for: Vec<String>,
    /// The lock file; by default manifests/cluster.lock.yaml of the project
    #[arg(long, value_name = "FILE")]
    pub lock: Option<PathBuf>,
}

fn mirror(text: &str) -> Result<(String, String), String> {
    let (host, url) = text.split_once('=').ok_or_else(|| format!("`{text}` is not HOST=URL"))?;
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(format!("`{url}` does not begin with http:// or https://"));
    }
    Ok((host.to_owned(), url.to_owned()))
}
