//! Reading files that somebody named: regular ones, of a size that makes sense.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// Most bytes of a file that people write.
pub const LONGEST: u64 = 4 << 20;

/// The text of a file.
///
/// # Errors
/// It is not there, no regular file (a pipe would be waited for, and a device never end), longer
/// than [`LONGEST`], or no text.
pub fn read(path: &Path) -> Result<String> {
    let what = || format!("cannot read {}", path.display());
    let kind = std::fs::metadata(path).with_context(what)?;
    ensure!(
        kind.is_file(),
        "{}: is {}, and a regular file is wanted; name one",
        path.display(),
        if kind.is_dir() { "a folder" } else { "a pipe or a device" }
    );
    let mut text = String::new();
    // A file may grow while it is read.
    File::open(path)
        .with_context(what)?
        .take(LONGEST + 1)
        .read_to_string(&mut text)
        .with_context(what)?;
    ensure!(
        text.len() as u64 <= LONGEST,
        "{}: is longer than the {} MiB that are read; split it",
        path.display(),
        LONGEST >> 20
    );
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_regular_file_of_a_sensible_size_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |path: &Path| read(path).unwrap_err().to_string();
        assert!(refused(folder.path()).contains("is a folder"));
        assert!(refused(Path::new("/dev/zero")).contains("a pipe or a device"));
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RWXU,
            0,
        )
        .unwrap();
        assert!(refused(&pipe).contains("a pipe or a device"), "it is not waited for");
        let long = folder.path().join("long");
        File::create(&long).unwrap().set_len(LONGEST + 1).unwrap();
        assert!(refused(&long).contains("split it"));
        let fine = folder.path().join("fine");
        std::fs::write(&fine, "a: b\n").unwrap();
        assert_eq!(read(&fine).unwrap(), "a: b\n");
    }
}
