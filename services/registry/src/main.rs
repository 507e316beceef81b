//! Starts `registry`. The service itself is in `lib.rs`.

use std::process::ExitCode;

fn main() -> ExitCode {
    instrument::run("registry", registry::build)
}
