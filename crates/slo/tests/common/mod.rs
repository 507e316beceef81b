//! Runs promtool on text, in a folder of its own.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests are tests"
)]

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use slo::Catalogue;

/// A folder that is removed when the test ends.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("slo-test-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }

    /// Runs promtool and asserts that it is content. Skips, loudly, where it is not installed.
    pub(crate) fn promtool(&self, arguments: &[&str]) {
        let run = Command::new("promtool")
            .args(arguments)
            .current_dir(&self.0)
            .output();
        let output = match run {
            Ok(output) => output,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                println!("SKIPPED: promtool is not installed; apt-get install prometheus");
                return;
            }
            Err(error) => panic!("promtool: {error}"),
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "promtool {arguments:?}:\n{text}");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing depends on it; the folder is in the system's temporary folder anyway.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The SLO of the tale that everybody plays first, from the file that ships.
pub(crate) fn dns_leaker() -> Catalogue {
    let text = include_str!("../../../../manifests/slo/dns-leaker.yaml");
    Catalogue::load(&[("manifests/slo/dns-leaker.yaml", text)]).unwrap()
}

/// One SLO per way of measuring.
pub(crate) fn shop() -> Catalogue {
    Catalogue::load(&[("shop.yaml", include_str!("../fixtures/shop.yaml"))]).unwrap()
}
