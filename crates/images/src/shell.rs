//! The shell of an image: busybox. Chaos Mesh's DNSChaos runs `sh`, `cp`, `sed` and `cat` in the
//! container that it attacks ([its daemon][daemon]), so an image without them cannot be attacked.
//!
//! [daemon]: https://github.com/chaos-mesh/chaos-mesh/blob/v2.8.3/pkg/chaosdaemon/dns_server.go

use std::path::PathBuf;
use std::process::Command;

use crate::error::ImageError;

/// Where packages put it.
const PLACES: [&str; 4] =
    ["/bin/busybox", "/usr/bin/busybox", "/sbin/busybox", "/usr/sbin/busybox"];

/// Busybox, and the commands that it can be called as.
pub(crate) struct Shell {
    pub(crate) program: PathBuf,
    pub(crate) commands: Vec<String>,
}

/// The one that is installed on this machine.
pub(crate) fn find() -> Result<Shell, ImageError> {
    let program = PLACES.iter().map(PathBuf::from).find(|place| place.exists());
    let program = program.ok_or(ImageError::NoShell)?;
    let listed = Command::new(&program).arg("--list").output();
    let listed = listed.map_err(|why| ImageError::Read { path: program.clone(), why })?;
    let listed = String::from_utf8_lossy(&listed.stdout);
    let commands = listed.lines().filter(|name| *name != "busybox").map(str::to_owned).collect();
    Ok(Shell { program, commands })
}
