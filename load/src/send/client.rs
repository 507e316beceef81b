//! One client: takes a request, sends it over its connection, notes how it ended, takes the next.
//!
//! A worker has as many clients as it may have connections. A client opens its connection when it
//! gets its first request, and again whenever the old one broke.

use std::{cell::Cell, net::SocketAddr, pin::Pin, rc::Rc, time::Duration};

use hyper::header::HeaderMap;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::{
    connection::{Answer, Connection},
    deadline::until,
    queue::{Arrival, Queue},
};
use crate::{
    plan::{Plan, Tracer},
    random::Random,
    record::Outcome,
};

/// Bytes of a body that are searched for the expected text.
const SEARCHED_BYTES: usize = 1 << 20;

/// Without arrivals to wait for, a refused connection would be tried a hundred thousand times a
/// second.
const CLOSED_LOOP_BACK_OFF: Duration = Duration::from_millis(20);

pub(crate) struct Client {
    index: usize,
    queue: Rc<Queue>,
    connection: Option<Box<Connection>>,
    timer: Pin<Box<Sleep>>,
    tracer: Option<Tracer>,
    random: Random,
    /// Memory for headers and for a body to search, used again and again.
    headers: HeaderMap,
    body: Vec<u8>,
}

/// What a request waits for: decides which kind of error a time-out is.
#[derive(Clone, Copy)]
enum WaitingFor {
    Addresses,
    Connection,
    Answer,
}

struct Failure {
    outcome: Outcome,
    why: String,
}

impl Client {
    pub(crate) fn new(index: usize, queue: Rc<Queue>, seed: u64) -> Self {
        Self {
            index,
            connection: None,
            timer: Box::pin(sleep_until(Instant::now())),
            tracer: queue.plan.tracer(),
            random: Random::seeded(seed),
            headers: HeaderMap::new(),
            body: Vec::new(),
            queue,
        }
    }

    /// Serves until the worker drops it.
    pub(crate) async fn run(mut self) {
        let closed_loop = self.queue.plan.closed_loop;
        loop {
            let arrival = self.next().await;
            let outcome = self.serve(arrival).await;
            self.queue.end(self.index, arrival, outcome);
            if closed_loop && matches!(outcome, Outcome::Connect | Outcome::Dns) {
                sleep(CLOSED_LOOP_BACK_OFF).await;
            }
        }
    }

    async fn next(&mut self) -> Arrival {
        let queue = &self.queue;
        if !queue.plan.closed_loop {
            return queue.take(self.index).await;
        }
        let request = queue.plan.mix.draw(&mut self.random);
        let arrival = Arrival { due: std::time::Instant::now(), request };
        queue.begin_closed(self.index, arrival);
        arrival
    }

    async fn serve(&mut self, arrival: Arrival) -> Outcome {
        let queue = Rc::clone(&self.queue);
        let plan = &*queue.plan;
        let deadline = Instant::from_std(arrival.due + plan.timeout);
        if deadline <= Instant::now() {
            queue
                .counts()
                .explain(Outcome::Timeout, || "waited too long for a free connection".to_owned());
            return Outcome::Timeout;
        }
        let waiting_for = Cell::new(WaitingFor::Answer);
        let attempt = attempt(
            &mut self.connection,
            &mut self.headers,
            &mut self.body,
            self.tracer.as_mut(),
            &queue,
            arrival.request,
            &waiting_for,
        );
        match until(&mut self.timer, deadline, attempt).await {
            Some(Ok(answer)) => {
                let body_is_right =
                    plan.expect_body.as_deref().is_none_or(|text| contains(&self.body, text));
                let outcome =
                    Outcome::of_answer(answer.status, plan.expect_status.as_ref(), body_is_right);
                let mut counts = queue.counts();
                counts.status(answer.status);
                counts.body_bytes += answer.body_bytes;
                if let Some(name) = &plan.count_header {
                    let value = answer.headers.get(name).and_then(|value| value.to_str().ok());
                    counts.values.count(value.unwrap_or_default());
                }
                self.headers = answer.headers;
                outcome
            }
            Some(Err(Failure { outcome, why })) => {
                queue.counts().explain(outcome, || why);
                outcome
            }
            None => {
                let (outcome, why) = match waiting_for.get() {
                    WaitingFor::Addresses => (Outcome::Dns, "no name server answered in time"),
                    WaitingFor::Connection => (Outcome::Connect, "not connected in time"),
                    WaitingFor::Answer => (Outcome::Timeout, "no answer in time"),
                };
                queue.counts().explain(outcome, || why.to_owned());
                outcome
            }
        }
    }
}

/// Sends one request, over the client's connection if it is still good. Whoever drops this future
/// half-way drops the connection with it, since an answer that comes later would be taken for the
/// next one's.
async fn attempt(
    kept: &mut Option<Box<Connection>>,
    headers: &mut HeaderMap,
    body: &mut Vec<u8>,
    tracer: Option<&mut Tracer>,
    queue: &Queue,
    request: usize,
    waiting_for: &Cell<WaitingFor>,
) -> Result<Answer, Failure> {
    let plan = &*queue.plan;
    let mut connection = match kept.take() {
        Some(mut old) => {
            if old.is_usable().await {
                old
            } else {
                open(plan, queue, waiting_for).await?
            }
        }
        None => open(plan, queue, waiting_for).await?,
    };
    waiting_for.set(WaitingFor::Answer);
    let traceparent = tracer.map(Tracer::traceparent);
    let request = plan.mix.template(request).request(std::mem::take(headers), traceparent);
    body.clear();
    let search = plan.expect_body.is_some();
    let see = |data: &[u8]| {
        if search {
            body.extend_from_slice(&data[..data.len().min(SEARCHED_BYTES - body.len())]);
        }
    };
    let answer = connection.exchange(request, see).await.map_err(|error| Failure {
        outcome: if error.is_parse() { Outcome::BadBody } else { Outcome::Reset },
        why: chain(&error),
    })?;
    if !plan.churn {
        *kept = Some(connection);
    }
    Ok(answer)
}

async fn open(
    plan: &Plan,
    queue: &Queue,
    waiting_for: &Cell<WaitingFor>,
) -> Result<Box<Connection>, Failure> {
    waiting_for.set(WaitingFor::Addresses);
    let found = plan
        .resolver
        .lookup(&plan.target.host)
        .await
        .map_err(|why| Failure { outcome: Outcome::Dns, why: why.to_string() })?;
    let addresses: Vec<SocketAddr> =
        found.addresses.iter().map(|ip| SocketAddr::new(*ip, plan.target.port)).collect();
    waiting_for.set(WaitingFor::Connection);
    let failed = |why: String| Failure { outcome: Outcome::Connect, why };
    let mut connection =
        Connection::open(&addresses).await.map_err(|error| failed(error.to_string()))?;
    queue.counts().connections_opened += 1;
    if !connection.is_usable().await {
        return Err(Failure {
            outcome: Outcome::Reset,
            why: "closed as soon as it was open".to_owned(),
        });
    }
    Ok(connection)
}

fn contains(body: &[u8], text: &str) -> bool {
    text.is_empty() || body.windows(text.len()).any(|window| window == text.as_bytes())
}

/// An error with its causes: hyper's own text is only the beginning.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_anywhere_in_the_body() {
        assert!(contains(b"hello world", "o w") && contains(b"", "") && contains(b"x", "x"));
        assert!(!contains(b"hello", "world") && !contains(b"", "x"));
    }
}
