//! The program `load`; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    load::run(std::env::args_os())
}
