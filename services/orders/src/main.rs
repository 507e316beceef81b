//! Starts `orders`. The service itself is in `lib.rs`, its work in `work.rs`, JSON-RPC in `rpc.rs`.

use std::process::ExitCode;

fn main() -> ExitCode {
    instrument::run("orders", orders::build)
}
