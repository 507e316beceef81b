//! Starts `zone-exporter`. The service itself is in `lib.rs`.

use std::process::ExitCode;

fn main() -> ExitCode {
    instrument::run("zone-exporter", zone_exporter::build)
}
