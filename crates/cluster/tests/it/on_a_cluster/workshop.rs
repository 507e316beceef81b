//! A workshop: thirty have a place within a minute, nobody gets into a neighbour's, and those who
//! play do not disturb each other.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use cluster::api::Api;
use serde_json::{Value, json};
use testkit::page;
use testkit::program::was_starved;
use tokio::task::JoinSet;

use super::harness::{Cluster, api_of, root};

/// What may be asked about any kind, besides its own verbs.
const MORE_VERBS: [&str; 5] = ["*", "create", "get", "bind", "escalate"];
/// Questions on their way to the API server at the same time.
const AT_ONCE: usize = 16;
/// What everybody who is logged in may do, in every cluster: ask about themselves.
const EVERYBODY: [&str; 3] = [
    "create selfsubjectaccessreviews",
    "create selfsubjectreviews",
    "create selfsubjectrulesreviews",
];

/// The workshop of the page: a folder in which it is followed.
struct Hall<'c> {
    cluster: &'c Cluster,
    folder: tempfile::TempDir,
}

impl<'c> Hall<'c> {
    fn of(cluster: &'c Cluster) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tale = cluster.command(&[]).get_program().to_owned();
        std::os::unix::fs::symlink(tale, folder.path().join("tale")).unwrap();
        Self { cluster, folder }
    }

    /// Runs it in the folder, as the trainer.
    fn bash(&self, script: &str) -> Command {
        let mut bash = Command::new("bash");
        bash.args(["-c", script]).current_dir(self.folder.path()).stdin(Stdio::null());
        bash.env("KUBECONFIG", &self.cluster.kubeconfig).env("TALES_HOME", root());
        bash
    }

    /// Follows a part of the page.
    fn follow(&self, part: &str) -> String {
        let output = self.bash(&page::script(part, 60)).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    }

    /// kubectl, as an attendee calls it.
    fn kubectl(&self, number: usize, args: &[&str]) -> Command {
        let mut command = Command::new("kubectl");
        command.env_remove("KUBECONFIG").stdin(Stdio::null()).arg("--kubeconfig");
        command.arg(self.key(number)).args(args);
        command
    }

    fn key(&self, number: usize) -> PathBuf {
        self.folder.path().join(format!("workshop/workshop-{number:02}.kubeconfig"))
    }
}

/// The page, with the image that lies on the node: what comes before the room is left, and after.
fn page() -> (String, String) {
    let image = std::env::var("TALES_STAGE_IMAGE").expect("TALES_STAGE_IMAGE names the image");
    let page = std::fs::read_to_string(root().join("docs/workshop/README.md")).unwrap();
    let page = page.replace("registry.example.com/me/tales-stage:TAG", &image);
    let (before, after) = page.split_once("## Afterwards").unwrap();
    (before.to_owned(), after.to_owned())
}

#[tokio::test]
#[ignore = "needs a cluster: TALES_CLUSTER names its kubeconfig; kubectl, and the image that TALES_STAGE_IMAGE names"]
async fn thirty_have_a_place_and_three_of_them_play() {
    let cluster = Cluster::take().await;
    let hall = Hall::of(&cluster);
    let (page, afterwards) = page();
    hall.follow(&afterwards); // what an earlier run left
    let before = cluster.everything().await;

    // Killed half-way, nothing is left that `down` does not find.
    let up = page.lines().find(|line| line.contains("--attendees 30 --image")).unwrap();
    let mut killed = hall.bash(&format!("exec {up}")).stderr(Stdio::null()).spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(30);
    while cluster.api.find("/api/v1/namespaces/workshop-03").await.unwrap().is_none() {
        assert!(Instant::now() < end, "nobody has a place after half a minute");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    hall.follow(&afterwards);
    cluster.is_as(&before).await;

    let text = hall.follow(&page);
    println!("{text}");
    let applied = seconds(&text, "30 attendees");
    assert!(applied <= 60.0 && text.contains("30 of 30"), "{text}");

    nobody_gets_into_a_neighbours(&hall).await;
    three_play(&hall);

    let since = Instant::now();
    hall.follow(&afterwards);
    println!("down after {:?}", since.elapsed());
    let late = hall.kubectl(1, &["get", "pods"]).output().unwrap();
    assert!(!late.status.success(), "a key of a workshop that is over: {}", said(&late));
    cluster.is_as(&before).await;
}

/// The seconds in a line of the page's output.
fn seconds(text: &str, step: &str) -> f64 {
    let line = text.lines().find(|line| line.contains(step)).unwrap_or_else(|| panic!("{text}"));
    let words: Vec<&str> = line.split_whitespace().collect();
    let at = words.iter().position(|word| *word == "s").unwrap();
    words[at - 1].parse().unwrap()
}

/// By asking about everything, and by trying.
async fn nobody_gets_into_a_neighbours(hall: &Hall<'_>) {
    let api = api_of(hall.key(1).to_str().unwrap()).await;
    let resources = hall.cluster.resources().await;
    let at_a_neighbours = allowed(&api, "workshop-02", &resources).await;
    assert_eq!(at_a_neighbours, EVERYBODY.map(str::to_owned).into());
    let mut at_home = allowed(&api, "workshop-01", &resources).await;
    at_home.retain(|one| !EVERYBODY.contains(&one.as_str()));
    let mut wanted = BTreeSet::new();
    for (verbs, resources) in [
        ("delete get list watch", "pods"),
        ("get", "pods/log"),
        ("create get", "pods/attach pods/exec pods/portforward"),
        ("get list watch", "events resourcequotas statefulsets"),
    ] {
        for resource in resources.split(' ') {
            wanted.extend(verbs.split(' ').map(|verb| format!("{verb} {resource}")));
        }
    }
    assert_eq!(at_home, wanted);
    for attempt in [
        "get pods",
        "get secrets",
        "logs stage-0",
        "exec stage-0 -- true",
        "delete pod stage-0",
        "create token attendee",
        "get pods --all-namespaces",
        "get namespaces",
    ] {
        let words: Vec<&str> =
            ["-n", "workshop-02"].into_iter().chain(attempt.split(' ')).collect();
        let output = hall.kubectl(1, &words).output().unwrap();
        let said = said(&output);
        assert!(!output.status.success() && said.contains("orbidden"), "{attempt}: {said}");
        let own: Vec<&str> = attempt.split(' ').collect();
        if ["get pods", "exec stage-0 -- true"].contains(&attempt) {
            let output = hall.kubectl(1, &own).output().unwrap();
            assert!(output.status.success(), "{attempt}: {}", self::said(&output));
        }
    }
}

/// What may be done in a namespace, as `verb resource`: every verb of every resource is asked
/// about.
async fn allowed(
    api: &Api,
    namespace: &str,
    resources: &[(String, String, Vec<String>)],
) -> BTreeSet<String> {
    let mut asking = JoinSet::new();
    let mut allowed = BTreeSet::new();
    for (group, resource, verbs) in resources {
        for verb in verbs.iter().map(String::as_str).chain(MORE_VERBS) {
            if asking.len() >= AT_ONCE {
                allowed.extend(asking.join_next().await.unwrap().unwrap());
            }
            let (name, sub) = resource.split_once('/').unwrap_or((resource, ""));
            let review = json!({"apiVersion": "authorization.k8s.io/v1",
                "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes":
                {"namespace": namespace, "group": group, "resource": name, "subresource": sub, "verb": verb}}});
            let (api, what) = (api.clone(), format!("{verb} {resource}"));
            asking.spawn(async move {
                let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
                let answer = api.create(path, &review).await.unwrap();
                (answer["status"]["allowed"] == Value::Bool(true)).then_some(what)
            });
        }
    }
    while let Some(answer) = asking.join_next().await {
        allowed.extend(answer.unwrap());
    }
    allowed
}

/// Three attendees play side by side. A play that the machine had no time for is played again.
fn three_play(hall: &Hall<'_>) {
    let play = |number: usize| -> Child {
        let args = ["exec", "stage-0", "--", "tale", "play", "dns-leak"];
        hall.kubectl(number, &args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let mut playing: Vec<(usize, Child)> = (1..=3).map(|number| (number, play(number))).collect();
    for _ in 0..3 {
        let ended: Vec<(usize, Output)> = playing
            .into_iter()
            .map(|(number, child)| (number, child.wait_with_output().unwrap()))
            .collect();
        playing = Vec::new();
        for (number, output) in ended {
            if was_starved(output.status.code(), &said(&output)) {
                playing.push((number, play(number)));
                continue;
            }
            assert!(output.status.success(), "attendee {number}: {}", said(&output));
            assert!(said(&output).contains("all promises kept"), "{}", said(&output));
        }
    }
    assert!(playing.is_empty(), "the machine has no time for three plays");
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text)).concat()
}
