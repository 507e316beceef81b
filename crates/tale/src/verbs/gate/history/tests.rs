//! What is kept, what is read, and what is refused.

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_652_952_600 + second).unwrap()
}

/// The history of the shop.
fn open(folder: &Path, end: Timestamp) -> Result<History> {
    History::open(folder, end, &["shop".to_owned()])
}

/// A verdict without objectives.
fn verdict(outcome: Outcome) -> Verdict {
    let mut verdict = slo::gate::judge(
        &slo::gate::plan(&slo::Catalogue::default(), slo::Period::minutes(1), slo::Clock::Real)
            .unwrap(),
        Vec::new(),
        None,
    );
    verdict.outcome = outcome;
    verdict
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn verdicts_are_read_back_in_the_order_of_their_windows() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("new/history");
    for (second, outcome) in [(20, Outcome::Fail), (10, Outcome::Pass), (30, Outcome::Warning)] {
        let history = open(&folder, at(second)).unwrap();
        history.keep(&verdict(outcome)).unwrap();
    }
    assert_eq!(files(&folder)[0], "20220519T093010.000Z.shop.json");
    let outcomes = |second| -> Vec<Outcome> {
        let history = open(&folder, at(second)).unwrap();
        history.earlier().iter().map(|result| result.outcome).collect()
    };
    assert_eq!(outcomes(40), [Outcome::Pass, Outcome::Fail, Outcome::Warning]);
    // A window of the past is compared with what was before it, not with itself.
    assert_eq!(outcomes(20), [Outcome::Pass]);
}

#[test]
fn the_same_window_judged_again_replaces_its_verdict() {
    let folder = tempfile::tempdir().unwrap();
    for outcome in [Outcome::Fail, Outcome::Pass] {
        let history = open(folder.path(), at(0)).unwrap();
        history.keep(&verdict(outcome)).unwrap();
    }
    assert_eq!(files(folder.path()).len(), 1);
    let history = open(folder.path(), at(1)).unwrap();
    assert_eq!(history.earlier()[0].outcome, Outcome::Pass);
}

#[test]
fn a_hundred_failures_do_not_drive_out_the_last_pass() {
    let folder = tempfile::tempdir().unwrap();
    let text = |outcome| verdict(outcome).to_json();
    let write = |second, text: &str| {
        let name = open(&folder.path().join("empty"), at(second)).unwrap().name;
        fs::write(folder.path().join(name), text).unwrap();
    };
    write(0, &text(Outcome::Pass));
    for second in 1..=KEPT as i64 {
        write(second, &text(Outcome::Fail));
    }
    let history = open(folder.path(), at(1000)).unwrap();
    history.keep(&verdict(Outcome::Inconclusive)).unwrap();
    let names = files(folder.path());
    assert_eq!(names.iter().filter(|name| is_ours(name)).count(), 1 + KEPT);
    assert!(names.contains(&"20220519T093000.000Z.shop.json".to_owned()), "the pass");
    assert!(!names.contains(&"20220519T093001.000Z.shop.json".to_owned()), "the oldest failure");
}

#[test]
fn a_file_that_is_not_a_verdict_is_named() {
    for (name, text, wanted) in [
        ("20220519T093000.000Z.json", "{\"schema\": 1, ", "not a verdict"),
        (
            "20220519T093000.000Z.json",
            "{\"schema\": 9, \"outcome\": \"pass\", \"objectives\": []}",
            "schema 9",
        ),
        ("baseline.json", "{}", "move it elsewhere"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), text).unwrap();
        let Err(error) = open(folder.path(), at(0)) else {
            panic!("{name} was read");
        };
        let error = format!("{error:#}");
        assert!(error.contains(name) && error.contains(wanted), "{error}");
    }
}

#[test]
fn other_files_and_parts_of_a_killed_gate_do_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["README.md", ".20220519T093000.000Z.json.77"] {
        fs::write(folder.path().join(name), "{\"sche").unwrap();
    }
    assert!(open(folder.path(), at(0)).unwrap().earlier().is_empty());
}

#[test]
fn what_cannot_be_a_folder_is_an_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    assert!(open(file.path(), at(0)).is_err());
}

#[test]
fn several_services_share_a_folder_and_do_not_see_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let of = |service: &str, second| {
        History::open(folder.path(), at(second), &[service.to_owned()]).unwrap()
    };
    of("shop", 0).keep(&verdict(Outcome::Pass)).unwrap();
    of("orders", 0).keep(&verdict(Outcome::Fail)).unwrap();
    assert_eq!(files(folder.path()).len(), 2, "of the same moment");
    let outcomes = |service| -> Vec<Outcome> {
        of(service, 10).earlier().iter().map(|result| result.outcome).collect()
    };
    assert_eq!((outcomes("shop"), outcomes("orders")), (vec![Outcome::Pass], vec![Outcome::Fail]));
    assert_eq!(of("shop", 10).timed()[0].0, "2022-05-19T09:30:00Z");
    // What an earlier version wrote belongs to whoever looks.
    fs::write(folder.path().join("20220519T092000.000Z.json"), verdict(Outcome::Warning).to_json())
        .unwrap();
    assert_eq!(outcomes("shop"), [Outcome::Warning, Outcome::Pass]);
    let odd = of("a/b c", 0).name;
    assert!(is_ours(&odd) && odd.ends_with(".a_b_c.json"), "{odd}");
}
