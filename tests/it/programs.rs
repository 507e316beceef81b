//! The programs that pods run are named in three places, none of which can depend on another: what
//! `all-services` answers to, what the image calls it, and what tests put on a stage.

use std::collections::BTreeSet;
use std::fs;

use e2e::root;

#[test]
fn every_service_is_in_the_program_the_image_and_the_tests() {
    let services = fs::read_dir(root().join("services")).unwrap();
    let services = services.map(Result::unwrap).filter(|entry| entry.path().is_dir());
    let services = services.map(|entry| entry.file_name().into_string().unwrap());
    let wanted: BTreeSet<String> = services.chain(["load".to_owned()]).collect();
    // The inbox is the stage's own: on a laptop the stage itself is it.
    let mut in_pods = wanted.clone();
    in_pods.insert("inbox".to_owned());
    for (file, list, wanted) in [
        ("crates/all-services/src/main.rs", "const NAMES", &in_pods),
        ("crates/images/src/tales.rs", "const CALLED", &in_pods),
        ("crates/testkit/src/project.rs", "const PODS", &wanted),
    ] {
        assert_eq!(names(file, list), *wanted, "{file}: {list}");
    }
}

/// The strings of a list.
fn names(file: &str, list: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(file)).unwrap();
    let (_, after) = text.split_once(list).unwrap_or_else(|| panic!("{file}: no {list}"));
    let (inside, _) = after.split_once("];").unwrap();
    inside.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}
