//! A checked plan: everything about a run that is decided before it starts.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use resolver::Resolver;

use crate::arrivals::{Piece, Schedule};
use crate::duration::LONGEST;
use crate::limits::enough_files;
use crate::options::{Environment, Mode, Options};
use crate::phase::MAX_RATE;
use crate::profile::{Arrivals, Profile, ProfileError, RequestSpec};
use crate::random::Random;
use crate::request::{Mix, Template};
use crate::trace::Tracer;
use crate::url::{Target, target};

/// One thread makes about this many requests per second without falling behind, with room to spare.
const ONE_WORKER_RATE: f64 = 10_000.0;

/// What to do.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) url: String,
    pub(crate) profile: String,
    /// What the profile says it is for, unless it was scaled.
    pub(crate) about: String,
    pub(crate) target: Target,
    pub(crate) resolver: Resolver,
    pub(crate) mix: Mix,
    /// In the closed loop only its duration counts.
    pub(crate) schedule: Schedule,
    pub(crate) closed_loop: bool,
    /// The seed of random arrivals, if they are random.
    pub(crate) poisson: Option<u64>,
    pub(crate) seed: u64,
    pub(crate) run_id: u64,
    pub(crate) connections: usize,
    pub(crate) workers: usize,
    pub(crate) churn: bool,
    pub(crate) max_in_flight: usize,
    pub(crate) timeout: Duration,
    pub(crate) expect_status: Option<u16>,
    pub(crate) expect_body: Option<String>,
    pub(crate) metrics: Option<SocketAddr>,
    trace_ratio: Option<f64>,
}

/// A run that cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The profile is wrong.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// An option or a variable is wrong; the remedy is in the text.
    #[error("{0}")]
    Option(String),
}

pub(crate) fn wrong<T>(text: impl Into<String>) -> Result<T, PlanError> {
    Err(PlanError::Option(text.into()))
}

impl Plan {
    /// Checks everything.
    pub(crate) fn new(options: &Options, environment: &Environment) -> Result<Self, PlanError> {
        let (target, base_path, host) = target(&options.url)?;
        let seed = options.seed.unwrap_or_else(|| Random::unrepeatable().next() % 1_000_000);
        let (profile, schedule) = schedule(options)?;
        let churn = options.mode == Mode::Churn;
        let arrivals = options.arrivals.map_or_else(
            || profile.as_ref().map_or(Arrivals::Even, |profile| profile.arrivals),
            Into::into,
        );
        let connections = options.connections.unwrap_or(if options.max { 32 } else { 100 });
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let workers = options
            .workers
            .unwrap_or(if options.max || schedule.peak() > ONE_WORKER_RATE { cores } else { 1 });
        if connections == 0 || options.max_in_flight == 0 || workers == 0 {
            return wrong(
                "--connections, --max-in-flight and --workers: 0 would send nothing; give 1 or more",
            );
        }
        if workers > 1024 || options.max_in_flight > 10_000_000 {
            return wrong("--workers is at most 1024, --max-in-flight at most 10000000");
        }
        if options.timeout.is_zero() {
            return wrong("--timeout 0s: every request would fail; give 1ms or more");
        }
        if !(0.0..=1.0).contains(&options.trace_ratio) {
            return wrong(format!("--trace-ratio {}: give a part, 0 to 1", options.trace_ratio));
        }
        enough_files(connections)?;
        let specs = requests(options, profile.as_ref())?;
        // Paths of a profile begin with a slash themselves; the request of the command line has no
        // other path.
        let base_path =
            if specs[0].path.is_empty() { &*base_path } else { base_path.trim_end_matches('/') };
        let template = |spec: &RequestSpec| match Template::new(spec, base_path, &host, churn) {
            Ok(template) => Ok((template, spec.weight)),
            Err(error) => wrong(format!("request {}: {error}", spec.path)),
        };
        Ok(Self {
            url: options.url.clone(),
            profile: profile.as_ref().map_or_else(
                || if options.max { "max" } else { "rate" }.to_owned(),
                |profile| profile.name.clone(),
            ),
            // Scaled, a profile is no longer what it says.
            about: profile
                .as_ref()
                .filter(|_| options.rate.is_none() && options.duration.is_none())
                .map_or_else(String::new, |profile| profile.about.clone()),
            resolver: resolver(environment)?,
            target,
            mix: Mix::new(specs.iter().map(template).collect::<Result<_, _>>()?),
            schedule,
            closed_loop: options.max,
            poisson: (arrivals == Arrivals::Poisson).then_some(seed),
            seed,
            run_id: Random::unrepeatable().next(),
            connections,
            workers: workers.min(connections),
            churn,
            max_in_flight: options.max_in_flight,
            timeout: options.timeout,
            expect_status: options.expect_status,
            expect_body: options.expect_body.clone(),
            metrics: metrics(options, environment)?,
            trace_ratio: (!options.no_traceparent).then_some(options.trace_ratio),
        })
    }

    /// How many of the connections worker number `worker` has.
    pub(crate) fn lanes_of(&self, worker: usize) -> usize {
        self.connections / self.workers + usize::from(worker < self.connections % self.workers)
    }

    /// Makes trace headers, if they are wanted.
    pub(crate) fn tracer(&self) -> Option<Tracer> {
        self.trace_ratio.map(|ratio| Tracer::new(self.run_id, ratio))
    }
}

fn schedule(options: &Options) -> Result<(Option<Profile>, Schedule), PlanError> {
    if let Some(rate) = options.rate
        && !(rate > 0.0 && rate <= MAX_RATE)
    {
        return wrong(format!(
            "--rate {rate}: give requests per second, more than 0 and at most 1000000"
        ));
    }
    if options.duration.is_some_and(|duration| duration < Duration::from_millis(1)) {
        return wrong("--duration: give 1ms or more");
    }
    let Some(source) = &options.profile else {
        let rate = match options.rate {
            None if options.max => 0.0,
            None => return wrong("how much? give --rate R, --profile FILE or --max"),
            Some(rate) => rate,
        };
        let seconds = options.duration.unwrap_or(Duration::from_secs(10)).as_secs_f64();
        return Ok((None, Schedule::new(vec![Piece { seconds, from: rate, to: rate }])));
    };
    let (profile, schedule) = Profile::load(source)?;
    if options.rate.is_some() && schedule.peak() == 0.0 {
        return wrong(format!("--rate: {source} has no rate above 0 that could be scaled"));
    }
    let rate_factor = options.rate.map_or(1.0, |rate| rate / schedule.peak());
    let length = schedule.duration().as_secs_f64();
    let time_factor =
        options.duration.map_or(1.0, |duration| duration.min(LONGEST).as_secs_f64() / length);
    Ok((Some(profile), schedule.scaled(rate_factor, time_factor)))
}

/// The requests of the profile, or the one of the command line. Paths of a profile are appended to
/// that of the URL.
fn requests(options: &Options, profile: Option<&Profile>) -> Result<Vec<RequestSpec>, PlanError> {
    let mut requests = profile.map_or_else(Vec::new, |profile| profile.requests.clone());
    if requests.is_empty() {
        requests.push(RequestSpec {
            method: options.method.clone().unwrap_or_else(|| "GET".to_owned()),
            path: String::new(), // the URL has it
            headers: Default::default(),
            body: options.body.clone().unwrap_or_default(),
            weight: 1,
        });
    } else if options.method.is_some() || options.body.is_some() {
        return wrong("--method, --body: this profile has requests of its own; change them there");
    } else if options.url.contains('?') {
        return wrong(
            "the URL has a query, but this profile has paths of its own; move the query there",
        );
    }
    for header in &options.headers {
        let Some((name, value)) = header.split_once(':') else {
            return wrong(format!("--header `{header}`: write it as 'name: value'"));
        };
        for request in &mut requests {
            request.headers.insert(name.trim().to_owned(), value.trim().to_owned());
        }
    }
    Ok(requests)
}

fn resolver(environment: &Environment) -> Result<Resolver, PlanError> {
    let default = resolver::Config::default();
    let port = match environment.resolv_port.as_deref().map(str::parse::<u16>) {
        None => default.port,
        Some(Ok(port)) if port > 0 => port,
        Some(_) => return wrong("RESOLV_PORT: set it to a number from 1 to 65535"),
    };
    let config = resolver::Config {
        hosts: environment.hosts_file.clone().unwrap_or(default.hosts),
        resolv_conf: environment.resolv_conf.clone().unwrap_or(default.resolv_conf),
        port,
    };
    Ok(Resolver::with_warnings(config, |warning| {
        let _ = writeln!(std::io::stderr(), "load: ignored: {warning}");
    }))
}

fn metrics(options: &Options, environment: &Environment) -> Result<Option<SocketAddr>, PlanError> {
    if options.metrics.is_some() {
        return Ok(options.metrics);
    }
    if let Some(address) = &environment.metrics_address {
        return address
            .parse()
            .map(Some)
            .or_else(|_| wrong(format!("METRICS_ADDRESS={address}: write it as 127.0.0.1:9000")));
    }
    let Some(address) = &environment.rocket_address else {
        return Ok(None);
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        return wrong(format!("ROCKET_ADDRESS={address}: set it to an IP address"));
    };
    let port = environment.admin_port.as_deref().unwrap_or("9000");
    match port.parse() {
        Ok(port) => Ok(Some(SocketAddr::new(address, port))),
        Err(_) => wrong(format!("ADMIN_PORT={port}: set it to a number from 0 to 65535")),
    }
}

#[cfg(test)]
mod tests;
