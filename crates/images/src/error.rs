//! What keeps an image from being written.

use std::io;
use std::path::PathBuf;

/// What keeps an image from being written.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A file that belongs into the image cannot be read.
    #[error("cannot read {}: {why}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// A file is not what a Linux node can run.
    #[error("{} is no Linux program ({why}); images are built on Linux, or from the programs of a release", path.display())]
    NotAProgram {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        why: String,
    },
    /// A program needs a library that is not installed here.
    #[error("{} needs {library}, which is in none of {searched}", path.display())]
    MissingLibrary {
        /// The program.
        path: PathBuf,
        /// The name that it asks for.
        library: String,
        /// The folders.
        searched: String,
    },
    /// Programs for different processors.
    #[error("{} is for {is}, the programs before it for {before}; build them all for one", path.display())]
    Architectures {
        /// The program.
        path: PathBuf,
        /// Its processor.
        is: &'static str,
        /// That of the others.
        before: &'static str,
    },
    /// A program that the stage needs is not installed here.
    #[error(
        "{program} is missing: the whole stage goes into this image; apt-get install {package}"
    )]
    NotInstalled {
        /// The program.
        program: &'static str,
        /// Debian's package of it.
        package: &'static str,
    },
    /// There is no busybox.
    #[error(
        "busybox is missing: DNSChaos needs a shell in the image; apt-get install busybox-static"
    )]
    NoShell,
}
