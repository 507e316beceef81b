//! The body of a request: as written, or what is in a file.

use std::{fs, io, io::Read};

/// Largest body, in bytes: each request holds one while it is sent.
const MOST: u64 = 16 << 20;

/// A body that cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadBody {
    #[error("the body `@{file}` cannot be read: {source}; after an @ write the name of a file")]
    Unreadable { file: String, source: io::Error },
    #[error("the body `@{file}` has more than {} MiB; send less", MOST >> 20)]
    TooLong { file: String },
}

/// The bytes that `text` means: itself, or with an `@` before it the file of that name, or standard
/// input (`@-`).
pub(crate) fn of(text: &str) -> Result<Vec<u8>, BadBody> {
    let Some(file) = text.strip_prefix('@') else {
        return Ok(text.as_bytes().to_vec());
    };
    let unreadable = |source| BadBody::Unreadable { file: file.to_owned(), source };
    let mut bytes = Vec::new();
    let read = if file == "-" {
        io::stdin().take(MOST + 1).read_to_end(&mut bytes)
    } else {
        regular(file).map_err(unreadable)?.take(MOST + 1).read_to_end(&mut bytes)
    };
    read.map_err(unreadable)?;
    if bytes.len() as u64 > MOST {
        return Err(BadBody::TooLong { file: file.to_owned() });
    }
    Ok(bytes)
}

/// Opens a file, but neither a device without end nor a pipe that nobody writes into.
pub(crate) fn regular(path: &str) -> io::Result<fs::File> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    fs::File::open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_a_text_or_a_file_and_never_the_name_of_one() {
        assert_eq!(of("{}").unwrap(), b"{}");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("body.json");
        fs::write(&file, b"{\"a\": \xff}").unwrap();
        assert_eq!(of(&format!("@{}", file.display())).unwrap(), b"{\"a\": \xff}");
        for wrong in ["@", "@no/such/file", "@/dev/zero", "@/"] {
            assert!(of(wrong).unwrap_err().to_string().contains("cannot be read"), "{wrong}");
        }
        fs::File::create(&file).unwrap().set_len(MOST + 1).unwrap();
        assert!(of(&format!("@{}", file.display())).unwrap_err().to_string().contains("16 MiB"));
    }
}
