//! The release for machines without Rust and without containers: the programs, `./tale` beside
//! them, and the project's files. As with images, the same input gives the same bytes.

use std::path::Path;

use crate::archive::{Packed, hash};
use crate::error::ImageError;
use crate::image::Image;
use crate::stage::with_project;
use crate::tales::{CALLED, SERVICES};

/// A gzipped tar file with one folder.
#[derive(Debug, Clone)]
pub struct Release {
    /// Its name, in which the processor is called as by `uname -m`: `tales-linux-x86_64.tar.gz`.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl Release {
    /// A release with the programs of `folder` and the files of `project`; its folder is called
    /// `tales-VERSION`.
    ///
    /// # Errors
    /// What is missing or wrong about a program, or a file that cannot be read.
    pub fn new(folder: &Path, project: &Path, version: &str) -> Result<Self, ImageError> {
        let top = format!("/tales-{version}");
        let mut image = Image::new(0).script(&project.join("tale"), &format!("{top}/tale"))?;
        for program in ["tale", SERVICES] {
            (image, _) = image.alone(&folder.join(program), &format!("{top}/bin/{program}"))?;
        }
        for name in CALLED {
            image = image.link(&format!("{top}/bin/{name}"), SERVICES);
        }
        let image = with_project(image, project, &top)?;
        let processor = match image.architecture {
            Some("arm64") => "aarch64",
            _ => "x86_64",
        };
        let bytes = Packed::of(&image.entries).gzip;
        Ok(Self { name: format!("tales-linux-{processor}.tar.gz"), bytes })
    }

    /// A line for `sha256sum --check`.
    pub fn checksum(&self) -> String {
        format!("{}  {}\n", hash(&self.bytes), self.name)
    }
}
