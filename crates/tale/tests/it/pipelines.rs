//! The pipelines of `ci/`, for others to copy: their steps are taken as a runner takes them, in a
//! folder of its own. Docker, kind, helm and what answers on the other side are stand-ins; `tale`
//! is what it is, but where it would need a cluster.

mod runner;

use clap::Parser;
use jiff::Timestamp;
use tale::cli::Cli;
use testkit::history::History;
use testkit::prometheus::Prometheus;

use self::runner::{Job, Runner, github, gitlab};
use crate::play::with_short;

/// One kind of pipeline in both languages.
fn both(name: &str) -> [Vec<Job>; 2] {
    [gitlab(&format!("ci/gitlab/{name}.yml")), github(&format!("ci/github/{name}.yml"))]
}

/// The commands of `tale` that were called, each of which it takes.
fn called(runner: &Runner) -> Vec<String> {
    let log = runner.log();
    let calls: Vec<String> = log.iter().filter(|line| line.starts_with("tale ")).cloned().collect();
    for call in &calls {
        let parsed = Cli::try_parse_from(call.split_whitespace());
        assert!(parsed.is_ok(), "{call}: {}", parsed.unwrap_err());
    }
    calls
}

/// Two hours of a shop until now: none of its requests failed.
fn shop() -> History {
    let now = Timestamp::now().as_second() as f64;
    let mut history = History::new();
    for (code, each) in [("200", 150.0), ("500", 0.0)] {
        let series = format!("http_requests_total{{job=\"shop\",code=\"{code}\"}}");
        let times = (0..=480)
            .map(|scrape| (now - 7200.0 + 15.0 * f64::from(scrape), f64::from(scrape) * each));
        history.series(&series, times);
    }
    let steady = (0..=480).map(|scrape| (now - 7200.0 + 15.0 * f64::from(scrape), 1e8));
    history.series(r#"process_resident_memory_bytes{job="shop"}"#, steady);
    history
}

/// The objective of docs/gate, with what it is compared with.
fn objective() -> String {
    let page =
        std::fs::read_to_string(testkit::project::root().join("docs/gate/README.md")).unwrap();
    let mut blocks = page.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let (whole, annotated) = (blocks.next().unwrap(), blocks.next().unwrap());
    whole.replace("metadata: {name: availability}\n", annotated)
}

#[tokio::test]
async fn the_gate_publishes_what_it_writes_and_tells_the_merge_request() {
    let server = tokio::task::spawn_blocking(|| Prometheus::with(&shop())).await.unwrap();
    for jobs in both("gate") {
        let runner = Runner::new();
        runner.write("slo.yaml", &objective());
        let pin = format!(
            "tale gate slo.yaml --prometheus {} --last 1h --pin baseline.json",
            server.url()
        );
        assert_eq!(runner.line(&pin).0, Some(2), "there is nothing to compare with yet");
        for job in &jobs {
            let (code, said) = runner.run(job, &[("PROMETHEUS", server.url())]);
            assert_eq!(code, Some(0), "{}: {said}", job.name);
            if job.name == "gate-note" || jobs.len() == 1 {
                assert!(said.contains("note: this is no merge request"), "{said}");
            }
            for file in &job.published {
                assert!(runner.path(file).exists(), "{}: nobody writes {file}", job.name);
            }
        }
        assert!(runner.read("gate.md").starts_with("<!-- tales: gate -->"));
        assert!(runner.read("gate.xml").contains("<testsuite name=\"shop\""));
    }
}

#[tokio::test]
async fn a_story_is_played_in_the_stage_and_its_report_is_published() {
    let project = with_short(crate::project().await);
    let home = project.path().display().to_string();
    // Both play what the other has left alone.
    for jobs in both("stage") {
        let runner = Runner::new();
        for job in &jobs {
            let (code, said) = runner.run(job, &[("TALE", "short"), ("TALES_HOME", &home)]);
            assert_eq!(code, Some(0), "{}: {said}", job.name);
            for file in &job.published {
                assert!(runner.path(file).exists(), "{}: nobody writes {file}", job.name);
            }
        }
        assert!(runner.read("report/junit.xml").contains("<testsuite"));
        assert!(runner.read("report/report.md").starts_with("<!-- tale: short -->"));
    }
}

#[test]
fn a_cluster_is_played_on_with_the_image_that_was_brought_and_left_as_it_was() {
    for (name, last) in [("kind", ""), ("cluster", "down")] {
        for jobs in both(name) {
            let runner = Runner::new().without_cluster();
            for job in &jobs {
                let (code, said) =
                    runner.run(job, &[("TALES_IMAGE", "registry.example.com/tales:1")]);
                assert_eq!(code, Some(0), "{name}: {said}");
                for file in &job.published {
                    assert!(runner.path(file).exists(), "{name}: nobody writes {file}");
                }
            }
            let calls = called(&runner);
            let play = calls.iter().find(|call| call.starts_with("tale play")).unwrap();
            assert!(play.contains("--on cluster") && play.contains("--yes"), "{play}");
            assert!(calls.last().unwrap().starts_with(&format!("tale {last}")), "{calls:?}");
            let log = runner.log().join("\n");
            if name == "kind" {
                let image = play.split("--image ").nth(1).unwrap().split(' ').next().unwrap();
                assert!(
                    image.starts_with("tales.local/tales:"),
                    "the image that was built: {play}"
                );
                for step in [
                    "kind create cluster",
                    "kubectl apply",
                    "helm upgrade",
                    "kind load image-archive",
                ] {
                    assert!(log.contains(step), "{step} is missing: {log}");
                }
            } else {
                assert!(play.contains("--namespace tales-7"), "a namespace of its own: {play}");
            }
        }
    }
}

#[test]
fn images_are_pushed_without_a_daemon_and_no_password_is_an_argument() {
    for jobs in both("image") {
        let runner = Runner::new();
        for job in &jobs {
            let (code, said) = runner.run(job, &[]);
            assert_eq!(code, Some(0), "{}: {said}", job.name);
        }
        let log = runner.log();
        let has = |start: &str| log.iter().any(|line| line.starts_with(start));
        assert!(has("buildah build --tag ") && has("buildah push "), "{log:?}");
        let name = runner.read("tales.name").trim().to_owned();
        assert!(name.contains("/tales:"), "{name}");
        assert!(has(&format!("skopeo copy oci-archive:tales.tar docker://{name}")), "{log:?}");
        assert!(
            log.iter().all(|line| !line.contains("hush")),
            "a password for all to read: {log:?}"
        );
        assert_eq!(log.iter().filter(|line| line.ends_with("got the password")).count(), 2);
    }
}
