//! The shared libraries that a program needs, read from the program itself: nothing is run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use object::elf::{DT_NEEDED, FileHeader64};
use object::read::elf::{ElfFile, FileHeader, ProgramHeader};
use object::{Architecture, Endianness, Object, ObjectKind};

use crate::error::ImageError;

/// What a program needs to run.
#[derive(Debug)]
pub(crate) struct Needs {
    /// The processor, in the words of images: `amd64` or `arm64`.
    pub(crate) architecture: &'static str,
    /// Its loader and its libraries, at the paths where they are looked for. None if it is static.
    pub(crate) files: BTreeSet<PathBuf>,
}

type Program<'a> = ElfFile<'a, FileHeader64<Endianness>>;

/// What the program `path`, with these bytes, needs, and what its libraries need in turn.
pub(crate) fn of(path: &Path, bytes: &[u8]) -> Result<Needs, ImageError> {
    let not = |why: &str| ImageError::NotAProgram { path: path.to_owned(), why: why.to_owned() };
    let program = Program::parse(bytes).map_err(|why| not(&why.to_string()))?;
    let (architecture, triple) = match program.architecture() {
        Architecture::X86_64 => ("amd64", "x86_64-linux-gnu"),
        Architecture::Aarch64 => ("arm64", "aarch64-linux-gnu"),
        other => return Err(not(&format!("it is for {other:?}"))),
    };
    if !matches!(program.kind(), ObjectKind::Executable | ObjectKind::Dynamic) {
        return Err(not("it is not linked"));
    }
    let folders = folders(triple);
    let mut files: BTreeSet<PathBuf> = loader(&program).into_iter().collect();
    let mut open = needed(&program).ok_or_else(|| not("its dynamic section is broken"))?;
    while let Some(library) = open.pop() {
        let missing = || ImageError::MissingLibrary {
            path: path.to_owned(),
            library: library.clone(),
            searched: folders.iter().map(|f| f.to_string_lossy()).collect::<Vec<_>>().join(", "),
        };
        let found = folders.iter().map(|folder| folder.join(&library));
        let found = found.into_iter().find(|file| file.exists()).ok_or_else(missing)?;
        // The loader is asked for as a library, too, and lies already where the program wants it.
        let is_loader = files.iter().any(|file| file.file_name() == found.file_name());
        if is_loader || !files.insert(found.clone()) {
            continue;
        }
        let bytes =
            std::fs::read(&found).map_err(|why| ImageError::Read { path: found.clone(), why })?;
        let library = Program::parse(&*bytes).map_err(|why| not(&why.to_string()))?;
        open.extend(needed(&library).unwrap_or_default());
    }
    Ok(Needs { architecture, files })
}

/// Where the loader looks unless it is told otherwise (ld.so(8), and Debian's multiarch folders).
fn folders(triple: &str) -> Vec<PathBuf> {
    let multiarch = [format!("/lib/{triple}"), format!("/usr/lib/{triple}")];
    let plain = ["/lib64", "/usr/lib64", "/lib", "/usr/lib"].map(str::to_owned);
    multiarch.into_iter().chain(plain).map(PathBuf::from).collect()
}

/// The names of the libraries that it asks for.
fn needed(program: &Program<'_>) -> Option<Vec<String>> {
    let endian = program.endian();
    let table = program.elf_section_table().dynamic_table(endian, program.data()).ok()?;
    let wanted = table.iter().filter(|entry| entry.tag == DT_NEEDED);
    let names = wanted.map(|entry| table.string(entry).ok());
    names.map(|name| Some(String::from_utf8_lossy(name?).into_owned())).collect()
}

/// The program that loads it.
fn loader(program: &Program<'_>) -> Option<PathBuf> {
    let (endian, data) = (program.endian(), program.data());
    let headers = program.elf_header().program_headers(endian, data).ok()?;
    let path = headers.iter().find_map(|header| header.interpreter(endian, data).ok().flatten())?;
    Some(PathBuf::from(String::from_utf8_lossy(path).into_owned()))
}
