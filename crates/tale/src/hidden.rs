//! What a stage starts this program for: as the last step before a pod's program, and as a worker
//! that takes a pod's CPU time or memory away. Not for people, hence not in `--help`.

use std::process::ExitCode;

use crate::terminal::note;

/// What a shell reports for a command that cannot be run.
const CANNOT_RUN: u8 = 127;

/// Does it, if this process was started for it.
pub fn run() -> Option<ExitCode> {
    let mut args = std::env::args_os();
    let why = match args.nth(1)?.to_str()? {
        "pod-shim" => {
            let Err(why) = stage::shim::exec(args);
            why.to_string()
        }
        "stress-worker" => match stage::stress::exec(args) {
            Ok(()) => return Some(ExitCode::SUCCESS),
            Err(why) => why.to_string(),
        },
        _ => return None,
    };
    note(&format!("tale: {why}"));
    Some(ExitCode::from(CANNOT_RUN))
}
