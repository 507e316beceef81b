//! A run of odd requests: send, judge, shrink, report.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    io::{self, Read},
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use http_body_util::Full;
use hyper::{Request, body::Bytes};
use tokio::{
    signal::unix::{SignalKind, signal},
    task::LocalSet,
    time::{sleep, timeout},
};

use super::{
    exchange::{Line, Outcome},
    message::{Body, Message},
    mutate::mutated,
    options::Fuzz,
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
    send::Connection,
};

/// A failure is tried so often before it is reported.
const TRIALS: u32 = 3;
/// While shrinking, a server that has hung is not waited for as long as the first time.
const SHORT_PATIENCE: Duration = Duration::from_secs(1);
/// Failures of the same kind from the same operation that are shrunk; the others are only counted.
const SHRUNK_OF_A_KIND: u32 = 3;
/// Larger than any description of a service.
const MOST_BYTES: u64 = 16 << 20;

/// Does one run and returns its report.
///
/// # Errors
/// The options are wrong, the target is not ours to attack, or nobody is there.
pub(crate) fn execute(
    fuzz: &Fuzz,
    environment: &Environment,
) -> Result<(Report, Ending), RunError> {
    let refuse = |text: String| Err(RunError::Plan(PlanError::Option(text)));
    if fuzz.connections == 0 || fuzz.connections > 1000 {
        return refuse(format!("--connections {}: give 1 to 1000", fuzz.connections));
    }
    if fuzz.timeout.is_zero() || fuzz.duration.is_zero() || fuzz.failures == 0 {
        return refuse(
            "--timeout, --duration, --failures: 0 would see nothing; give more".to_owned(),
        );
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

/// The first address at which somebody answers.
async fn somebody(
    destination: &Destination,
    host: &str,
    fuzz: &Fuzz,
) -> Result<SocketAddr, RunError> {
    let nobody = |why: &str| {
        RunError::Plan(PlanError::Option(format!(
            "nobody is at {}: {why}; is it running?",
            fuzz.url
        )))
    };
    let addresses = destination.addresses().await.map_err(|(_, why)| nobody(&why))?;
    let hello = Message::new("GET", "/", host, Body::Nothing);
    for address in addresses {
        if Line::new(address, fuzz.timeout).send(&hello).await != Outcome::Gone {
            return Ok(address);
        }
    }
    Err(nobody("no connection"))
}

async fn description(
    place: &str,
    address: SocketAddr,
    host: &str,
    patience: Duration,
) -> Result<serde_json::Value, RunError> {
    let bad = |why: String| RunError::Plan(PlanError::Option(format!("--openapi {place}: {why}")));
    let text = if place.starts_with('@') {
        text_or_file("--openapi", place)?
    } else if place.starts_with('/') {
        match timeout(patience, fetch(address, host, place)).await {
            Ok(Ok((200, text))) => text,
            Ok(Ok((status, _))) => return Err(bad(format!("status {status}"))),
            Ok(Err(why)) => return Err(bad(why.to_string())),
            Err(_) => return Err(bad(format!("no answer within {patience:?}"))),
        }
    } else {
        return Err(bad("write /PATH for what the service serves, or @FILE".to_owned()));
    };
    serde_json::from_slice(&text).map_err(|why| bad(format!("not JSON: {why}")))
}

/// What the service answers to a sound request: its status, and the body.
async fn fetch(address: SocketAddr, host: &str, path: &str) -> io::Result<(u16, Vec<u8>)> {
    let mut connection = Connection::open(&[address]).await?;
    connection.is_usable().await;
    let request = Request::get(path).header("host", host).body(Full::<Bytes>::default());
    let request = request.map_err(io::Error::other)?;
    let mut body = Vec::new();
    let see = |data: &[u8]| body.extend_from_slice(data);
    let answer = connection.exchange(request, see).await.map_err(io::Error::other)?;
    Ok((answer.status, body))
}

fn text_or_file(option: &str, text: &str) -> Result<Vec<u8>, PlanError> {
    let Some(file) = text.strip_prefix('@') else { return Ok(text.as_bytes().to_vec()) };
    let mut bytes = Vec::new();
    let read = std::fs::File::open(file).and_then(|it| it.take(MOST_BYTES).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(bytes),
        Err(why) => {
            Err(PlanError::Option(format!("{option} {text}: {why}; name a file that can be read")))
        }
    }
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
            let outcome = line.send(&message).await;
            self.report.borrow_mut().count(message.is_due_an_answer(), outcome);
            if is_failure(&message, outcome) {
                self.failed(case, message, outcome).await;
            }
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

/// Is this what no server should do, whatever it is sent?
fn is_failure(message: &Message, outcome: Outcome) -> bool {
    match outcome {
        // Not implemented: the right answer to a method that nobody knows (RFC 9110, 9.1).
        Outcome::Answer(501) => ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]
            .iter()
            .any(|known| message.method == known.as_bytes()),
        Outcome::Answer(505) => message.version == b"HTTP/1.1",
        Outcome::Answer(status) => status >= 500,
        Outcome::Silence | Outcome::Garbage => message.is_due_an_answer(),
        Outcome::Hang | Outcome::Gone => true,
    }
}

fn words(outcome: Outcome, patience: Duration) -> String {
    match outcome {
        Outcome::Answer(status) => format!("status {status}"),
        Outcome::Silence => "the connection was closed without a complete answer".to_owned(),
        Outcome::Hang => format!("no complete answer within {patience:?}"),
        Outcome::Garbage => "an answer that is no HTTP".to_owned(),
        Outcome::Gone => "nobody is there any more".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_server_should_do_is_a_failure() {
        let sound = Message::new("GET", "/", "there", Body::Nothing);
        let brew = Message::new("BREW", "/", "there", Body::Nothing);
        let broken = Message { line_end: b"\n", ..sound.clone() };
        let old = Message { version: b"HTTP/2.0".to_vec(), ..sound.clone() };
        for (message, outcome, fails) in [
            (&sound, Outcome::Answer(404), false),
            (&sound, Outcome::Answer(500), true),
            (&broken, Outcome::Answer(500), true),
            (&sound, Outcome::Answer(501), true),
            (&brew, Outcome::Answer(501), false),
            (&old, Outcome::Answer(505), false),
            (&sound, Outcome::Answer(505), true),
            (&sound, Outcome::Silence, true),
            (&broken, Outcome::Silence, false),
            (&broken, Outcome::Hang, true),
            (&broken, Outcome::Gone, true),
        ] {
            assert_eq!(is_failure(message, outcome), fails, "{outcome:?}");
        }
    }
}
