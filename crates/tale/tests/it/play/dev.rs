//! The tale `dev` as shipped: kept with its faults, broken without each of them.

use testkit::project::Project;

use super::{is_broken, is_kept};
use crate::TALE;

const FILE: &str = "tales/dev/tale.yaml";

#[tokio::test]
async fn the_dev_tale_is_kept() {
    is_kept("dev").await;
}

/// The fault of the second act is that nobody ends a connection.
#[tokio::test]
async fn without_the_bug_memory_does_not_grow() {
    let hardened = ["--set", "CONNECTIONS=hardened", "--set", "WATCH_QUEUE=bounded"];
    breaks_at(&hardened, "all of them get a connection", |_| ()).await;
}

/// A limit that is none: the fixed release does not keep its connections.
#[tokio::test]
async fn without_the_limit_the_second_thousand_stay() {
    let promise = "most of them are turned away";
    breaks_at(&["--set", "CONNECTIONS_MAX=5000", "--set", "WATCHERS_MAX=5000"], promise, |_| ())
        .await;
}

#[tokio::test]
async fn without_any_of_those_who_do_not_behave_the_tale_is_broken_at_their_act() {
    for (clients, promise) in [
        ("hoarders, env: {CLIENTS: \"1000\"}", "all of them get a connection"),
        (
            "slow-heads, env: {CLIENTS: \"400\"}",
            "who does not come to the point in time loses the connection",
        ),
        ("scanner, env: {CLIENTS: \"1\"}", "it asks for what nobody would ask for"),
    ] {
        let nobody = clients.split_once(" {").unwrap().0;
        breaks_at(&[], promise, |project| {
            let tale = project.read(FILE);
            assert!(tale.contains(clients), "{clients}");
            project.write(FILE, &tale.replace(clients, &format!("{nobody} {{CLIENTS: \"0\"}}")));
        })
        .await;
    }
}

async fn breaks_at(args: &[&str], promise: &str, change: impl Fn(&Project)) {
    let project = Project::new(TALE).await;
    change(&project);
    is_broken(&project, "dev", args, promise).await;
}
