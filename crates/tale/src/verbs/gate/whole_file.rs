//! Files that are written whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Writes beside the file and renames, so that neither a crash nor a full disk leaves half of it.
pub(crate) fn write_whole(target: &Path, text: &str) -> io::Result<()> {
    if target.exists() && !target.is_file() {
        // A pipe or a device stays what it is.
        return fs::write(target, text);
    }
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let part = target.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = File::create(&part).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&part, target)
    });
    if written.is_err() {
        let _ = fs::remove_file(&part); // the error of writing is the one to report
    }
    written
}
