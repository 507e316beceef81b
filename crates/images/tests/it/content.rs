//! What is in an image.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use images::{Image, ImageError};

use crate::layer;

#[test]
fn nothing_in_it_tells_when_or_by_whom_it_was_made() {
    let image = Image::new(7).text("/etc/deep/file", "x").shared_folder("/tmp");
    let entries = layer(&image);
    let paths: Vec<&str> = entries.keys().map(String::as_str).collect();
    assert_eq!(paths, ["etc", "etc/deep", "etc/deep/file", "tmp"]);
    for (path, (header, _)) in &entries {
        let said = (header.mtime().unwrap(), header.uid().unwrap(), header.gid().unwrap());
        assert_eq!(said, (0, 0, 0), "{path}");
    }
    assert_eq!(entries["tmp"].0.mode().unwrap(), 0o1777);
    assert_eq!(entries["etc/deep/file"].0.mode().unwrap(), 0o644);
}

/// Unpacks an image.
fn unpack(image: &Image, to: &Path) {
    for (path, (header, bytes)) in layer(image) {
        let path = to.join(path);
        match header.entry_type() {
            tar::EntryType::Directory => fs::create_dir_all(path).unwrap(),
            tar::EntryType::Symlink => symlink(header.link_name().unwrap().unwrap(), path).unwrap(),
            _ => {
                fs::write(&path, bytes).unwrap();
                let mode = fs::Permissions::from_mode(header.mode().unwrap());
                fs::set_permissions(path, mode).unwrap();
            }
        }
    }
}

#[test]
fn a_program_runs_with_the_libraries_that_came_along_and_no_others() {
    let this = std::env::current_exe().unwrap();
    let image = Image::new(7).program(&this, "/usr/local/bin/this").unwrap();
    let folder = tempfile::tempdir().unwrap();
    unpack(&image, folder.path());
    let triple = format!("{}-linux-gnu", std::env::consts::ARCH);
    let libraries = folder.path().join("lib").join(triple);
    let loader = layer(&image).into_keys().find(|path| path.contains("ld-linux")).unwrap();
    let run = |libraries: &Path| {
        let mut run = Command::new(folder.path().join(&loader));
        run.args(["--inhibit-cache", "--library-path"]).arg(libraries);
        run.arg(folder.path().join("usr/local/bin/this")).arg("--list").output().unwrap()
    };
    let ended = run(&libraries);
    let said = String::from_utf8(ended.stdout).unwrap();
    assert!(said.contains("no_others: test"), "{}", String::from_utf8_lossy(&ended.stderr));
    let traced = Command::new(folder.path().join(&loader))
        .args(["--inhibit-cache", "--library-path"])
        .arg(&libraries)
        .arg("--list")
        .arg(folder.path().join("usr/local/bin/this"))
        .output()
        .unwrap();
    for line in String::from_utf8(traced.stdout).unwrap().lines() {
        let from_image = line.contains(folder.path().to_str().unwrap());
        assert!(from_image || line.contains("vdso") || line.contains("ld-linux"), "{line}");
    }
}

#[test]
fn a_shell_has_what_dns_chaos_runs_in_a_container() {
    let folder = tempfile::tempdir().unwrap();
    unpack(&Image::new(7).shell().unwrap(), folder.path());
    for command in ["sh", "ls", "cp", "cat", "sed", "rm"] {
        let link = folder.path().join("bin").join(command);
        assert_eq!(fs::read_link(link).unwrap(), Path::new("busybox"), "{command}");
    }
}

#[test]
fn what_is_no_program_for_linux_is_refused_with_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("script");
    let refused = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        let why = Image::new(7).program(&file, "/bin/x").unwrap_err();
        assert!(matches!(why, ImageError::NotAProgram { .. }), "{why}");
        assert!(why.to_string().contains("script is no Linux program"), "{why}");
    };
    refused(b"#!/bin/sh\n");
    refused(b"");
    // The beginning of a program, cut off at every length.
    let this = fs::read(std::env::current_exe().unwrap()).unwrap();
    for length in [4, 20, 64, 200] {
        refused(&this[..length]);
    }
}

#[test]
fn a_missing_file_is_named() {
    let why = Image::new(7).program(Path::new("/nowhere/tale"), "/bin/tale").unwrap_err();
    assert!(why.to_string().starts_with("cannot read /nowhere/tale: "), "{why}");
}

#[test]
fn programs_for_two_processors_do_not_come_together() {
    let folder = tempfile::tempdir().unwrap();
    let this = fs::read(std::env::current_exe().unwrap()).unwrap();
    let mut other = this.clone();
    // e_machine of an ELF header: 0xB7 is aarch64, 0x3E x86-64.
    other[18] = if this[18] == 0xB7 { 0x3E } else { 0xB7 };
    let file = folder.path().join("other");
    fs::write(&file, other).unwrap();
    let image = Image::new(7).program(&std::env::current_exe().unwrap(), "/bin/this").unwrap();
    let why = image.program(&file, "/bin/other").unwrap_err().to_string();
    // Its libraries may be what is missed first.
    assert!(why.contains("build them all for one") || why.contains("which is in none of"), "{why}");
}

#[test]
fn a_folder_goes_in_as_it_is_without_what_is_hidden_and_what_leads_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("deep/er")).unwrap();
    fs::write(at("deep/er/file"), "x").unwrap();
    fs::write(at(".hidden"), "x").unwrap();
    symlink(at("deep/er"), at("link")).unwrap();
    symlink("/nowhere", at("dead")).unwrap();
    let image = Image::new(7).tree(folder.path(), "/here").unwrap();
    let files = |(path, (header, _)): (String, (tar::Header, Vec<u8>))| {
        header.entry_type().is_file().then_some(path)
    };
    let files: Vec<String> = layer(&image).into_iter().filter_map(files).collect();
    assert_eq!(files, ["here/deep/er/file", "here/link/file"]);
}
