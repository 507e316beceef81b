//! Pages whose commands a test follows say so at each block, and what they need that no test has is
//! one of a few things.

use std::fs;

use e2e::{files, root};
use testkit::page::{How, blocks};

/// What a test machine has not, and a reader has.
const NEEDS: [&str; 7] = [
    "a cloud",
    "a network",
    "a second terminal",
    "an attendee's key",
    "docker",
    "k3s",
    "kube-prometheus",
];

#[test]
fn every_command_on_the_pages_about_clusters_is_run_or_says_what_it_needs() {
    let mut run = 0;
    let more = ["docs/workshop/README.md", "docs/workshop/shared/README.md", "ci/README.md"];
    let more = more.map(|page| root().join(page));
    for file in files(&root().join("docs/kubernetes"), ".md").into_iter().chain(more) {
        for block in blocks(&fs::read_to_string(&file).unwrap()) {
            let place = format!("{}:{}", file.display(), block.line);
            match block.how {
                How::Unmarked => panic!("{place}: write `run`, `until ..` or `needs ..` after sh"),
                How::Needs(what) => assert!(NEEDS.contains(&what.as_str()), "{place}: {what}"),
                How::Run | How::Until(_) => run += 1,
            }
        }
    }
    assert!(run > 10, "only {run} blocks are run");
}
