//! One round without a service: for a terminal, for cron, for node_exporter's textfile collector.

use std::io::Write as _;
use std::process::ExitCode;

use instrument::dns::{Resolver, resolver_config};
use instrument::{Env, StartError};
use prometheus::Registry;
use rocket::tokio::runtime::Builder;

use crate::metrics::TRANSPORTS;
use crate::probe::Prober;
use crate::settings::Settings;
use crate::shown;

/// Asks, prints what is shown on `/metrics` otherwise, and says what failed.
///
/// # Errors
/// A setting cannot be used, or nobody is to be asked.
pub fn run(env: &Env) -> Result<ExitCode, StartError> {
    let settings = Settings::read(env)?;
    if settings.targets.is_empty() {
        return Err(StartError::Other(
            "nobody to ask; say e.g. --zone example.org --server ns1.example.org".to_owned(),
        ));
    }
    let resolver = Resolver::new(resolver_config(env)?, &Registry::new())?;
    let prober = Prober { resolver, patience: settings.patience };
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|why| StartError::Other(why.to_string()))?;
    let findings = runtime.block_on(prober.round(&settings.targets));
    let mut failed = 0;
    for finding in &findings {
        for (transport, serial) in TRANSPORTS.into_iter().zip(&finding.serials) {
            if let Err(why) = serial {
                let (zone, server) = (&finding.zone, &finding.server);
                let why = why.label();
                let _ = writeln!(
                    std::io::stderr(),
                    "zone-exporter: no serial of {zone} from {server} over {transport}: {why}"
                );
                failed = 1;
            }
        }
    }
    // A closed pipe is nobody's problem.
    let _ = std::io::stdout().write_all(shown::text(findings)?.as_bytes());
    Ok(ExitCode::from(failed))
}
