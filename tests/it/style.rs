//! One hand: what every Rust file looks like, whoever wrote it.

use std::fs;
use std::path::{Path, PathBuf};

use e2e::{files, root};

/// As `rustfmt` breaks lines of code.
const WIDTH: usize = 100;
/// Unit tests that are longer have a file of their own.
const INLINE_TESTS: usize = 60;

fn rust() -> Vec<(String, String)> {
    let shown =
        |file: &PathBuf| file.strip_prefix(root()).unwrap_or(Path::new("")).display().to_string();
    let read = |file: PathBuf| (shown(&file), fs::read_to_string(&file).unwrap());
    files(&root(), ".rs").into_iter().map(read).collect()
}

#[test]
fn rustfmt_uses_the_whole_line() {
    let settings = fs::read_to_string(root().join("rustfmt.toml")).unwrap();
    assert!(settings.contains("use_small_heuristics = \"Max\""), "{settings}");
}

#[test]
fn comments_stay_within_100_columns() {
    for (file, text) in rust() {
        for (number, line) in text.lines().enumerate() {
            let Some(comment) = line.trim_start().strip_prefix("//") else {
                continue;
            };
            let words = comment.trim_start_matches(['/', '!']).trim();
            // A table's row and a long address cannot be broken.
            let whole = words.starts_with('|') || !words.contains(' ') || words.starts_with('[');
            assert!(
                whole || line.chars().count() <= WIDTH,
                "{file}:{}: a comment of {} columns; break it at {WIDTH}",
                number + 1,
                line.chars().count()
            );
        }
    }
}

#[test]
fn imports_come_in_three_groups() {
    for (file, text) in rust() {
        let lines: Vec<&str> = text.lines().collect();
        let children: Vec<&str> = lines.iter().filter_map(|line| child_module(line)).collect();
        let mut last: Option<(usize, usize)> = None; // where an import ended, and its group
        let mut number = 0;
        while number < lines.len() {
            let line = lines[number];
            let Some(path) = line.trim_start().strip_prefix("use ") else {
                number += 1;
                continue;
            };
            let group = group(path, &children);
            if let Some((end, before)) = last.filter(|(end, _)| only_blank(&lines[*end..number])) {
                let apart = number > end;
                assert!(
                    before < group && apart || before == group && !apart,
                    "{file}:{}: imports are std, then other crates, then our own, with a line \
                     between the groups and none inside",
                    number + 1
                );
            }
            while !lines[number].trim_end().ends_with(';') {
                number += 1;
            }
            number += 1;
            last = Some((number, group));
        }
    }
}

fn only_blank(lines: &[&str]) -> bool {
    lines.iter().all(|line| line.trim().is_empty())
}

/// The name in `mod name;`: a child module is the crate's own.
fn child_module(line: &str) -> Option<&str> {
    let (_, rest) = line
        .trim_start()
        .split_once("mod ")
        .filter(|(before, _)| before.is_empty() || before.starts_with("pub"))?;
    rest.split([';', ' ', '{']).next()
}

fn group(path: &str, children: &[&str]) -> usize {
    match path.split([':', ';', ' ']).next().unwrap_or_default() {
        "std" | "core" | "alloc" => 0,
        "crate" | "self" | "super" => 2,
        name if children.contains(&name) => 2,
        _ => 1,
    }
}

#[test]
fn a_module_with_children_is_a_file_beside_their_folder() {
    for (file, _) in rust().into_iter().filter(|(file, _)| file.contains("src/")) {
        assert!(!file.ends_with("/mod.rs"), "{file}: rename it to the name of its folder");
    }
}

#[test]
fn long_unit_tests_have_a_file_of_their_own() {
    for (file, text) in rust().into_iter().filter(|(file, _)| file.contains("src/")) {
        assert!(!file.ends_with("_tests.rs"), "{file}: unit tests of x.rs lie in x/tests.rs");
        let Some((_, inside)) = text.split_once("\nmod tests {\n") else {
            continue;
        };
        let lines = inside.lines().take_while(|line| *line != "}").count();
        let place = file.trim_end_matches(".rs").trim_end_matches("/lib");
        assert!(
            lines <= INLINE_TESTS,
            "{file}: {lines} lines of unit tests; move them to {place}/tests.rs"
        );
    }
}
