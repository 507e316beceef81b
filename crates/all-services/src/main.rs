//! Everything that runs in the pods of a stage, in one program, which does what it is called:
//! `dns-leaker` is a link to it. What they share, most of each, is in the container image once, and
//! in memory once for all pods of a node.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args: Vec<OsString> = std::env::args_os().collect();
    if let Some(code) = run(&args) {
        return code;
    }
    // `all-services hello`, where there is no link.
    args.remove(0);
    run(&args).unwrap_or_else(|| {
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "all-services: call it {}", NAMES.join(", "));
        ExitCode::from(2)
    })
}

/// What it can be called.
const NAMES: [&str; 10] = [
    "dns-leaker",
    "hello",
    "inbox",
    "load",
    "nameserver",
    "orders",
    "pull-limit-exporter",
    "registry",
    "shop",
    "zone-exporter",
];

fn run(args: &[OsString]) -> Option<ExitCode> {
    let name = Path::new(args.first()?).file_name()?.to_str()?;
    Some(match name {
        "dns-leaker" => instrument::run("dns-leaker", dns_leaker::build),
        "hello" => instrument::run("hello", hello::build),
        "inbox" => inbox(),
        "load" => load::run(args.iter().cloned()),
        "nameserver" => instrument::run("nameserver", nameserver::build),
        "orders" => instrument::run("orders", orders::build),
        "pull-limit-exporter" => instrument::run("pull-limit-exporter", pull_limit_exporter::build),
        "registry" => instrument::run("registry", registry::build),
        "shop" => instrument::run("shop", shop::build),
        "zone-exporter" => zone_exporter::run(args.iter().cloned()),
        _ => return None,
    })
}

/// Everybody's mail, phone and chat on a stage.
fn inbox() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.and_then(|runtime| runtime.block_on(stage::inbox::exec())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "inbox: cannot listen: {why}");
            ExitCode::FAILURE
        }
    }
}
