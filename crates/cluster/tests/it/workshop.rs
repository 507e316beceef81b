//! What a workshop does to a cluster, and what it leaves alone.

use std::sync::Mutex;
use std::time::Duration;

use cluster::ClusterError;
use cluster::workshop::{self, Brought, Server, Workshop, WorkshopName, attendee};
use serde_json::{Value, json};

use crate::fake::Fake;

fn name() -> WorkshopName {
    "monday".parse().unwrap()
}

fn plan(attendees: usize) -> Workshop {
    Workshop {
        name: name(),
        attendees,
        image: "registry.example.org/tales-stage:1".to_owned(),
        replace: false,
        valid: Duration::from_secs(3600),
        within: Duration::from_secs(10),
    }
}

/// The pod of an attendee, which the fake makes of nothing.
fn ready(fake: &Fake, number: usize) {
    let namespace = attendee(&name(), number);
    let labels = json!({"app.kubernetes.io/managed-by": "tale", "tales.dev/workshop": "monday"});
    fake.put(
        &format!("/api/v1/namespaces/{namespace}/pods/stage-0"),
        json!({"metadata": {"name": "stage-0", "namespace": namespace, "labels": labels},
            "status": {"containerStatuses": [{"ready": true, "restartCount": 0}]}}),
    );
}

async fn up(fake: &Fake, plan: &Workshop) -> Result<Brought, ClusterError> {
    let server = Server { url: fake.url.clone(), authority: None, tls_name: None };
    workshop::up(&fake.connection().api, &server, plan, &|_, _| {}).await
}

#[tokio::test]
async fn each_attendee_gets_the_same_and_a_key_of_their_own() {
    let fake = Fake::start().await;
    (1..=3).for_each(|number| ready(&fake, number));
    let seen = Mutex::new(Vec::new());
    let server = Server { url: fake.url.clone(), authority: None, tls_name: None };
    let progress = |phase, count| seen.lock().unwrap().push((phase, count));
    let api = fake.connection().api;
    let brought = workshop::up(&api, &server, &plan(3), &progress).await.unwrap();
    assert_eq!(seen.lock().unwrap().last(), Some(&(workshop::Phase::Pods, 3)));
    let names: Vec<&str> = brought.attendees.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["monday-01", "monday-02", "monday-03"]);
    for attendee in &brought.attendees {
        let namespace = &attendee.name;
        assert!(attendee.token.contains(&format!("/{namespace}/")), "{}", attendee.token);
        assert!(attendee.kubeconfig.contains(&attendee.token));
        for kind in [
            "api/v1 serviceaccounts/attendee",
            "api/v1 resourcequotas/attendee",
            "apis/rbac.authorization.k8s.io/v1 roles/attendee",
            "apis/rbac.authorization.k8s.io/v1 rolebindings/attendee",
            "apis/networking.k8s.io/v1 networkpolicies/attendee",
            "apis/apps/v1 statefulsets/stage",
        ] {
            let (root, rest) = kind.split_once(' ').unwrap();
            let path = format!("/{root}/namespaces/{namespace}/{rest}");
            let there =
                fake.store.lock().unwrap().get(&path).cloned().unwrap_or_else(|| panic!("{path}"));
            assert_eq!(there["metadata"]["labels"]["tales.dev/workshop"], "monday");
        }
    }
}

#[tokio::test]
async fn a_namespace_of_somebody_else_stops_everything_before_anything_is_changed() {
    let fake = Fake::start().await;
    for labels in
        [json!({}), json!({"app.kubernetes.io/managed-by": "tale", "tales.dev/workshop": "friday"})]
    {
        let theirs = json!({"metadata": {"name": "monday-02", "labels": labels}});
        fake.put("/api/v1/namespaces/monday-02", theirs);
        let why = up(&fake, &plan(3)).await.unwrap_err().to_string();
        assert!(why.contains("monday-02") && why.contains("--name"), "{why}");
    }
    assert_eq!(fake.asked("PATCH"), [""; 0]);
}

#[tokio::test]
async fn who_is_there_keeps_the_pod_when_more_come() {
    let fake = Fake::start().await;
    (1..=3).for_each(|number| ready(&fake, number));
    up(&fake, &plan(2)).await.unwrap();
    let newer = Workshop { image: "registry.example.org/tales-stage:2".to_owned(), ..plan(3) };
    let image = |number: usize| {
        let namespace = attendee(&name(), number);
        let path = format!("/apis/apps/v1/namespaces/{namespace}/statefulsets/stage");
        let set: Value = fake.store.lock().unwrap()[&path].clone();
        set["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap().to_owned()
    };
    up(&fake, &newer).await.unwrap();
    let tags: Vec<String> =
        (1..=3).map(|n| image(n).split_once(':').unwrap().1.to_owned()).collect();
    assert_eq!(tags, ["1", "1", "2"]);
    let fewer = up(&fake, &Workshop { replace: true, ..newer.clone() }).await.unwrap();
    assert!(image(1).ends_with(":2") && fewer.more.is_empty());
    let fewer = up(&fake, &Workshop { attendees: 1, ..newer }).await.unwrap();
    assert_eq!(fewer.more, ["monday-02", "monday-03"], "they stay, and are named");
}

#[tokio::test]
async fn a_pod_that_cannot_come_up_is_named_without_waiting_for_it() {
    let fake = Fake::start().await;
    ready(&fake, 1);
    ready(&fake, 2);
    let path = "/api/v1/namespaces/monday-02/pods/stage-0";
    let mut pod = fake.store.lock().unwrap()[path].clone();
    pod["status"]["containerStatuses"] = json!([{"name": "stage", "ready": false, "restartCount": 0,
        "state": {"waiting": {"reason": "ErrImagePull", "message": "no such host"}}}]);
    fake.put(path, pod);
    let patient = Workshop { within: Duration::from_secs(3600), ..plan(2) };
    let brought = up(&fake, &patient).await.unwrap();
    assert_eq!(brought.waiting["monday-02"], "ErrImagePull: no such host");
    assert_eq!(brought.attendees.len(), 2, "the keys are there all the same");
    let rows = workshop::list(&fake.connection().api, Some(&name())).await.unwrap();
    let ready: Vec<bool> = rows.iter().map(|row| row.ready).collect();
    assert_eq!(ready, [true, false]);
}

#[tokio::test]
async fn down_takes_the_workshops_namespaces_and_no_other() {
    let fake = Fake::start().await;
    (1..=3).for_each(|number| ready(&fake, number));
    up(&fake, &plan(3)).await.unwrap();
    let labels = |workshop: &str| json!({"app.kubernetes.io/managed-by": "tale", "tales.dev/workshop": workshop});
    for (other, labels) in [("friday-01", labels("friday")), ("default", json!({}))] {
        fake.put(
            &format!("/api/v1/namespaces/{other}"),
            json!({"metadata": {"name": other, "labels": labels}}),
        );
    }
    let api = fake.connection().api;
    let why = workshop::down(&api, &name(), &["monday-9".to_owned()], &|_| {}).await.unwrap_err();
    assert!(why.to_string().contains("has no attendee monday-9"), "{why}");
    assert_eq!(fake.asked("DELETE"), [""; 0]);
    let gone = workshop::down(&api, &name(), &["monday-02".to_owned()], &|_| {}).await.unwrap();
    assert_eq!(
        (gone, fake.asked("DELETE")),
        (1, vec!["DELETE /api/v1/namespaces/monday-02".to_owned()])
    );
    assert_eq!(workshop::down(&api, &name(), &[], &|_| {}).await.unwrap(), 2);
    assert_eq!(workshop::down(&api, &name(), &[], &|_| {}).await.unwrap(), 0, "nothing is left");
    let left: Vec<String> = fake
        .paths()
        .into_iter()
        .filter(|path| path.starts_with("/api/v1/namespaces/") && path.split('/').count() == 5)
        .collect();
    assert_eq!(left, ["/api/v1/namespaces/default", "/api/v1/namespaces/friday-01"]);
}
