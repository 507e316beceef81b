//! `tale load`: the load generator, which has threads of its own.

use std::ffi::OsString;
use std::process::ExitCode;

/// `tale load PROFILE URL ..` as the program `load` takes it; the profile may be left out.
pub fn run(args: Vec<OsString>) -> ExitCode {
    let mut args = args.into_iter().peekable();
    let named = args.peek().and_then(|arg| arg.to_str()).is_some_and(|first| {
        !first.starts_with('-') && !first.starts_with("http://") && !first.is_empty()
    });
    let profile = if named { args.next() } else { None };
    let mut all: Vec<OsString> = vec!["tale load".into()];
    all.extend(args);
    all.extend(profile.into_iter().flat_map(|profile| ["--profile".into(), profile]));
    load::run(all)
}
