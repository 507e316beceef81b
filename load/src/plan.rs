//! A checked plan: everything about a run that is decided before it starts.

mod body;
mod environment;
mod error;
mod field_error;
mod open_files;
mod phase;
mod profile;
mod request;
mod request_spec;
mod schedule;
mod target;
mod trace;

pub use error::PlanError;
pub use profile::{Arrivals, ProfileError};

pub(crate) use environment::{metrics_address, resolver};
pub(crate) use open_files::allow as allow_open_files;
pub(crate) use target::{Parts, Target, parse as parse_url};
pub(crate) use trace::Tracer;

use std::{net::SocketAddr, time::Duration};

use hyper::header::HeaderName;
use resolver::Resolver;

use crate::{
    duration::LONGEST,
    options::{Environment, Mode, Options, Statuses},
    random::Random,
};
use error::refuse;
use phase::MAX_RATE;
use profile::Profile;
use request::{ForAll, Mix, Template, placeholder};
use request_spec::RequestSpec;
use schedule::{Piece, Schedule};

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
    pub(crate) expect_status: Option<Statuses>,
    pub(crate) expect_body: Option<String>,
    pub(crate) count_header: Option<HeaderName>,
    pub(crate) metrics: Option<SocketAddr>,
    /// Goes on although nobody is there.
    pub(crate) patient: bool,
    trace_ratio: Option<f64>,
}

impl Plan {
    /// Checks everything.
    pub(crate) fn new(options: &Options, environment: &Environment) -> Result<Self, PlanError> {
        let (url, source) = url_and_profile(options)?;
        if let Some(found) = placeholder(url) {
            return refuse(format!(
                "`{found}` in the URL is a placeholder, and none is filled in; write the value"
            ));
        }
        let parts = parse_url(url)?;
        let seed = options.seed.unwrap_or_else(|| Random::unrepeatable().next() % 1_000_000);
        let (profile, schedule) = schedule(options, source)?;
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
        check(options, connections, workers)?;
        allow_open_files(connections)?;
        let requests = requests(options, profile.as_ref(), parts.has_query)?;
        let mix = mix(&requests, &parts, churn)?;
        Ok(Self {
            url: parts.shown,
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
            target: parts.target,
            mix,
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
            expect_status: options.expect_status.clone(),
            expect_body: options.expect_body.clone(),
            count_header: options.count_header.clone(),
            patient: options.patient || environment.rocket_address.is_some(),
            metrics: metrics_address(options.metrics, environment)?,
            trace_ratio: (!options.no_traceparent).then_some(options.trace_ratio),
        })
    }

    /// How many of the connections worker number `worker` has.
    pub(crate) fn connections_of(&self, worker: usize) -> usize {
        self.connections / self.workers + usize::from(worker < self.connections % self.workers)
    }

    /// Makes trace headers, if they are wanted.
    pub(crate) fn tracer(&self) -> Option<Tracer> {
        self.trace_ratio.map(|ratio| Tracer::new(self.run_id, ratio))
    }
}

/// The URL and, if there is one, the profile: before it, or as an option.
fn url_and_profile(options: &Options) -> Result<(&str, Option<&str>), PlanError> {
    match (options.what.as_slice(), options.profile.as_deref()) {
        ([url], profile) => Ok((url, profile)),
        ([_, _], Some(_)) => refuse("there are two profiles; give one of them, before the URL"),
        ([first, second], None) => {
            let is_url = |text: &str| text.contains("://");
            let (profile, url) =
                if is_url(first) && !is_url(second) { (second, first) } else { (first, second) };
            if options.max {
                return refuse(format!(
                    "--max has no schedule, so it takes no profile; leave out `{profile}`, or --max"
                ));
            }
            Ok((url, Some(profile)))
        }
        _ => refuse("write a profile, if you want one, and then the URL"),
    }
}

/// Limits of single options, whatever the others say.
fn check(options: &Options, connections: usize, workers: usize) -> Result<(), PlanError> {
    if connections == 0 || options.max_in_flight == 0 || workers == 0 {
        return refuse(
            "--connections, --max-in-flight and --workers: 0 would send nothing; give 1 or more",
        );
    }
    if workers > 1024 || options.max_in_flight > 10_000_000 {
        return refuse("--workers is at most 1024, --max-in-flight at most 10000000");
    }
    if options.timeout.is_zero() {
        return refuse("--timeout 0s: every request would fail; give 1ms or more");
    }
    if !(0.0..=1.0).contains(&options.trace_ratio) {
        return refuse(format!("--trace-ratio {}: give a part, 0 to 1", options.trace_ratio));
    }
    Ok(())
}

fn schedule(
    options: &Options,
    source: Option<&str>,
) -> Result<(Option<Profile>, Schedule), PlanError> {
    if let Some(rate) = options.rate
        && !(rate > 0.0 && rate <= MAX_RATE)
    {
        return refuse(format!(
            "--rate {rate}: give requests per second, more than 0 and at most 1000000"
        ));
    }
    if options.duration.is_some_and(|duration| duration < Duration::from_millis(1)) {
        return refuse("--duration: give 1ms or more");
    }
    let Some(source) = source else {
        let rate = match options.rate {
            None if options.max => 0.0,
            None => {
                return refuse(format!(
                    "how much? give --rate R, --max, or a profile before the URL: a file, or one of {}",
                    profile::built_in_names()
                ));
            }
            Some(rate) => rate,
        };
        let seconds = options.duration.unwrap_or(Duration::from_secs(10)).as_secs_f64();
        return Ok((None, Schedule::new(vec![Piece { seconds, from: rate, to: rate }])));
    };
    let (profile, schedule) = Profile::load(source)?;
    if options.rate.is_some() && schedule.peak() == 0.0 {
        return refuse(format!("--rate: {source} has no rate above 0 that could be scaled"));
    }
    let rate_factor = options.rate.map_or(1.0, |rate| rate / schedule.peak());
    let length = schedule.duration().as_secs_f64();
    let time_factor =
        options.duration.map_or(1.0, |duration| duration.min(LONGEST).as_secs_f64() / length);
    Ok((Some(profile), schedule.scaled(rate_factor, time_factor)))
}

/// The requests of the profile, or the one of the command line. Paths of a profile are appended to
/// that of the URL.
fn requests(
    options: &Options,
    profile: Option<&Profile>,
    url_has_query: bool,
) -> Result<Vec<RequestSpec>, PlanError> {
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
        return refuse("--method, --body: this profile has requests of its own; change them there");
    } else if url_has_query {
        return refuse(
            "the URL has a query, but this profile has paths of its own; move the query there",
        );
    }
    let mut given = Vec::new();
    for header in &options.headers {
        let Some((name, value)) = header.split_once(':') else {
            return refuse(format!("--header `{header}`: write it as 'name: value'"));
        };
        given.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    for request in &mut requests {
        // All that are given are sent, in place of those of the profile.
        let replaced = |name: &str| given.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        request.headers.retain(|(name, _)| !replaced(name));
        request.headers.extend(given.iter().cloned());
    }
    Ok(requests)
}

fn mix(requests: &[RequestSpec], parts: &Parts, close: bool) -> Result<Mix, PlanError> {
    // Paths of a profile begin with a slash themselves; the request of the command line has no
    // other path.
    let has_paths = requests.iter().any(|request| !request.path.is_empty());
    let path = if has_paths { parts.path.trim_end_matches('/') } else { &parts.path };
    let all = ForAll { path, host: &parts.host, login: parts.login.as_ref() };
    let template = |request: &RequestSpec| match Template::new(request, &all, close) {
        Ok(template) => Ok((template, request.weight)),
        Err(error) => refuse(format!("request {}: {error}", request.path)),
    };
    Ok(Mix::new(requests.iter().map(template).collect::<Result<_, _>>()?))
}

#[cfg(test)]
mod tests;
