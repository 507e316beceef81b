//! `tale gate` as a pipeline runs it: against nobody, against a Prometheus that misbehaves, and
//! against a real one.
#![allow(
    clippy::unwrap_used,
    reason = "clippy takes helpers outside of test functions for production code"
)]

mod arguments;
mod cannot_see;
mod dying;
mod fake;
mod history;
mod misbehaving;
mod objectives;
mod picture;
mod real;
mod real_judged;
mod real_keptn;

use std::process::Stdio;
use std::time::Duration;

/// Generous: a busy machine is no reason to fail.
const DEADLINE: Duration = Duration::from_secs(90);

/// What a gate said.
#[derive(Debug)]
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Said {
    #[track_caller]
    fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap()
    }
}

/// Runs `tale gate` in the project's folder.
async fn gate(args: &[&str]) -> Said {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_tale"));
    command
        .arg("gate")
        .args(args)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(DEADLINE, command.output()).await;
    let output = output.expect("the gate comes to an end").unwrap();
    Said {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
