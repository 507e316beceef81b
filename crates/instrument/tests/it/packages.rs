//! What the crate adds to an application, in packages: the README's table, counted afresh.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

#[test]
fn the_readme_says_how_many_packages_each_feature_adds() {
    let rocket = packages("").under_rocket;
    let rows = ["", "allocator", "profiles", "client", "traces", "full"].map(|features| {
        let added = packages(features).all.difference(&rocket).count();
        let shown = if features.is_empty() { "none".to_owned() } else { format!("`{features}`") };
        format!("| {shown} | {added} |")
    });
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let header = format!("| features | packages beside Rocket's own {} |", rocket.len());
    for line in rows.iter().chain([&header]) {
        assert!(readme.contains(line), "README.md lacks the line: {line}");
    }
}

#[derive(Default)]
struct Packages {
    all: BTreeSet<String>,
    under_rocket: BTreeSet<String>,
}

/// What is compiled into an application on x86-64 Linux, build scripts and tests left out.
fn packages(features: &str) -> Packages {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", "instrument", "--edges", "normal", "--prefix", "depth"])
        .args(["--no-dedupe", "--no-default-features", "--features", features])
        .args(["--target", "x86_64-unknown-linux-gnu", "--locked", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let (mut found, mut in_rocket) = (Packages::default(), false);
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        // For example `2tokio v1.54.1`: what Rocket, at depth 1, needs itself.
        let name = line.trim_start_matches(|c: char| c.is_ascii_digit());
        let depth = &line[..line.len() - name.len()];
        let package: String = name.split(' ').take(2).collect();
        if depth == "1" {
            in_rocket = name.starts_with("rocket ");
        }
        if in_rocket {
            found.under_rocket.insert(package.clone());
        }
        found.all.insert(package);
    }
    found
}
