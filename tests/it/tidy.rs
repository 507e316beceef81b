//! The project's shape: what every file and every service has to look like.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use e2e::{files, root};

/// Modules besides main, lib, metrics and tests: each is a lesson of its own, and counted by
/// itself.
const LESSONS: [(&str, &str); 57] = [
    ("dns-leaker", "leak"),
    ("nameserver", "control"),
    ("nameserver", "host"),
    ("nameserver", "incoming"),
    ("nameserver", "listen"),
    ("nameserver", "node"),
    ("nameserver", "notify"),
    ("nameserver", "primary"),
    ("nameserver", "secondary"),
    ("nameserver", "settings"),
    ("orders", "body"),
    ("orders", "methods"),
    ("orders", "queue"),
    ("orders", "rpc"),
    ("orders", "store"),
    ("orders", "watch"),
    ("orders", "work"),
    ("pull-limit-exporter", "client"),
    ("pull-limit-exporter", "finding"),
    ("pull-limit-exporter", "probe"),
    ("pull-limit-exporter", "shown"),
    ("pull-limit-exporter", "target"),
    ("registry", "accept"),
    ("registry", "access"),
    ("registry", "asked"),
    ("registry", "cache"),
    ("registry", "contents"),
    ("registry", "control"),
    ("registry", "desk"),
    ("registry", "given"),
    ("registry", "library"),
    ("registry", "limit"),
    ("registry", "lists"),
    ("registry", "manifests"),
    ("registry", "pull"),
    ("registry", "push"),
    ("registry", "quirks"),
    ("registry", "range"),
    ("registry", "refusal"),
    ("registry", "repositories"),
    ("registry", "seen"),
    ("registry", "serving"),
    ("registry", "sessions"),
    ("registry", "settings"),
    ("registry", "source"),
    ("registry", "store"),
    ("registry", "taken"),
    ("registry", "token"),
    ("registry", "upstream"),
    ("zone-exporter", "client"),
    ("zone-exporter", "finding"),
    ("zone-exporter", "once"),
    ("zone-exporter", "options"),
    ("zone-exporter", "probe"),
    ("zone-exporter", "settings"),
    ("zone-exporter", "shown"),
    ("zone-exporter", "target"),
];

/// The rest of a service that has several lessons: what joins them.
const JOINTS: [(&str, &str); 2] = [("orders", "compute"), ("orders", "refused")];

fn lines_of_code(text: &str) -> usize {
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

#[allow(clippy::unwrap_used, reason = "a test has nobody to return an error to")]
fn services() -> Vec<std::path::PathBuf> {
    let folders = fs::read_dir(root().join("services")).unwrap().flatten();
    let mut folders: Vec<_> =
        folders.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

#[test]
fn every_rust_file_opens_with_what_it_is() {
    for file in files(&root(), ".rs") {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//! "), "{} does not open with //!", file.display());
    }
}

#[test]
fn a_service_is_four_files_and_its_lessons_each_in_at_most_200_lines() {
    for service in services() {
        let name = service.file_name().unwrap().to_string_lossy().into_owned();
        let src = service.join("src");
        // By lesson; the service itself under an empty name.
        let mut lines = BTreeMap::<String, usize>::new();
        for file in files(&src, ".rs") {
            if file.ends_with("tests.rs") {
                continue;
            }
            let count = lines_of_code(&fs::read_to_string(&file).unwrap());
            let first = file.strip_prefix(&src).unwrap().iter().next().unwrap().to_str().unwrap();
            let module = first.trim_end_matches(".rs");
            let part = match module {
                "main" => {
                    assert!(count <= 15, "{name}: main.rs has {count} lines of code");
                    ""
                }
                "lib" | "metrics" => "",
                joint if JOINTS.contains(&(&name, joint)) => "",
                lesson if LESSONS.contains(&(&name, lesson)) => lesson,
                other => {
                    panic!("{name}: what is {other} for? A service is main, lib, metrics and tests")
                }
            };
            *lines.entry(part.to_owned()).or_default() += count;
        }
        for (part, lines) in lines {
            assert!(
                lines <= 200,
                "{name} {part} has {lines} lines of code: one lesson, at most 200"
            );
        }
        assert!(service.join("README.md").exists(), "{name} has no README.md");
    }
}

#[test]
fn a_service_opens_with_its_description() {
    for service in services() {
        let manifest = fs::read_to_string(service.join("Cargo.toml")).unwrap();
        let description =
            manifest.lines().find_map(|line| line.strip_prefix("description = \"")).unwrap();
        let description = description.trim_end_matches('"');
        let lib = fs::read_to_string(service.join("src/lib.rs")).unwrap();
        assert!(
            lib.starts_with(&format!("//! {description}.")),
            "{}: {description}",
            service.display()
        );
    }
}

#[test]
fn services_hold_no_fault_injection_and_read_no_environment_themselves() {
    for service in services() {
        for file in files(&service.join("src"), ".rs") {
            // Arguments are no environment: they belong to whoever calls.
            let text = fs::read_to_string(&file).unwrap().replace("std::env::args_os", "");
            for forbidden in ["cfg(feature", "std::env", "default_registry"] {
                assert!(!text.contains(forbidden), "{}: {forbidden}", file.display());
            }
        }
    }
}

#[test]
fn files_stay_within_300_lines_of_code() {
    let code = files(&root(), ".rs").into_iter();
    // Tables of cases may be long: what has to be held in the head is the code.
    for file in code.filter(|file| !file.components().any(|part| part.as_os_str() == "tests")) {
        let lines = lines_of_code(&fs::read_to_string(&file).unwrap());
        let shown = file.strip_prefix(root()).unwrap_or(Path::new("")).display().to_string();
        assert!(lines <= 300, "{shown} has {lines} lines of code: one idea per file");
    }
}
