//! `tale rollout`: behind the gate, in front of a registry, and past both.

use testkit::project::Project;
use testkit::wait::eventually;

use crate::project;

/// An objective about something that is always the same: the share of a registry that is up.
fn objective(op: &str) -> String {
    format!(
        "apiVersion: openslo/v1\nkind: Service\nmetadata: {{name: test}}\nspec: {{}}\n---\n\
         apiVersion: openslo/v1\nkind: SLO\nmetadata: {{name: here}}\nspec:\n  service: test\n  \
         timeWindow: [{{duration: 30d, isRolling: true}}]\n  budgetingMethod: Timeslices\n  indicator:\n    \
         metadata: {{name: here}}\n    spec:\n      thresholdMetric:\n        metricSource:\n          \
         type: Prometheus\n          spec: {{query: 'up{{job=\"registry\"}}'}}\n  objectives:\n    \
         - {{op: {op}, value: 1, target: 0.99, timeSliceTarget: 1, timeSliceWindow: 1m}}\n"
    )
}

async fn up() -> Project {
    let project = project().await;
    project.write("yes.yaml", &objective("gte"));
    project.write("no.yaml", &objective("gt"));
    project.ok(&["up", "registry", "shops"]).await;
    project
}

/// The release of each pod of a shop that stays.
async fn releases(project: &Project) -> Vec<String> {
    let status = project.run(&["status", "--json"]).await.expect_code(0).json();
    let pods = status["pods"].as_array().unwrap().iter();
    let stays = pods.filter(|pod| pod["terminating"] == false);
    let shops = stays.filter(|pod| pod["owner"].as_str().unwrap().starts_with("Deployment/shop-"));
    shops.map(|pod| pod["labels"]["pod-template-hash"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_release_goes_out_if_the_gate_passes_and_nothing_changes_if_it_does_not() {
    let project = up().await;
    let before = releases(&project).await;
    let release = "manifests/devops/shops-v2.yaml";
    // It cannot judge before it has seen enough.
    let judged = async |gate: &str| {
        let once = async || {
            let ended = project.run(&["rollout", release, "--gate", gate]).await;
            (ended.code != Some(2)).then_some(ended)
        };
        eventually("a verdict", once).await
    };
    let refused = judged("no.yaml").await;
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("refused because of here: nothing was changed"),
        "{}",
        refused.stderr
    );
    assert_eq!(releases(&project).await, before);

    let none = objective("gt").replace("job=\"registry\"", "job=\"nobody\"");
    project.write("none.yaml", &none);
    let unknown = project.run(&["rollout", release, "--gate", "none.yaml"]).await;
    assert_eq!(unknown.code, Some(2), "{}", unknown.stderr);
    assert_eq!(releases(&project).await, before);

    let out = judged("yes.yaml").await.expect_code(0).stdout;
    for shop in ["shop-vienna", "shop-linz", "shop-graz"] {
        assert!(out.contains(&format!("deployment.apps/{shop} rolled out\n")), "{out}");
    }
    let after = releases(&project).await;
    assert!(after.len() == 3 && after.iter().all(|hash| !before.contains(hash)), "{after:?}");

    // An image that nobody has pushed: the old shop stays, and the words are the registry's.
    let text = project.read(release).replace("vienna:v2", "vienna:v3");
    project.write("v3.yaml", &text);
    let stuck = project.run(&["rollout", "v3.yaml", "--within", "4s"]).await;
    assert_eq!(stuck.code, Some(1), "{}", stuck.stderr);
    assert!(stuck.stdout.contains("deployment.apps/shop-linz rolled out\n"), "{}", stuck.stdout);
    for words in
        ["shop-vienna: ImagePullBackOff\n", "shop-vienna is not rolled out", "404 Not Found"]
    {
        assert!(stuck.stderr.contains(words), "{words}: {}", stuck.stderr);
    }
    let table = project.ok(&["status"]).await;
    // It waits, or has just asked again.
    assert!(["ImagePullBackOff", "ErrImagePull"].iter().any(|at| table.contains(at)), "{table}");
    project.ok(&["down"]).await;
}

#[tokio::test]
async fn a_release_without_a_deployment_or_a_stage_is_refused() {
    let project = project().await;
    for (args, words) in [
        (&["rollout", "manifests/devops/shops-v2.yaml"][..], "no stage is running"),
        (&["rollout", "manifests/devops/neighbour.yaml"], "there is no Deployment in it"),
        (&["rollout", "manifests/devops/shops-v2.yaml", "--last", "1m"], "--gate"),
        (&["rollout", "nonesuch.yaml"], "nonesuch.yaml"),
    ] {
        let ended = project.run(args).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{args:?}");
        assert!(ended.stderr.contains(words), "{args:?}: {}", ended.stderr);
    }
}
