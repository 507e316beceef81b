//! The last step before a pod's program runs: ties the process to the stage, so that nothing
//! survives it.
//!
//! The stage starts every child as `<own program> <hidden subcommand> --parent=PID .. -- program
//! args`. The embedding binary hands the arguments after its hidden subcommand to [`exec`], which
//! asks the kernel for SIGKILL when the stage goes (`PR_SET_PDEATHSIG` survives `exec`), then
//! becomes the program. That way the stage needs no `unsafe` code between fork and exec.

use std::convert::Infallible;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::{Pid, Resource, Rlimit, Signal};

/// Why a program was not started.
#[derive(Debug, thiserror::Error)]
pub enum ShimError {
    /// Called by hand or by another version.
    #[error(
        "argument {0:?} is not one of the stage's; this subcommand is for the stage only, run `tale up` instead"
    )]
    Usage(OsString),
    /// The stage went before its child was tied to it.
    #[error("the stage that started this process is gone; start it again with `tale up`")]
    Orphan,
    /// The kernel refused.
    #[error("cannot {what}: {source}; run `tale doctor`")]
    System {
        /// What was tried.
        what: String,
        /// Why not.
        source: std::io::Error,
    },
}

/// Ties this process to the stage, then becomes the program after `--`. Returns only on failure.
///
/// # Errors
/// See [`ShimError`]; the caller prints it and exits with 127.
pub fn exec(args: impl IntoIterator<Item = OsString>) -> Result<Infallible, ShimError> {
    let arguments = Arguments::parse(args)?;
    tie_to(arguments.parent)?;
    limit_files(arguments.files)?;
    // A machine that runs out of memory should lose a pod, not the stage. Raising the score needs
    // no privilege, and neither does standing back.
    let _ = std::fs::write("/proc/self/oom_score_adj", arguments.oom_score.to_string());
    let _ = rustix::process::nice(arguments.nice);
    let source = Command::new(&arguments.program).args(arguments.args).exec();
    Err(ShimError::System { what: format!("run {}", arguments.program.display()), source })
}

struct Arguments {
    parent: i32,
    files: u64,
    oom_score: u16,
    nice: i32,
    program: PathBuf,
    args: Vec<OsString>,
}

impl Arguments {
    fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Self, ShimError> {
        let mut args = args.into_iter();
        let mut arguments = Self {
            parent: 0,
            files: 0,
            oom_score: 0,
            nice: 0,
            program: PathBuf::new(),
            args: Vec::new(),
        };
        loop {
            let arg = args.next().ok_or_else(|| ShimError::Usage("(end)".into()))?;
            let known = arg.to_str().and_then(|text| match text.split_once('=') {
                Some(("--parent", value)) => value.parse().ok().map(|v| arguments.parent = v),
                Some(("--files", value)) => value.parse().ok().map(|v| arguments.files = v),
                Some(("--oom-score", value)) => value.parse().ok().map(|v| arguments.oom_score = v),
                Some(("--nice", value)) => value.parse().ok().map(|v| arguments.nice = v),
                _ => None,
            });
            if arg == "--" {
                break;
            }
            known.ok_or(ShimError::Usage(arg))?;
        }
        arguments.program =
            args.next().ok_or_else(|| ShimError::Usage("(no program)".into()))?.into();
        arguments.args = args.collect();
        Ok(arguments)
    }
}

fn tie_to(parent: i32) -> Result<(), ShimError> {
    let system = |source: rustix::io::Errno| ShimError::System {
        what: "tie to the stage".into(),
        source: source.into(),
    };
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).map_err(system)?;
    // The stage may have gone before the line above: then the kernel already gave this process
    // another parent.
    if rustix::process::getppid() == Pid::from_raw(parent) {
        Ok(())
    } else {
        Err(ShimError::Orphan)
    }
}

fn limit_files(files: u64) -> Result<(), ShimError> {
    let old = rustix::process::getrlimit(Resource::Nofile);
    let files = old.maximum.map_or(files, |most| files.min(most));
    rustix::process::setrlimit(
        Resource::Nofile,
        Rlimit { current: Some(files), maximum: old.maximum },
    )
    .map_err(|source| ShimError::System { what: "limit open files".into(), source: source.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(args: &[&str]) -> ShimError {
        exec(args.iter().map(OsString::from)).unwrap_err()
    }

    #[test]
    fn a_stranger_as_parent_is_refused_before_anything_runs() {
        assert!(matches!(
            Arguments::parse(["--parent=1", "--", "x"].map(OsString::from)).unwrap().parent,
            1
        ));
        assert!(matches!(error(&["--bogus", "--", "true"]), ShimError::Usage(_)));
        assert!(matches!(error(&["--parent=1"]), ShimError::Usage(_)));
    }
}
