//! No room of the house leads back to itself.

use std::path::{Path, PathBuf};

use e2e::arrows::{Arrows, arrows, circles};
use e2e::root;

/// The crates in which not even two files may know each other: code that people read to learn from,
/// or that others add a kind to.
fn strict() -> Vec<PathBuf> {
    let services = std::fs::read_dir(root().join("services")).unwrap().flatten();
    let mut crates: Vec<PathBuf> = services.map(|entry| entry.path()).collect();
    crates.push(root().join("crates/chaos"));
    crates.retain(|path| path.join("src").is_dir());
    crates
}

fn all() -> Vec<PathBuf> {
    let crates = std::fs::read_dir(root().join("crates")).unwrap().flatten();
    let mut crates: Vec<PathBuf> = crates.map(|entry| entry.path()).collect();
    crates.push(root().join("load"));
    crates.retain(|path| path.join("src").is_dir());
    crates
}

#[test]
fn no_file_of_a_service_or_of_chaos_leads_back_to_itself() {
    for path in strict() {
        let found = circles(&arrows(&path.join("src")), |file| Some(file.to_owned()));
        assert!(found.is_empty(), "{}: {found:#?}", path.display());
    }
}

#[test]
fn no_folder_leads_back_to_itself() {
    let mut found = Vec::new();
    for path in all() {
        let arrows = arrows(&path.join("src"));
        let folders = folders(&arrows);
        for folder in &folders {
            let circles = circles(&arrows, |file| room(folder, file, &folders));
            // Two files of one folder may know each other; a folder is a room of its own.
            let across = circles
                .into_iter()
                .filter(|circle| circle.iter().any(|room| room.extension().is_none()));
            found.extend(across.map(|circle| (path.clone(), circle)));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// Every folder that has rooms, the crate's own (`""`) included.
fn folders(arrows: &Arrows) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        arrows.keys().flat_map(|file| file.ancestors().skip(1).map(Path::to_owned)).collect();
    folders.sort();
    folders.dedup();
    folders
}

/// What a file belongs to, seen from `folder`: a file in it, or a folder in it. `x.rs` beside `x/`
/// is the front door of that folder: a part of it, and free to use all that is inside.
fn room(folder: &Path, file: &Path, folders: &[PathBuf]) -> Option<PathBuf> {
    let home = file.with_extension("");
    let inside = home.strip_prefix(folder).ok()?;
    let room = folder.join(inside.components().next()?);
    let is_folder = inside.components().count() > 1 || folders.contains(&home);
    Some(if is_folder { room } else { file.to_owned() })
}
