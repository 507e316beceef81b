//! Tests of `journal.rs`.

use std::path::PathBuf;

use super::*;

fn entry(pod: &str) -> JournalEntry {
    let target =
        Target { namespace: "default".into(), pod: pod.into(), uid: "1".into(), container: None };
    JournalEntry {
        experiment: "podchaos/x in namespace default".into(),
        id: "default/podchaos/x".into(),
        fault: Fault::PodFailure,
        target,
        expires: None,
    }
}

fn pods(path: &Path) -> Vec<String> {
    replay(path).unwrap().into_iter().map(|entry| entry.target.pod).collect()
}

/// A journal in a folder of its own, which goes with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(test: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("chaos-journal-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("journal")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_missing_journal_lists_nothing() {
    assert!(pods(&Scratch::new("missing").file()).is_empty());
}

#[test]
fn what_was_begun_and_not_ended_is_listed_also_after_reopening() {
    let scratch = Scratch::new("open");
    let mut journal = Journal::open(&scratch.file()).unwrap();
    let ids = journal.begin(vec![entry("a"), entry("b"), entry("c")]).unwrap();
    journal.end(&ids[1..2]).unwrap();
    assert_eq!(pods(&scratch.file()), ["a", "c"]);
    let mut journal = Journal::open(&scratch.file()).unwrap();
    journal.begin(vec![entry("d")]).unwrap();
    assert_eq!(pods(&scratch.file()), ["a", "c", "d"]);
}

#[test]
fn a_line_cut_off_by_a_crash_is_passed_over_but_a_damaged_one_is_an_error() {
    let scratch = Scratch::new("damaged");
    Journal::open(&scratch.file()).unwrap().begin(vec![entry("a")]).unwrap();
    let whole = std::fs::read_to_string(scratch.file()).unwrap();
    std::fs::write(scratch.file(), format!("{whole}{{\"begin\":{{\"id\"")).unwrap();
    assert_eq!(pods(&scratch.file()), ["a"]);
    std::fs::write(scratch.file(), format!("junk\n{whole}")).unwrap();
    assert!(replay(&scratch.file()).unwrap_err().to_string().starts_with("line 1: "));
}
