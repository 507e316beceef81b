//! Starts `zone-exporter`. The service itself is in `lib.rs`.

use std::process::ExitCode;

fn main() -> ExitCode {
    zone_exporter::run(std::env::args_os())
}
