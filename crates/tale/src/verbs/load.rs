//! `tale load`: the load generator, which has threads of its own.

use std::ffi::OsString;
use std::process::ExitCode;

/// `tale load [PROFILE] URL ..` as the program `load` takes it.
pub fn run(args: Vec<OsString>) -> ExitCode {
    load::run(std::iter::once("tale load".into()).chain(args))
}
