//! What is adapted, what is not, and that all of it is written down.

use std::path::Path;

use super::*;

fn project() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn adapter(namespace: &str, clock: Clock) -> Adapter {
    Adapter {
        namespace: namespace.to_owned(),
        clock,
        image: "tales.local/tales:0123".to_owned(),
        inbox: format!("http://tales-inbox.{namespace}.svc:8080"),
        prober: format!("tales-blackbox.{namespace}.svc:9115"),
        selected_by: BTreeMap::new(),
        services: BTreeMap::new(),
    }
}

fn files() -> Vec<SourceFile> {
    let base = project().join("manifests/base");
    let mut files =
        SourceFile::load(&["dns-leaker", "shop", "shoppers"].map(|app| base.join(app))).unwrap();
    files.extend(
        SourceFile::load(&[project().join("manifests/generated/rules/slos.yaml")]).unwrap(),
    );
    files
}

fn adapted(namespace: &str, clock: Clock) -> Vec<Adapted> {
    adapter(namespace, clock).files(&files(), &BTreeMap::new()).unwrap()
}

#[test]
fn no_default_is_left_in_another_namespace() {
    for adapted in adapted("alice", Clock::Stage) {
        let text = adapted.object.to_string();
        for left in ["\"default\"", ".default.", "=\\\"default"] {
            assert!(!text.contains(left), "{left} in {text}");
        }
        assert!(object::is_ours(&adapted.object, "alice"), "{text}");
    }
}

#[test]
fn every_change_is_written_down_and_every_note_is_a_change() {
    let real = adapted("default", Clock::Real);
    let changes: Vec<&Adaptation> = real.iter().flat_map(|one| &one.changes).collect();
    assert!(changes.iter().all(|change| change.was != change.now), "{changes:?}");
    // On the real clock and in the namespace of the files: image, receivers and prober, no more.
    let odd: Vec<&&Adaptation> = changes
        .iter()
        .filter(|change| {
            let field = &change.field;
            let known = ["].image", "].imagePullPolicy", "prober.url"];
            !known.iter().any(|end| field.ends_with(end)) && !field.starts_with("spec.receivers[")
        })
        .collect();
    assert!(odd.is_empty(), "{odd:?}");
}

#[test]
fn on_the_stage_clock_everything_comes_every_second() {
    for adapted in adapted("default", Clock::Stage) {
        let object = &adapted.object;
        for list in ["/spec/endpoints", "/spec/groups"] {
            for item in object::items(object, list) {
                assert_eq!(text(item, "/interval"), "1s", "{object}");
            }
        }
    }
}

#[test]
fn mail_goes_to_the_inbox_and_does_not_wait_for_minutes() {
    let all = adapted("default", Clock::Stage);
    let config =
        all.iter().find(|one| object::title(&one.object) == "AlertmanagerConfig/dns-leaker");
    let spec = &config.unwrap().object["spec"];
    assert_eq!(spec["route"]["groupWait"], "1s");
    assert_eq!(spec["route"]["repeatInterval"], "720s");
    assert_eq!(
        spec["receivers"],
        json!([{"name": "mail", "webhookConfigs":
            [{"url": "http://tales-inbox.default.svc:8080/email", "sendResolved": true}]}])
    );
}

#[test]
fn labels_by_which_the_operator_selects_are_added_and_noted() {
    let mut adapter = adapter("default", Clock::Stage);
    let wanted = BTreeMap::from([("release".to_owned(), "prometheus".to_owned())]);
    adapter.selected_by.insert("ServiceMonitor", wanted);
    let all = adapter.files(&files(), &BTreeMap::new()).unwrap();
    for one in all.iter().filter(|one| one.kind.kind == "ServiceMonitor") {
        assert_eq!(text(&one.object, "/metadata/labels/release"), "prometheus");
        assert!(one.changes.iter().any(|change| change.field == "metadata.labels[release]"));
    }
}

#[test]
fn variables_are_set_in_deployments_and_a_changed_job_has_another_hash() {
    let env = BTreeMap::from([("LEAK_KIND".to_owned(), "off".to_owned())]);
    let all = adapter("default", Clock::Stage).files(&files(), &env).unwrap();
    let leaker = all.iter().find(|one| object::name(&one.object) == "dns-leaker-o11y").unwrap();
    let variables = object::items(&leaker.object, "/spec/template/spec/containers/0/env");
    let leak: Vec<&Value> =
        variables.iter().filter(|variable| variable["name"] == "LEAK_KIND").collect();
    assert_eq!(leak, [&json!({"name": "LEAK_KIND", "value": "off"})]);
    let job = |image: &str| {
        let mut adapter = adapter("default", Clock::Stage);
        adapter.image = image.to_owned();
        let all = adapter.files(&files(), &BTreeMap::new()).unwrap();
        let job = all.into_iter().find(|one| one.kind.kind == "Job").unwrap().object;
        job["metadata"]["annotations"][TEMPLATE].clone()
    };
    assert_eq!(job("tales:1"), job("tales:1"));
    assert_ne!(job("tales:1"), job("tales:2"));
}

fn of_the_registry(files: &[&str], adapter: &Adapter) -> Vec<Adapted> {
    let files = files.iter().map(|path| project().join("manifests").join(path));
    let files = SourceFile::load(&files.collect::<Vec<_>>()).unwrap();
    adapter.files(&files, &BTreeMap::new()).unwrap()
}

#[test]
fn images_of_the_stages_own_registry_are_asked_for_at_a_port_of_the_node() {
    let all = of_the_registry(&["base/registry", "base/shops"], &adapter("alice", Clock::Stage));
    let find = |title: &str| all.iter().find(|one| object::title(&one.object) == title).unwrap();
    let container = |one: &Adapted, field: &str| {
        text(&one.object, &format!("/spec/template/spec/containers/0/{field}")).to_owned()
    };
    for (name, port) in [("Deployment/registry", 5000), ("Deployment/registry-cache", 5001)] {
        let one = find(name);
        let ports = object::items(&one.object, "/spec/template/spec/containers/0/ports");
        assert_eq!(ports[0]["hostPort"], port, "{name}");
        assert!(ports[1].get("hostPort").is_none(), "the admin port is the stage's");
        assert_eq!(one.object["spec"]["strategy"], json!({"type": "Recreate"}));
        assert_eq!(one.part, Part::Serves);
    }
    let shop = find("Deployment/shop-linz");
    assert_eq!(container(shop, "image"), "127.0.0.1:5000/shop/linz:v1");
    assert_eq!(container(shop, "imagePullPolicy"), "Always");
    let near =
        "/spec/template/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/0";
    let near = shop.object.pointer(near).unwrap();
    assert_eq!(near["labelSelector"]["matchLabels"], json!({"app.kubernetes.io/name": "registry"}));
    assert_eq!(shop.part, Part::Pulls);
    let pipeline = find("Job/release-pipeline");
    let command = pipeline.object.pointer("/spec/template/spec/containers/0/command").unwrap();
    assert!(command.as_array().unwrap().contains(&json!("--with-programs")), "{command}");
    assert_eq!(pipeline.part, Part::Fills);
    assert_eq!(find("Job/release-tests").part, Part::None);
    assert_eq!(find("Deployment/price-list").part, Part::None);
    let noted: Vec<&Adaptation> = all.iter().flat_map(|one| &one.changes).collect();
    for field in ["ports[0].hostPort", "spec.strategy", "].command", "spec.affinity.podAffinity"] {
        assert!(noted.iter().any(|change| change.field.ends_with(field)), "{field}");
    }
}

/// An act brings a release alone: the Services are there from before, or the name is another's.
#[test]
fn a_release_comes_from_the_registry_that_is_there() {
    let mut adapter = adapter("default", Clock::Stage);
    let release = ["devops/shops-v2-cached.yaml"];
    let image = |adapter: &Adapter| {
        let all = of_the_registry(&release, adapter);
        text(&all[0].object, "/spec/template/spec/containers/0/image").to_owned()
    };
    assert_eq!(image(&adapter), "registry-cache:5001/shop/vienna:v2");
    let service = json!({"kind": "Service", "metadata": {"name": "registry-cache"},
        "spec": {"selector": {"app": "cache"}}});
    adapter.services = services(std::iter::once(&service));
    assert_eq!(image(&adapter), "127.0.0.1:5001/shop/vienna:v2");
}

#[test]
fn a_document_of_another_namespace_or_kind_is_refused() {
    let refused = |text: &str| {
        let file = SourceFile { name: "a.yaml".to_owned(), text: text.to_owned() };
        let adapter = adapter("default", Clock::Stage);
        adapter.files(&[file], &BTreeMap::new()).unwrap_err().to_string()
    };
    let elsewhere =
        refused("{apiVersion: v1, kind: Service, metadata: {name: a, namespace: kube-system}}");
    assert!(elsewhere.contains("a.yaml: Service/a: metadata.namespace"), "{elsewhere}");
    let node = refused("{apiVersion: v1, kind: Node, metadata: {name: a}}");
    assert!(node.contains("not a kind that this stage brings"), "{node}");
}
