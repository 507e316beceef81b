//! The arguments of `tale images`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use images::{REPOSITORY, STAGE_REPOSITORY, Target};

/// `tale images`
#[derive(Debug, Subcommand)]
pub enum Images {
    /// Write the image as an archive that docker, podman, containerd, kind, k3s and skopeo read
    Build {
        /// The programs and the name
        #[command(flatten)]
        image: Image,
        /// The archive; by default tales.tar or tales-stage.tar
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Write the release: the programs and the stories in one archive, for machines without Rust
    /// and without containers, with its checksum beside it
    Archive {
        /// Where `tale` and `all-services` lie; by default beside this program
        #[arg(long, value_name = "DIR")]
        programs: Option<PathBuf>,
        /// The folder it is written to
        #[arg(long, value_name = "DIR", default_value = ".")]
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
        /// Which of the two
        #[arg(long = "image", value_enum, value_name = "IMAGE", default_value_t)]
        which: Which,
        /// Where its programs lie; by default beside this program
        #[arg(long, value_name = "DIR")]
        programs: Option<PathBuf>,
        /// Registry and name, e.g. ghcr.io/me/tales; the tag is made from the content, unless the
        /// name has one
        repository: String,
    },
}

/// The images of this project.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// What runs in the pods of a cluster
    #[default]
    Tales,
    /// The whole local stage: `docker run --rm -it IMAGE play dns-leak`
    TalesStage,
}

impl Which {
    /// What it is called where it comes from no registry.
    pub fn repository(self) -> &'static str {
        match self {
            Self::Tales => REPOSITORY,
            Self::TalesStage => STAGE_REPOSITORY,
        }
    }

    /// Its archive.
    pub fn file(self) -> &'static str {
        match self {
            Self::Tales => "tales.tar",
            Self::TalesStage => "tales-stage.tar",
        }
    }
}

/// What the image is made of.
#[derive(Debug, Args)]
pub struct Image {
    /// Which of the two
    #[arg(long = "image", value_enum, value_name = "IMAGE", default_value_t)]
    pub which: Which,
    /// Where `tale` and `all-services` lie; by default beside this program
    #[arg(long, value_name = "DIR")]
    pub programs: Option<PathBuf>,
    /// Registry and name, by default tales.local/IMAGE; the tag is made from the content, unless
    /// the name has one, as it has to where files name it
    #[arg(long, value_name = "NAME")]
    pub repository: Option<String>,
}
