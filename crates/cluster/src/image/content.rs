//! What is in the image: programs, the libraries that they are linked with, and busybox with a link
//! for each of its commands.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::archive::{append, header};
use crate::error::ClusterError;

const PASSWD: &str =
    "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\ntales:x:65532:65532::/tmp:/bin/sh\n";
const GROUP: &str = "root:x:0:\nnobody:x:65534:\ntales:x:65532:\n";

/// Files and links by their paths in the image, without the slash at the front.
#[derive(Default)]
pub(super) struct Content {
    files: BTreeMap<String, (Vec<u8>, u32)>,
    links: BTreeMap<String, String>,
}

impl Content {
    /// Reads everything that the programs need.
    ///
    /// # Errors
    /// What is missing.
    pub(super) fn collect(
        programs: &Path,
        names: &[String],
        shell: &Path,
    ) -> Result<Self, ClusterError> {
        let mut content = Self::default();
        for name in names {
            let program = programs.join(name);
            if !program.is_file() {
                return Err(ClusterError::Image(format!(
                    "{}: not built; run this through ./tale, which builds it",
                    program.display()
                )));
            }
            content.program(&program, &format!("usr/local/bin/{name}"))?;
        }
        content.shell(shell)?;
        content.text("etc/passwd", PASSWD);
        content.text("etc/group", GROUP);
        content.text("etc/nsswitch.conf", "hosts: files dns\n");
        Ok(content)
    }

    /// Bytes of all files.
    pub(super) fn bytes(&self) -> u64 {
        self.files.values().map(|(bytes, _)| bytes.len() as u64).sum()
    }

    /// All of it as one layer.
    pub(super) fn layer(&self) -> io::Result<Vec<u8>> {
        let mut tar = tar::Builder::new(Vec::new());
        for folder in self.folders() {
            let mode = if folder == "tmp" { 0o1777 } else { 0o755 };
            let mut header = header(tar::EntryType::Directory, mode);
            tar.append_data(&mut header, format!("{folder}/"), io::empty())?;
        }
        for (name, (bytes, mode)) in &self.files {
            append(&mut tar, name, bytes, *mode)?;
        }
        for (name, target) in &self.links {
            let mut header = header(tar::EntryType::Symlink, 0o777);
            tar.append_link(&mut header, name, target)?;
        }
        tar.into_inner()
    }

    fn folders(&self) -> BTreeSet<String> {
        let mut folders: BTreeSet<String> = ["run", "tmp"].map(str::to_owned).into();
        for name in self.files.keys().chain(self.links.keys()) {
            let above = Path::new(name).ancestors().skip(1);
            folders.extend(above.map(|path| path.display().to_string()).filter(|p| !p.is_empty()));
        }
        folders
    }

    fn text(&mut self, name: &str, text: &str) {
        self.files.insert(name.to_owned(), (text.as_bytes().to_vec(), 0o644));
    }

    fn program(&mut self, program: &Path, name: &str) -> Result<(), ClusterError> {
        self.files.insert(name.to_owned(), (read(program)?, 0o755));
        for library in libraries(program) {
            let name = library.display().to_string().trim_start_matches('/').to_owned();
            if !self.files.contains_key(&name) {
                self.files.insert(name, (read(&library)?, 0o755));
            }
        }
        Ok(())
    }

    /// busybox, under every name that it answers to. Links and not copies: chaos-daemon looks for
    /// `sh` and `cp` in `/bin`.
    fn shell(&mut self, busybox: &Path) -> Result<(), ClusterError> {
        self.program(busybox, "bin/busybox")?;
        for command in said(busybox, &["--list"]).lines().filter(|name| *name != "busybox") {
            self.links.insert(format!("bin/{command}"), "busybox".to_owned());
        }
        Ok(())
    }
}

/// The libraries of a program, where it looks for them; none for one that is linked statically.
fn libraries(program: &Path) -> Vec<PathBuf> {
    let text = said(Path::new("ldd"), &[&program.display().to_string()]);
    let words = text.lines().filter(|line| line.contains("(0x")).filter_map(|line| {
        let before = line.split(" (0x").next()?;
        let path = before.rsplit("=>").next()?.trim();
        path.starts_with('/').then(|| PathBuf::from(path))
    });
    words.collect()
}

/// What a program writes on standard output; nothing if it fails.
fn said(program: &Path, args: &[&str]) -> String {
    let run = Command::new(program).args(args).stdin(Stdio::null()).stderr(Stdio::null()).output();
    run.ok()
        .filter(|output| output.status.success())
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default()
}

fn read(file: &Path) -> Result<Vec<u8>, ClusterError> {
    std::fs::read(file).map_err(|why| {
        ClusterError::Image(format!("cannot read {}: {why}; build it anew", file.display()))
    })
}
