//! What an image holds.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use crate::archive::Archive;
use crate::error::ImageError;
use crate::libraries::{self, Needs};
use crate::shell;

/// Where runc looks for a `command` without a slash.
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// An image of one layer, built up in memory. Paths in it are absolute.
#[derive(Debug, Clone, Default)]
pub struct Image {
    pub(crate) entries: BTreeMap<String, Entry>,
    pub(crate) user: u32,
    pub(crate) architecture: Option<&'static str>,
    env: Vec<String>,
    entry: Vec<String>,
    folder: Option<String>,
    port: Option<u16>,
}

/// What lies at a path.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    File {
        bytes: Vec<u8>,
        executable: bool,
    },
    Link(String),
    /// For everyone's temporary files.
    SharedFolder,
}

impl Image {
    /// An empty one, run as this user.
    pub fn new(user: u32) -> Self {
        Self { user, ..Self::default() }
    }

    /// Sets a variable of its programs.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.env.push(format!("{name}={value}"));
        self
    }

    /// Runs this program, in this folder, unless another one is asked for.
    #[must_use]
    pub fn entry_point(mut self, program: &str, folder: &str) -> Self {
        self.entry = vec![program.to_owned()];
        self.folder = Some(folder.to_owned());
        self
    }

    /// Says that its program listens on this TCP port.
    #[must_use]
    pub fn listens_on(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Puts a text there.
    #[must_use]
    pub fn text(self, path: &str, text: &str) -> Self {
        self.entry(path, Entry::File { bytes: text.into(), executable: false })
    }

    /// Puts a symbolic link there.
    #[must_use]
    pub fn link(self, path: &str, to: &str) -> Self {
        self.entry(path, Entry::Link(to.to_owned()))
    }

    /// Puts a folder there that everyone may write to.
    #[must_use]
    pub fn shared_folder(self, path: &str) -> Self {
        self.entry(path, Entry::SharedFolder)
    }

    /// Puts a program there, and the libraries that it needs where its loader looks for them.
    ///
    /// # Errors
    /// It cannot be read, is no program for Linux, is for another processor than the programs
    /// before it, or a library is missing.
    pub fn program(self, file: &Path, path: &str) -> Result<Self, ImageError> {
        let (mut image, needs) = self.alone(file, path)?;
        for library in needs.files {
            let bytes = read(&library)?;
            let at = library.to_string_lossy().into_owned();
            image.entries.insert(at, Entry::File { bytes, executable: true });
        }
        Ok(image)
    }

    /// Puts a program there without its libraries; what it needs.
    pub(crate) fn alone(mut self, file: &Path, path: &str) -> Result<(Self, Needs), ImageError> {
        let bytes = read(file)?;
        let needs = libraries::of(file, &bytes)?;
        let before = *self.architecture.get_or_insert(needs.architecture);
        if before != needs.architecture {
            let is = needs.architecture;
            return Err(ImageError::Architectures { path: file.to_owned(), is, before });
        }
        Ok((self.entry(path, Entry::File { bytes, executable: true }), needs))
    }

    /// Puts a script there, which the system can run.
    pub(crate) fn script(self, file: &Path, path: &str) -> Result<Self, ImageError> {
        let bytes = read(file)?;
        Ok(self.entry(path, Entry::File { bytes, executable: true }))
    }

    /// Puts a file there, as it is.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn file(self, file: &Path, path: &str) -> Result<Self, ImageError> {
        let bytes = read(file)?;
        Ok(self.entry(path, Entry::File { bytes, executable: false }))
    }

    /// Puts a folder there, with all that is in it. What a link leads to is put in its place;
    /// hidden files and links to nowhere stay behind.
    ///
    /// # Errors
    /// Something in it cannot be read.
    pub fn tree(mut self, folder: &Path, path: &str) -> Result<Self, ImageError> {
        let unread = |why| ImageError::Read { path: folder.to_owned(), why };
        for entry in std::fs::read_dir(folder).map_err(unread)? {
            let entry = entry.map_err(unread)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let (from, to) = (entry.path(), format!("{path}/{name}"));
            if name.starts_with('.') || !from.exists() {
                continue;
            }
            self = if from.is_dir() { self.tree(&from, &to)? } else { self.file(&from, &to)? };
        }
        Ok(self)
    }

    /// Puts busybox there, each of its commands a link in `/bin`.
    ///
    /// # Errors
    /// There is no busybox on this machine.
    pub fn shell(self) -> Result<Self, ImageError> {
        let shell = shell::find()?;
        let mut image = self.program(&shell.program, "/bin/busybox")?;
        for command in shell.commands {
            image = image.link(&format!("/bin/{command}"), "busybox");
        }
        Ok(image)
    }

    /// The bytes of all its files together: what it takes on a node's disk.
    pub fn unpacked_bytes(&self) -> u64 {
        let sizes = self.entries.values().map(|entry| match entry {
            Entry::File { bytes, .. } => bytes.len() as u64,
            Entry::Link(_) | Entry::SharedFolder => 0,
        });
        sizes.sum()
    }

    /// Packs it.
    pub fn archive(&self) -> Archive {
        let env: Vec<&str> =
            std::iter::once(PATH).chain(self.env.iter().map(String::as_str)).collect();
        let mut config = json!({ "User": self.user.to_string(), "Env": env });
        if !self.entry.is_empty() {
            config["Entrypoint"] = json!(self.entry);
        }
        if let Some(folder) = &self.folder {
            config["WorkingDir"] = json!(folder);
        }
        if let Some(port) = self.port {
            config["ExposedPorts"] = json!({ format!("{port}/tcp"): {} });
        }
        Archive::new(&self.entries, &config, self.architecture.unwrap_or("amd64"))
    }

    fn entry(mut self, path: &str, entry: Entry) -> Self {
        self.entries.insert(path.to_owned(), entry);
        self
    }
}

fn read(path: &Path) -> Result<Vec<u8>, ImageError> {
    std::fs::read(path).map_err(|why| ImageError::Read { path: path.to_owned(), why })
}
