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

/// A file that names 127.0.0.2, and a memory of it naming 127.0.0.1 with the very same stamp: what
/// is left behind by two rewrites within one tick.
fn remembered(settled: bool) -> (ConfFile, PathBuf) {
    let path = std::env::temp_dir().join(format!("conf-file-{}-{settled}", std::process::id()));
    fs::write(&path, "nameserver 127.0.0.2").unwrap();
    let stamp = Stamp::of(&fs::metadata(&path).unwrap());
    let settings = Arc::new(Settings::parse(&path, b"nameserver 127.0.0.1"));
    let conf = ConfFile::new(path.clone());
    *conf.last() = Some(Reading { stamp, settled, settings });
    (conf, path)
}

async fn server(conf: &ConfFile) -> String {
    conf.current().await.unwrap().nameservers[0].to_string()
}

#[tokio::test]
async fn a_file_that_had_not_settled_is_read_again_although_nothing_seems_to_have_changed() {
    let (conf, path) = remembered(false);
    assert_eq!(server(&conf).await, "127.0.0.2");
    fs::remove_file(path).unwrap();
}

#[tokio::test]
async fn a_settled_file_is_not_read_again() {
    let (conf, path) = remembered(true);
    assert_eq!(server(&conf).await, "127.0.0.1");
    fs::remove_file(path).unwrap();
}

#[tokio::test]
async fn a_file_met_while_it_is_being_rewritten_gets_a_second_look() {
    let path = std::env::temp_dir().join(format!("conf-file-{}-half-written", std::process::id()));
    fs::write(&path, "").unwrap();
    // A time stamp from the future never settles, however slow the machine.
    let future = SystemTime::now() + Duration::from_secs(3600);
    File::options().write(true).open(&path).unwrap().set_modified(future).unwrap();
    let conf = ConfFile::new(path.clone());
    // `join!` polls in this order: the look meets the empty file and waits, then the writer
    // finishes.
    let (look, ()) = tokio::join!(conf.current(), async {
        fs::write(&path, "nameserver 127.0.0.2").unwrap();
    });
    assert_eq!(look.unwrap().nameservers.len(), 1);
    fs::remove_file(path).unwrap();
}
