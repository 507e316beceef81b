//! A run that holds connections: opens them at their rate, watches, hangs up, reports.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use hyper::header::{HeaderName, HeaderValue};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinSet,
    time::{sleep, sleep_until},
};

use super::{
    counts::{Counts, Failure},
    destination::Destination,
    guard::Guard,
    holder::Clients,
    manner::{Manner, RequestHead},
    metrics,
    options::{Hold, Profile},
    report::{Facts, Report},
    sources::Sources,
};
use crate::{
    options::Environment,
    plan::{PlanError, allow_open_files, metrics_address, parse_url, resolver},
    report::{Line, serve_metrics},
    run::{Ending, RunError},
};

/// More connections than one machine has a use for.
const MOST_CONNECTIONS: usize = 200_000;
const MOST_RATE: f64 = 100_000.0;

/// With nothing to do, how soon somebody looks again.
const IDLE: Duration = Duration::from_millis(20);
/// What could not be begun in time is made up for, so far back.
const LATEST: Duration = Duration::from_millis(100);
/// With nobody there, the run ends after so long.
const PATIENCE: Duration = Duration::from_secs(1);

/// Does one run and returns its report.
///
/// # Errors
/// The options are wrong, the target is not ours to attack, or the run cannot start.
pub(crate) fn execute(
    profile: &Profile,
    environment: &Environment,
) -> Result<(Report, Ending), RunError> {
    let hold = profile.hold();
    check(profile)?;
    allow_open_files(hold.connections)?;
    let metrics = metrics_address(hold.metrics, environment)?;
    let patient = hold.patient || environment.rocket_address.is_some();
    let (clients, url) = clients(profile, environment)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // Before anything is sent, so that no signal is missed.
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let clients = Arc::new(clients);
        if let Some(address) = metrics {
            let listener = TcpListener::bind(address)
                .await
                .map_err(|source| RunError::Metrics { address, source })?;
            let (clients, connections) = (Arc::clone(&clients), hold.connections);
            let text = move || metrics::text(&clients.counts, connections);
            tokio::spawn(serve_metrics(listener, Arc::new(text)));
        }
        // A name that leads where it must not is no matter of luck: before the first packet.
        if let Err((Failure::Forbidden, why)) = clients.destination.addresses().await {
            return Err(PlanError::Option(why).into());
        }
        let start = Instant::now();
        let (end, over) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let ending = tokio::select! {
            ending = open_them(hold, patient, &clients, &mut tasks, &over) => ending,
            () = show(hold, &clients.counts, start) => Ending::Completed,
            _ = interrupt.recv() => Ending::Interrupted,
            _ = terminate.recv() => Ending::Terminated,
        };
        let ran = start.elapsed();
        end.send_replace(true);
        while tasks.join_next().await.is_some() {}
        let interrupted = matches!(ending, Ending::Interrupted | Ending::Terminated);
        let facts = Facts {
            url,
            profile: profile.name(),
            connections: hold.connections,
            rate: hold.rate,
            reopen: hold.reopen,
            ran,
            interrupted,
        };
        let mut report = Report::new(facts, &clients.counts);
        let life = clients.counts.totals().life.clone();
        let conditions = hold.fail_if.iter();
        report.broken = conditions.filter_map(|one| one.failed(&report, &life)).collect();
        Ok((report, ending))
    })
}

/// Opens connections until the time is over, or nothing is left to be seen.
async fn open_them(
    hold: &Hold,
    patient: bool,
    clients: &Arc<Clients>,
    tasks: &mut JoinSet<()>,
    over: &watch::Receiver<bool>,
) -> Ending {
    let start = tokio::time::Instant::now();
    let pause = Duration::from_secs_f64(1.0 / hold.rate);
    let mut due = start;
    while start.elapsed() < hold.duration {
        sleep_until(due.min(start + hold.duration)).await;
        let (present, started, opened, failed) = {
            let totals = clients.counts.totals();
            (totals.clients, totals.started, totals.opened, totals.failures())
        };
        if !patient && opened == 0 && failed > 0 && start.elapsed() >= PATIENCE {
            return Ending::Deserted;
        }
        let wanted = hold.connections as u64;
        let more = if hold.reopen { present < wanted } else { started < wanted };
        if more {
            let (clients, over) = (Arc::clone(clients), over.clone());
            // It counts from here, not from when its task gets its turn.
            clients.counts.begin();
            tasks.spawn(async move { clients.hold_one(over).await });
            let earliest = tokio::time::Instant::now().checked_sub(LATEST).unwrap_or(start);
            due = (due + pause).max(earliest);
        } else {
            if !patient && present == 0 && wanted > 0 {
                return if opened == 0 { Ending::Deserted } else { Ending::Completed };
            }
            due = tokio::time::Instant::now() + IDLE;
        }
        while tasks.try_join_next().is_some() {}
    }
    Ending::Completed
}

/// A line on a terminal, once a second, for as long as it is polled.
async fn show(hold: &Hold, counts: &Counts, start: Instant) {
    let Some(line) = Line::on_terminal() else {
        return std::future::pending().await;
    };
    loop {
        sleep(Duration::from_secs(1)).await;
        let totals = counts.totals().clone();
        line.rewrite(&format!(
            "{:.0}/{:.0} s  open {}  opened {}  closed by the server {}  failed {}",
            start.elapsed().as_secs_f64(),
            hold.duration.as_secs_f64(),
            totals.open,
            totals.opened,
            totals.ended(),
            totals.failures(),
        ));
    }
}

fn clients(profile: &Profile, environment: &Environment) -> Result<(Clients, String), PlanError> {
    let hold = profile.hold();
    let parts = parse_url(&hold.url)?;
    let guard = Guard::new(environment, hold.i_own_this_target, &parts.target.host)?;
    let mut headers = Vec::new();
    for header in &hold.headers {
        headers.push(header_of(header)?);
    }
    if let Some(login) = &parts.login {
        headers.push(format!("authorization: {}", login.to_str().unwrap_or_default()));
    }
    let host = parts.host.to_str().unwrap_or_default();
    let head = RequestHead { path: &parts.path, host, headers: &headers };
    let clients = Clients {
        manner: Manner::of(profile, &head),
        destination: Destination::new(parts.target, resolver(environment)?, guard),
        sources: Sources::new(hold.sources),
        timeout: hold.timeout,
        counts: Counts::new(),
    };
    Ok((clients, parts.shown))
}

/// A header that HTTP takes: these clients are slow, not malformed.
fn header_of(text: &str) -> Result<String, PlanError> {
    let bad = || PlanError::Option(format!("--header `{text}`: write it as 'name: value'"));
    let (name, value) = text.split_once(':').ok_or_else(bad)?;
    let name: HeaderName = name.trim().parse().map_err(|_| bad())?;
    HeaderValue::from_str(value.trim()).map_err(|_| bad())?;
    Ok(format!("{name}: {}", value.trim()))
}

/// Limits of single options, and of those that belong together.
fn check(profile: &Profile) -> Result<(), PlanError> {
    let refuse = |text: String| Err(PlanError::Option(text));
    let Hold { connections, rate, duration, sources, timeout, .. } = profile.hold();
    if *connections > MOST_CONNECTIONS {
        return refuse(format!("--connections {connections}: at most {MOST_CONNECTIONS}"));
    }
    if !(*rate > 0.0 && *rate <= MOST_RATE) {
        return refuse(format!(
            "--rate {rate}: give connections per second, more than 0 and at most {MOST_RATE}"
        ));
    }
    let needed = *connections as f64 / rate;
    if needed > duration.as_secs_f64() {
        return refuse(format!(
            "at --rate {rate}, {connections} connections take {needed:.0} s, but --duration is {:.0} s; raise one of the first two",
            duration.as_secs_f64()
        ));
    }
    if !(1..=1000).contains(sources) {
        return refuse(format!("--sources {sources}: give 1 to 1000"));
    }
    if timeout.is_zero() || duration.is_zero() {
        return refuse("--timeout, --duration: give 1ms or more".to_owned());
    }
    match profile {
        Profile::SlowHeader(slow) if slow.every.is_zero() => {
            refuse("--every: give 1ms or more".to_owned())
        }
        Profile::SlowRead(slow) if slow.every.is_zero() => {
            refuse("--every: give 1ms or more".to_owned())
        }
        Profile::SlowRead(slow) if !(1..=1 << 20).contains(&slow.bytes) => {
            refuse(format!("--bytes {}: give 1 to 1048576", slow.bytes))
        }
        Profile::SlowRead(slow) if !(1..=10_000).contains(&slow.requests) => {
            refuse(format!("--requests {}: give 1 to 10000", slow.requests))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
