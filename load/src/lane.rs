//! One lane: takes a request, sends it over its connection, notes how it ended, takes the next.
//!
//! A worker has as many lanes as it may have connections. A lane opens its connection when it gets
//! its first request, and again whenever the old one broke.

use std::cell::Cell;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use hyper::header::HeaderMap;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::alarm::until;
use crate::connection::{Answer, Connection};
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::random::Random;
use crate::trace::Tracer;
use crate::worker::{Arrival, Board};

/// Bytes of a body that are searched for the expected text.
const SEARCHED_BYTES: usize = 1 << 20;

/// Without arrivals to wait for, a refused connection would be tried a hundred thousand times a
/// second.
const CLOSED_LOOP_BACK_OFF: Duration = Duration::from_millis(20);

pub(crate) struct Lane {
    index: usize,
    board: Rc<Board>,
    connection: Option<Box<Connection>>,
    alarm: Pin<Box<Sleep>>,
    tracer: Option<Tracer>,
    random: Random,
    /// Room for headers and for a body to search, used again and again.
    room: HeaderMap,
    body: Vec<u8>,
}

/// What a request waits for; tells a time-out's kind.
#[derive(Clone, Copy)]
enum Stage {
    Resolving,
    Connecting,
    Answering,
}

struct Failure {
    outcome: Outcome,
    why: String,
}

impl Lane {
    pub(crate) fn new(index: usize, board: Rc<Board>, seed: u64) -> Self {
        Self {
            index,
            connection: None,
            alarm: Box::pin(sleep_until(Instant::now())),
            tracer: board.plan.tracer(),
            random: Random::seeded(seed),
            room: HeaderMap::new(),
            body: Vec::new(),
            board,
        }
    }

    /// Serves until the worker drops it.
    pub(crate) async fn run(mut self) {
        loop {
            let arrival = self.next().await;
            let outcome = self.serve(arrival).await;
            self.board.end(self.index, arrival, outcome);
            if self.board.plan.closed_loop && matches!(outcome, Outcome::Connect | Outcome::Dns) {
                sleep(CLOSED_LOOP_BACK_OFF).await;
            }
        }
    }

    async fn next(&mut self) -> Arrival {
        let board = &self.board;
        if board.plan.closed_loop {
            let arrival = Arrival {
                due: std::time::Instant::now(),
                request: board.plan.mix.draw(&mut self.random),
            };
            board.begin_closed(self.index, arrival);
            return arrival;
        }
        loop {
            if let Some(arrival) = board.take(self.index) {
                return arrival;
            }
            board.wait(self.index).await;
        }
    }

    async fn serve(&mut self, arrival: Arrival) -> Outcome {
        let board = Rc::clone(&self.board);
        let plan = &*board.plan;
        let deadline = Instant::from_std(arrival.due + plan.timeout);
        if deadline <= Instant::now() {
            board
                .tally()
                .explain(Outcome::Timeout, || "waited too long for a free connection".to_owned());
            return Outcome::Timeout;
        }
        let stage = Cell::new(Stage::Answering);
        let attempt = attempt(
            &mut self.connection,
            &mut self.room,
            &mut self.body,
            self.tracer.as_mut(),
            &board,
            arrival.request,
            &stage,
        );
        let result = until(&mut self.alarm, deadline, attempt).await;
        match result {
            Some(Ok(answer)) => {
                let body_is_right =
                    plan.expect_body.as_deref().is_none_or(|text| contains(&self.body, text));
                let outcome = Outcome::of_answer(answer.status, plan.expect_status, body_is_right);
                let mut tally = board.tally();
                tally.status(answer.status);
                tally.body_bytes += answer.body_bytes;
                self.room = answer.room;
                outcome
            }
            Some(Err(Failure { outcome, why })) => {
                board.tally().explain(outcome, || why);
                outcome
            }
            None => {
                let (outcome, why) = match stage.get() {
                    Stage::Resolving => (Outcome::Dns, "no name server answered in time"),
                    Stage::Connecting => (Outcome::Connect, "not connected in time"),
                    Stage::Answering => (Outcome::Timeout, "no answer in time"),
                };
                board.tally().explain(outcome, || why.to_owned());
                outcome
            }
        }
    }
}

/// Sends one request, over the lane's connection if it is still good. Whoever drops this future
/// half-way drops the connection with it, since an answer that comes later would be taken for the
/// next one's.
async fn attempt(
    slot: &mut Option<Box<Connection>>,
    room: &mut HeaderMap,
    body: &mut Vec<u8>,
    tracer: Option<&mut Tracer>,
    board: &Board,
    request: usize,
    stage: &Cell<Stage>,
) -> Result<Answer, Failure> {
    let plan = &*board.plan;
    let mut connection = match slot.take() {
        Some(mut old) => {
            if old.is_usable().await {
                old
            } else {
                open(plan, board, stage).await?
            }
        }
        None => open(plan, board, stage).await?,
    };
    stage.set(Stage::Answering);
    let traceparent = tracer.map(Tracer::traceparent);
    let request = plan.mix.template(request).request(std::mem::take(room), traceparent);
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
        *slot = Some(connection);
    }
    Ok(answer)
}

async fn open(plan: &Plan, board: &Board, stage: &Cell<Stage>) -> Result<Box<Connection>, Failure> {
    stage.set(Stage::Resolving);
    let found = plan
        .resolver
        .lookup(&plan.target.host)
        .await
        .map_err(|why| Failure { outcome: Outcome::Dns, why: why.to_string() })?;
    let addresses: Vec<SocketAddr> =
        found.addresses.iter().map(|ip| SocketAddr::new(*ip, plan.target.port)).collect();
    stage.set(Stage::Connecting);
    let failed = |why: String| Failure { outcome: Outcome::Connect, why };
    let mut connection =
        Connection::open(&addresses).await.map_err(|error| failed(error.to_string()))?;
    board.tally().connections_opened += 1;
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
