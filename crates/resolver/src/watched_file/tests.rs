//! Tests of "did the file change?" that need control over time stamps.

use proptest::prelude::*;

use super::*;

fn stamp(modified: Duration, changed: Duration) -> Stamp {
    let parts = |age: Duration| (i64::try_from(age.as_secs()).unwrap(), age.subsec_nanos().into());
    Stamp { device: 1, inode: 1, bytes: 1, modified: parts(modified), changed: parts(changed) }
}

proptest! {
    #[test]
    fn a_file_settles_when_both_its_time_stamps_are_older_than_two_ticks(
        modified_age in -100_i64..100,
        changed_age in -100_i64..100,
    ) {
        let now = 1_000_000_i64;
        let at = |age| Duration::from_millis(u64::try_from(now - age).unwrap());
        let settled = stamp(at(modified_age), at(changed_age)).is_settled(SystemTime::UNIX_EPOCH + at(0));
        prop_assert_eq!(settled, modified_age > 20 && changed_age > 20);
    }
}

#[test]
fn time_stamps_before_1970_are_old() {
    let ancient =
        Stamp { modified: (-5, 3), changed: (-5, 3), ..stamp(Duration::ZERO, Duration::ZERO) };
    assert!(ancient.is_settled(SystemTime::now()));
}

/// A file that says "new", and a reading that says "old" with the very same stamp: what is left
/// behind by two rewrites within one tick.
fn read_before(settled: bool) -> (WatchedFile<String>, tempfile::NamedTempFile) {
    let path = tempfile::NamedTempFile::new().unwrap();
    fs::write(&path, "new").unwrap();
    let stamp = Stamp::of(&fs::metadata(&path).unwrap());
    let file = WatchedFile::new(path.path().to_owned(), 100);
    *file.last() = Some(Reading { stamp, settled, content: Arc::new("old".to_owned()) });
    (file, path)
}

fn content(file: &WatchedFile<String>) -> String {
    let reading = file.read(|text| String::from_utf8(text.bytes.clone()).unwrap()).unwrap();
    reading.content.to_string()
}

#[test]
fn a_file_that_had_not_settled_is_read_again_although_nothing_seems_to_have_changed() {
    let (file, _path) = read_before(false);
    assert_eq!(content(&file), "new");
}

#[test]
fn a_settled_file_is_not_read_again() {
    let (file, _path) = read_before(true);
    assert_eq!(content(&file), "old");
}

#[test]
fn of_a_long_file_only_the_first_whole_lines_are_read_and_it_is_marked() {
    for (lines, read, is_cut) in
        [(9, 90, false), (10, 100, false), (11, 100, true), (50, 100, true)]
    {
        let path = tempfile::NamedTempFile::new().unwrap();
        fs::write(&path, "123456789\n".repeat(lines)).unwrap();
        for (max_bytes, read, is_cut) in [(100, read, is_cut), (105, read, is_cut), (5, 0, true)] {
            let file = WatchedFile::new(path.path().to_owned(), max_bytes);
            let reading = file.read(|text| (text.bytes.len(), text.is_cut)).unwrap();
            assert_eq!(*reading.content, (read, is_cut), "{lines} lines, {max_bytes} bytes");
        }
    }
}

#[test]
fn a_pipe_is_refused_instead_of_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0)
        .unwrap();
    let error = WatchedFile::new(path, 100).read(|_| ()).unwrap_err();
    assert!(error.to_string().contains("regular file"), "{error}");
}
