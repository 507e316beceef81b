//! The tale `devops` as shipped: kept with its neighbour, broken without. Not in a
//! crowd: a third of the customers is a number.

use testkit::project::Project;

use super::{is_broken, is_kept};
use crate::TALE;

#[tokio::test]
async fn the_devops_tale_is_kept() {
    is_kept("devops").await;
}

/// Nobody else pulls: all three shops get their images, and there is nothing to tell.
#[tokio::test]
async fn without_the_neighbour_there_are_pulls_enough() {
    breaks_at(&["--without-chaos=neighbour"], "one pull is left").await;
}

/// The limit is what the story is about.
#[tokio::test]
async fn without_a_limit_nobody_knows_how_many_are_left() {
    let promise =
        "six of a hundred pulls are spent: three shops, and the tests of the next release";
    breaks_at(&["--set", "PULL_LIMIT=1000"], promise).await;
}

async fn breaks_at(args: &[&str], promise: &str) {
    let project = Project::new(TALE).await;
    is_broken(&project, "devops", args, promise).await;
}
