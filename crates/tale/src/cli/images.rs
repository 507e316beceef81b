//! The arguments of `tale images`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use images::Target;

/// `tale images`
#[derive(Debug, Subcommand)]
pub enum Images {
    /// Write the image as an archive that docker, podman, containerd, kind, k3s and skopeo read
    Build {
        /// The programs and the name
        #[command(flatten)]
        image: Image,
        /// The archive
        #[arg(long, value_name = "FILE", default_value = "tales.tar")]
        out: PathBuf,
    },
    /// Build the image, and put it on the nodes of a cluster
    Load {
        /// The programs and the name
        #[command(flatten)]
        image: Image,
        /// Where to: kind[:NAME], k3d[:NAME], minikube[:PROFILE], k3s, containerd[:SOCKET], docker,
        /// podman or nerdctl; by default what the current context of kubectl tells
        #[arg(long, value_name = "WHERE", value_parser = Target::parse)]
        to: Option<Target>,
    },
    /// Build the image, and push it to a registry, for clusters whose nodes cannot be reached
    Push {
        /// The programs
        #[arg(long, value_name = "DIR")]
        programs: Option<PathBuf>,
        /// Registry and name, e.g. ghcr.io/me/tales; the tag is made from the content, unless the
        /// name has one
        repository: String,
    },
}

/// What the image is made of.
#[derive(Debug, Args)]
pub struct Image {
    /// Where `tale` and `all-services` lie; by default beside this program
    #[arg(long, value_name = "DIR")]
    pub programs: Option<PathBuf>,
    /// Registry and name; the tag is made from the content, unless the name has one, as it has to
    /// where files name it
    #[arg(long, value_name = "NAME", default_value = images::REPOSITORY)]
    pub repository: String,
}
