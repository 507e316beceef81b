//! Starts `pull-limit-exporter`. The service itself is in `lib.rs`.

use std::process::ExitCode;

fn main() -> ExitCode {
    instrument::run("pull-limit-exporter", pull_limit_exporter::build)
}
