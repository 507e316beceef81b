//! Starts `dns-leaker`. The service itself is in `lib.rs`, its bug in `leak.rs`.

use std::process::ExitCode;

fn main() -> ExitCode {
    instrument::run("dns-leaker", dns_leaker::build)
}
