//! Talking to a running stage from another terminal: a Unix socket in its state folder, one
//! question and one answer per connection.
//!
//! [`Server`] is the stage's end, [`Running`] the other one, [`protocol`] what they say. [`Claim`]
//! makes sure that a state folder has one stage at most, and tells when that one is gone.

mod answer;
mod claim;
mod client;
pub mod protocol;
mod server;
mod status;

pub use answer::carry_out;
pub use claim::Claim;
pub use client::Running;
pub use protocol::{Answer, Request};
pub use server::Server;
pub use status::{Fault, Status, Urls};

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

/// Most bytes of a socket's path: `sun_path` in unix(7) holds 108, one of them the end mark.
const LONGEST_PATH: usize = 107;

/// Where the stage of a state folder listens.
///
/// # Errors
/// The path is longer than the kernel allows.
pub fn socket(dir: &Path) -> Result<PathBuf> {
    let path = dir.join("control.sock");
    let length = path.as_os_str().as_bytes().len();
    ensure!(
        length <= LONGEST_PATH,
        "{}: the path of a socket may have {LONGEST_PATH} bytes and this has {length}; name a folder with a shorter path in TALES_STATE",
        path.display()
    );
    Ok(path)
}
