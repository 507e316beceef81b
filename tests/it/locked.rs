//! Every image that is not this project's own is in the lock file: what is not there is not on the
//! stick when the network dies.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use e2e::{files, root};
use images::bundle::Lock;

/// Registries of others. What a name of these stands before is an image that somebody pulls.
const REGISTRIES: [&str; 7] = [
    "docker.io/",
    "gcr.io/",
    "ghcr.io/",
    "mcr.microsoft.com/",
    "public.ecr.aws/",
    "quay.io/",
    "registry.k8s.io/",
];

/// Names that stand for the reader's own.
const EXAMPLES: [&str; 1] = ["ghcr.io/me/"];

/// Images that are made here, or that a story makes.
const OWN: [&str; 4] =
    ["tales:", "tales.local/", "registry:5000/shop/", "registry-cache:5001/shop/"];

fn lock() -> (String, Lock) {
    let text = fs::read_to_string(root().join(tale::verbs::cluster::LOCK)).unwrap();
    let lock = Lock::parse(&text).unwrap();
    (text, lock)
}

/// What people read, what clusters get, and what the program brings by itself. Pipelines have a
/// network, or are none.
fn read() -> Vec<(PathBuf, String)> {
    let mut all = Vec::new();
    for folder in ["manifests", "chaos-experiments", "docs", "tales"] {
        for ending in [".md", ".yaml", ".yml", ".sh"] {
            all.extend(files(&root().join(folder), ending));
        }
    }
    all.extend(files(&root().join(".github"), ".yml"));
    all.extend(files(&root().join("crates/cluster/src"), ".rs"));
    all.push(root().join("README.md"));
    all.into_iter().map(|file| (file.clone(), fs::read_to_string(file).unwrap())).collect()
}

/// The names of images in a text: registry, repository, and a tag if there is one.
fn named(text: &str) -> BTreeSet<String> {
    let part = |c: char| c.is_ascii_alphanumeric() || "./:_-".contains(c);
    let words = text.split(|c: char| !part(c)).map(|word| word.trim_end_matches(['.', ':', '-']));
    let image = |word: &&str| REGISTRIES.iter().any(|registry| word.starts_with(registry));
    words.filter(image).map(str::to_owned).collect()
}

#[test]
fn no_manifest_value_or_page_names_an_image_that_is_not_in_the_lock_file() {
    let (_, lock) = lock();
    let locked: BTreeSet<String> = lock.images.iter().map(|one| one.image.to_string()).collect();
    let mut seen = BTreeSet::new();
    for (file, text) in read() {
        if file.ends_with(tale::verbs::cluster::LOCK) {
            continue;
        }
        for name in named(&text) {
            let example = EXAMPLES.iter().any(|example| name.starts_with(example));
            // Without a tag it is no image but a registry that somebody speaks of.
            if !example && name.rsplit('/').next().unwrap().contains(':') {
                let here = file.strip_prefix(root()).unwrap().display();
                assert!(locked.contains(&name), "{here} names {name}, which is not locked");
                seen.insert(name);
            }
        }
    }
    assert!(seen.len() >= 5, "{seen:?}");
}

#[test]
fn every_image_of_a_pod_is_ours_or_in_the_lock_file() {
    let (_, lock) = lock();
    let mut pods = 0;
    for file in files(&root().join("manifests"), ".yaml") {
        let text = fs::read_to_string(&file).unwrap();
        for line in text.lines().filter_map(|line| line.trim_start().split_once("image: ")) {
            let (before, image) = line;
            let image = image.split([' ', '@', ',', '}']).next().unwrap().trim_matches('"');
            if !["", "- ", "- {"].contains(&before) || file.ends_with(tale::verbs::cluster::LOCK) {
                continue;
            }
            pods += 1;
            let own = OWN.iter().any(|own| image.starts_with(own));
            let locked = lock.images.iter().any(|one| one.image.to_string() == image);
            assert!(own || locked, "{}: {image}", file.display());
        }
    }
    assert!(pods > 20, "{pods}");
}

#[test]
fn a_digest_that_is_written_twice_is_the_same_twice() {
    let (_, lock) = lock();
    let kind = fs::read_to_string(root().join("manifests/kind.yaml")).unwrap();
    let node = lock.images.iter().find(|one| one.needed_for == "kind").unwrap();
    let digest = node.digest.as_ref().unwrap();
    assert!(kind.contains(&format!("image: {}@{digest}", node.image)), "{}", node.image);
}

/// Pages and pipelines install what is locked, wherever it comes from.
#[test]
fn every_chart_and_bundle_that_a_page_installs_is_in_the_lock_file() {
    let (_, lock) = lock();
    let mut seen = 0;
    for (file, text) in read() {
        let urls = text.split(|c: char| c.is_whitespace() || "\"'`)".contains(c));
        for url in urls.filter(|url| url.starts_with("https://")) {
            if url.ends_with(".tgz") || url.ends_with("bundle.yaml") {
                seen += 1;
                let locked = lock.files.iter().any(|one| one.url == url);
                assert!(locked, "{} installs {url}", file.display());
            }
        }
    }
    assert!(seen > 4, "{seen}");
}
