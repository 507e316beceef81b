//! A `dhat-heap` build shows the leak where people look for it: at the end of the program, in
//! `dhat-heap.json`.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn what_the_map_hoards_is_still_held_when_the_profile_is_written() {
    let folder = std::env::temp_dir().join(format!("dhat-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut service = Command::new(env!("CARGO_BIN_EXE_dns-leaker"))
        .current_dir(&folder)
        .env_clear()
        .envs([
            ("ROCKET_PORT", "0"),
            ("ADMIN_PORT", "0"),
            ("RESOLV_CONF", "/nonexistent"),
            ("RUST_LOG", "info,dns_leaker=debug"),
        ])
        .envs([("LEAK_KIND", "hoard"), ("LEAK_BYTES", "100000"), ("LOOKUPS_PER_SECOND", "100")])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();

    // Each failed lookup is a line in the log.
    let lines = BufReader::new(service.stdout.take().unwrap()).lines().map_while(Result::ok);
    let failures = lines.filter(|line| line.contains("lookup failed")).take(20).count();
    assert_eq!(failures, 20);
    let pid = rustix::process::Pid::from_child(&service);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while service.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "the service does not stop");
        std::thread::yield_now();
    }

    let profile = std::fs::read_to_string(folder.join("dhat-heap.json")).unwrap();
    let profile: serde_json::Value = serde_json::from_str(&profile).unwrap();
    let at_end =
        profile["pps"].as_array().unwrap().iter().map(|point| point["eb"].as_u64().unwrap());
    assert!(at_end.sum::<u64>() >= 20 * 100_000, "the leak is gone from the end of the profile");
    std::fs::remove_dir_all(&folder).unwrap();
}
