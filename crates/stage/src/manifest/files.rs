//! Which files a path means, and their text: never more than fits, never waiting for ever.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use super::{ManifestError, SourceFile};

/// Largest file read, in bytes; Kubernetes itself stores no object above 1.5 MB.
const MOST_BYTES: u64 = 8 << 20;

/// How long somebody may take to write into a pipe. A program at the other end of standard input
/// may have to start first.
const PIPE_PATIENCE: Duration = Duration::from_secs(10);
const INPUT_PATIENCE: Duration = Duration::from_secs(60);

/// The file, or those of the folder in the order of their names.
pub(super) fn read(path: &Path) -> Result<Vec<SourceFile>, ManifestError> {
    if !path.is_dir() {
        return Ok(vec![read_file(path)?]);
    }
    let entries = fs::read_dir(path).map_err(|source| unreadable(path, source))?;
    let all: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    let mut files: Vec<PathBuf> = all.iter().filter(|p| is_manifest(p)).cloned().collect();
    files.sort();
    if files.is_empty() {
        let below = all.iter().any(|path| path.is_dir());
        let why = if below {
            "no *.yaml and no *.yml in this folder, and folders in it are not looked into"
        } else {
            "no *.yaml and no *.yml in this folder"
        };
        let source = io::Error::new(io::ErrorKind::NotFound, why);
        return Err(unreadable(path, source));
    }
    files.iter().map(|file| read_file(file)).collect()
}

/// Standard input, to its end.
pub(super) fn read_input() -> Result<SourceFile, ManifestError> {
    let name = PathBuf::from("standard input");
    let patience = (!io::stdin().is_terminal()).then_some(INPUT_PATIENCE);
    let text = within(patience, || whole(io::stdin()));
    let text = text.map_err(|source| unreadable(&name, source))?;
    Ok(SourceFile { name: name.display().to_string(), text })
}

fn read_file(file: &Path) -> Result<SourceFile, ManifestError> {
    let text = bounded(file).map_err(|source| unreadable(file, source))?;
    Ok(SourceFile { name: file.display().to_string(), text })
}

/// A pipe is read like a file (`<(helm template .)` is one), a device is not.
fn bounded(path: &Path) -> io::Result<String> {
    let kind = fs::metadata(path)?.file_type();
    if kind.is_file() {
        return whole(File::open(path)?);
    }
    if kind.is_fifo() {
        let path = path.to_owned();
        // Opening waits already.
        return within(Some(PIPE_PATIENCE), move || whole(File::open(path)?));
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is neither a file nor a pipe"))
}

fn whole(from: impl Read) -> io::Result<String> {
    let mut text = String::new();
    // One byte more shows whether it goes on.
    from.take(MOST_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MOST_BYTES {
        let why = format!("it has more than {} MiB", MOST_BYTES >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(text)
}

/// What `read` reads, unless that takes longer than `patience`. Then its thread is left behind, and
/// ends with the program.
fn within(
    patience: Option<Duration>,
    read: impl FnOnce() -> io::Result<String> + Send + 'static,
) -> io::Result<String> {
    let Some(patience) = patience else {
        return read();
    };
    let (sender, text) = channel();
    std::thread::Builder::new().name("reader".to_owned()).spawn(move || {
        let _ = sender.send(read()); // nobody waits any more after a time-out
    })?;
    match text.recv_timeout(patience) {
        Ok(text) => text,
        Err(RecvTimeoutError::Timeout) => {
            let why = format!("nobody has written it within {} s", patience.as_secs());
            Err(io::Error::new(io::ErrorKind::TimedOut, why))
        }
        Err(RecvTimeoutError::Disconnected) => Err(io::Error::other("the reader broke off")),
    }
}

fn unreadable(file: &Path, why: io::Error) -> ManifestError {
    ManifestError::Read { file: file.to_path_buf(), why }
}

fn is_manifest(path: &Path) -> bool {
    let yaml = path.extension().is_some_and(|e| e == "yaml" || e == "yml");
    yaml && path.file_stem().is_some_and(|s| s != "kustomization")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(path: &Path) -> String {
        read(path).unwrap_err().to_string()
    }

    #[test]
    fn a_folder_is_its_yaml_files_in_order_and_one_without_any_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("below")).unwrap();
        assert!(refusal(dir.path()).contains("folders in it are not looked into"));
        for name in ["b.yml", "a.yaml", "kustomization.yaml", "c.json"] {
            fs::write(dir.path().join(name), name).unwrap();
        }
        let texts: Vec<String> =
            read(dir.path()).unwrap().into_iter().map(|file| file.text).collect();
        assert_eq!(texts, ["a.yaml", "b.yml"]);
    }

    #[test]
    fn a_device_without_end_and_a_file_that_is_too_long_are_refused() {
        assert!(refusal(Path::new("/dev/zero")).contains("neither a file nor a pipe"));
        let dir = tempfile::tempdir().unwrap();
        let long = dir.path().join("long.yaml");
        File::create(&long).unwrap().set_len(MOST_BYTES + 1).unwrap();
        assert!(refusal(&long).contains("more than 8 MiB"));
    }

    #[test]
    fn a_pipe_is_read_and_one_that_nobody_writes_into_is_not_waited_for() {
        let never = within(Some(Duration::from_millis(1)), || {
            std::thread::park_timeout(Duration::from_secs(60));
            Ok(String::new())
        });
        assert_eq!(never.unwrap_err().kind(), io::ErrorKind::TimedOut);
        let (input, mut output) = io::pipe().unwrap();
        io::Write::write_all(&mut output, b"kind: x\n").unwrap();
        drop(output);
        let path = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&input));
        assert_eq!(read(Path::new(&path)).unwrap()[0].text, "kind: x\n");
    }
}
