//! What containers write: a file for the life that runs, and one for the life before.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use super::Pods;
use crate::StageError;

/// Above this a log is cut: a service that logs every request must not fill the disk.
const MAX_LOG: u64 = 32 * 1024 * 1024;

impl Pods {
    pub(super) fn log_file(&self, namespace: &str, pod: &str, container: &str) -> PathBuf {
        self.state_dir.join("logs").join(format!("{namespace}_{pod}_{container}.log"))
    }

    /// Empties logs that have grown too long; processes append, so they go on at the start.
    pub(super) fn bound_logs(&self) {
        for container in self.pods.values().flat_map(|pod| &pod.containers) {
            let long = std::fs::metadata(&container.log).is_ok_and(|meta| meta.len() > MAX_LOG);
            if long && let Ok(file) = File::options().write(true).open(&container.log) {
                let _ = file.set_len(0);
            }
        }
    }
}

/// Opens the log of a new life; the last one is kept beside it.
pub(super) fn open(log: &Path) -> Result<File, StageError> {
    if log.exists() {
        let _ = std::fs::rename(log, log.with_extension("previous.log"));
    }
    let file = OpenOptions::new().create(true).append(true).open(log);
    file.map_err(StageError::io("open a pod's log"))
}
