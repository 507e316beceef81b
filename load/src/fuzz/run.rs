//! A run of odd requests: send, judge, shrink, report.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::{
    signal::unix::{SignalKind, signal},
    task::LocalSet,
    time::sleep,
};

use super::{
    exchange::{Line, Outcome},
    judge::{is_failure, words},
    message::Message,
    mutate::mutated,
    options::Fuzz,
    prepare::{description, somebody, text_or_file},
    report::{Failure, Report},
    seeds::Seeds,
    shell,
    shrink::shrink,
};
use crate::{
    attack::{Destination, Guard},
    options::Environment,
    plan::{PlanError, parse_url, resolver},
    random::Random,
    report::Line as TerminalLine,
    run::{Ending, RunError},
};

/// A failure is tried so often before it is reported.
const TRIALS: u32 = 3;
/// While shrinking, a server that has hung is not waited for as long as the first time.
const SHORT_PATIENCE: Duration = Duration::from_secs(1);
/// Failures of the same kind from the same operation that are shrunk; the others are only counted.
const SHRUNK_OF_A_KIND: u32 = 3;

/// Does one run and returns its report.
///
/// # Errors
/// The options are wrong, the target is not ours to attack, or nobody is there.
pub(crate) fn execute(
    fuzz: &Fuzz,
    environment: &Environment,
) -> Result<(Report, Ending), RunError> {
    let refuse = |text: String| Err(RunError::Plan(PlanError::Option(text)));
    if fuzz.connections > 1000 {
        return refuse(format!("--connections {}: give 0 to 1000", fuzz.connections));
    }
    if fuzz.timeout.is_zero() || fuzz.duration.is_zero() || fuzz.failures == 0 {
        return refuse(
            "--timeout, --duration, --failures: 0 would see nothing; give more".to_owned(),
        );
    }
    if let Some(rate) = fuzz.rate.filter(|rate| !(rate.is_finite() && *rate > 0.0)) {
        return refuse(format!("--rate {rate}: give requests per second, more than 0"));
    }
    let parts = parse_url(&fuzz.url)?;
    let guard = Guard::new(environment, fuzz.i_own_this_target, &parts.target.host)?;
    let seed = fuzz.seed.unwrap_or_else(|| Random::unrepeatable().next() % 1_000_000);
    let host = parts.host.to_str().unwrap_or_default().to_owned();
    let bodies = fuzz.bodies.iter().map(|body| text_or_file("--body", body));
    let bodies = bodies.collect::<Result<Vec<_>, _>>()?;
    let seeds = Seeds::new(&host, &parts.path, &bodies);
    let destination = Destination::new(parts.target.clone(), resolver(environment)?, guard);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        if fuzz.connections == 0 {
            let ending = tokio::select! {
                () = sleep(fuzz.duration) => Ending::Completed,
                _ = interrupt.recv() => Ending::Interrupted,
                _ = terminate.recv() => Ending::Terminated,
            };
            return Ok((Report::new(parts.shown.clone(), seed), ending));
        }
        let address = somebody(&destination, &host, fuzz).await?;
        let seeds = match &fuzz.openapi {
            None => seeds,
            Some(place) => {
                let document = description(place, address, &host, fuzz.timeout).await?;
                let described = seeds.described_by(document);
                described.map_err(|why| PlanError::Option(format!("--openapi {place}: {why}")))?
            }
        };
        let run = Rc::new(Run {
            fuzz: fuzz.clone(),
            address,
            host,
            port: parts.target.port,
            seeds,
            seed,
            start: Instant::now(),
            next: Cell::new(fuzz.case.unwrap_or(0)),
            is_over: Cell::new(false),
            report: RefCell::new(Report::new(parts.shown.clone(), seed)),
            kinds: RefCell::default(),
        });
        let tasks = LocalSet::new();
        let workers = if fuzz.case.is_some() { 1 } else { fuzz.connections };
        for _ in 0..workers {
            let run = Rc::clone(&run);
            tasks.spawn_local(async move { run.work().await });
        }
        let ending = tokio::select! {
            () = tasks => Ending::Completed,
            () = run.show() => Ending::Completed,
            _ = interrupt.recv() => Ending::Interrupted,
            _ = terminate.recv() => Ending::Terminated,
        };
        let mut report = run.report.borrow().clone();
        report.seconds = run.start.elapsed().as_secs_f64();
        report.interrupted = matches!(ending, Ending::Interrupted | Ending::Terminated);
        Ok((report, ending))
    })
}

/// What the workers share.
struct Run {
    fuzz: Fuzz,
    address: SocketAddr,
    host: String,
    port: u16,
    seeds: Seeds,
    seed: u64,
    start: Instant,
    /// The number of the next request.
    next: Cell<u64>,
    is_over: Cell<bool>,
    report: RefCell<Report>,
    /// How often a kind of failure was shrunk.
    kinds: RefCell<BTreeMap<(Outcome, Vec<u8>), u32>>,
}

impl Run {
    /// Sends one request after the other until the run is over.
    async fn work(&self) {
        let mut line = Line::new(self.address, self.fuzz.timeout);
        while let Some(case) = self.next_case() {
            let message = self.message(case);
            self.is_due(case).await;
            let outcome = line.send(&message).await;
            self.report.borrow_mut().count(message.is_due_an_answer(), outcome);
            if is_failure(&message, outcome) {
                self.failed(case, message, outcome).await;
            }
        }
    }

    /// Waits until it is the time of this request, if there is a rate.
    async fn is_due(&self, case: u64) {
        if let (Some(rate), None) = (self.fuzz.rate, self.fuzz.case) {
            let due = Duration::from_secs_f64((case as f64 / rate).min(1e9));
            sleep(due.saturating_sub(self.start.elapsed())).await;
        }
    }

    fn next_case(&self) -> Option<u64> {
        let case = self.next.get();
        let last = match self.fuzz.case {
            Some(only) => only + 1,
            None => self.fuzz.requests.unwrap_or(u64::MAX),
        };
        let is_over = self.is_over.get() || self.start.elapsed() >= self.fuzz.duration;
        (!is_over && case < last).then(|| {
            self.next.set(case + 1);
            case
        })
    }

    /// Request number `case`, whatever was sent before.
    fn message(&self, case: u64) -> Message {
        let mut seeds = Random::seeded(self.seed);
        let mut random = Random::seeded(seeds.next() ^ case.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let sound = self.seeds.draw(&mut random);
        mutated(&sound, &mut random)
    }

    /// Shrinks a failure and reports it, unless it is like one that is known.
    async fn failed(&self, case: u64, message: Message, outcome: Outcome) {
        let path = message.target.split(|byte| *byte == b'?').next().unwrap_or_default();
        let first = path.split(|byte| *byte == b'/').nth(1).unwrap_or_default();
        let kind = (outcome, [&message.method, &b" "[..], first].concat());
        let known = *self.kinds.borrow_mut().entry(kind).and_modify(|n| *n += 1).or_insert(1);
        if known > SHRUNK_OF_A_KIND {
            self.report.borrow_mut().more_like_them += 1;
            return;
        }
        if outcome == Outcome::Gone {
            // Whom to ask? What was sent last is all that is known.
            self.is_over.set(true);
            return self.add(case, &message, &message, outcome, (1, 1));
        }
        let mut patience = self.fuzz.timeout;
        if outcome == Outcome::Hang {
            patience = patience.min(SHORT_PATIENCE);
        }
        let mut line = Line::new(self.address, patience);
        let shrunk = shrink(message.clone(), async |candidate: &Message| {
            let seen = line.send_afresh(candidate).await;
            seen == outcome && is_failure(candidate, seen)
        })
        .await
        .message;
        let mut line = Line::new(self.address, self.fuzz.timeout);
        let mut failed = 0;
        for _ in 0..TRIALS {
            failed += u32::from(line.send_afresh(&shrunk).await == outcome);
        }
        self.add(case, &message, &shrunk, outcome, (TRIALS, failed));
    }

    fn add(
        &self,
        case: u64,
        message: &Message,
        shrunk: &Message,
        outcome: Outcome,
        (tried, failed): (u32, u32),
    ) {
        let address = self.address;
        let command = shell::command(shrunk, &address.ip().to_string(), self.port, &self.host);
        let mut report = self.report.borrow_mut();
        if report.failures.iter().any(|failure| failure.command == command) {
            report.more_like_them += 1;
            return;
        }
        report.failures.push(Failure {
            what: words(outcome, self.fuzz.timeout),
            case,
            tried,
            failed,
            bytes_before: message.bytes().len(),
            bytes: shrunk.bytes().len(),
            command,
        });
        if report.failures.len() >= self.fuzz.failures {
            self.is_over.set(true);
        }
    }

    /// A line on a terminal, once a second, for as long as it is polled.
    async fn show(&self) {
        let Some(line) = TerminalLine::on_terminal() else {
            return std::future::pending().await;
        };
        let mut before = 0;
        loop {
            sleep(Duration::from_secs(1)).await;
            let (sent, failures) = {
                let report = self.report.borrow();
                (report.sent, report.failures.len())
            };
            line.rewrite(&format!(
                "{:.0}/{:.0} s  sent {sent}  {}/s  failures {failures}",
                self.start.elapsed().as_secs_f64(),
                self.fuzz.duration.as_secs_f64(),
                sent - before,
            ));
            before = sent;
        }
    }
}
