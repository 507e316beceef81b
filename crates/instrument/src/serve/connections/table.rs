//! Who holds how many connections.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rocket::tokio::task::AbortHandle;

use super::limits::Limits;
use super::metrics::{Metrics, Reason};
use super::state::State;

/// A connection that asks nothing may be ended for a new one after so many milliseconds: a client
/// that sends one request after the other asks nothing in between.
const LONG_ENOUGH: u64 = 200;

/// All open connections.
pub(super) struct Table {
    limits: Limits,
    metrics: Metrics,
    rows: Mutex<Rows>,
}

#[derive(Default)]
struct Rows {
    next: u64,
    open: HashMap<u64, Row>,
    by_address: HashMap<IpAddr, usize>,
}

struct Row {
    address: IpAddr,
    state: Arc<State>,
    task: AbortHandle,
}

impl Table {
    pub(super) fn new(limits: Limits, metrics: Metrics) -> Self {
        Self { limits, metrics, rows: Mutex::default() }
    }

    /// Takes one more connection, which `start` serves for as long as it holds its ticket, or
    /// counts why not.
    pub(super) fn take(
        table: &Arc<Self>,
        address: IpAddr,
        state: Arc<State>,
        start: impl FnOnce(Ticket) -> AbortHandle,
    ) {
        let address = who(address);
        let mut rows = table.rows();
        if rows.by_address.get(&address).is_some_and(|open| *open >= table.limits.per_address) {
            return table.metrics.rejected(Reason::TooManyFromAddress).inc();
        }
        if rows.open.len() >= table.limits.connections {
            let Some(number) = rows.least_missed() else {
                return table.metrics.rejected(Reason::TooMany).inc();
            };
            rows.end(number);
            table.metrics.rejected(Reason::MadeRoom).inc();
        }
        let number = rows.next;
        rows.next += 1;
        // Should it end before it stands in its row: its ticket waits for the lock.
        let task = start(Ticket { number, table: table.clone() });
        rows.open.insert(number, Row { address, state, task });
        *rows.by_address.entry(address).or_default() += 1;
    }

    /// Ends all connections that take too long for what they are doing.
    pub(super) fn sweep(&self) {
        let mut rows = self.rows();
        let overdue =
            |(number, row): (&u64, &Row)| Some((*number, row.state.overdue(&self.limits)?));
        let overdue: Vec<(u64, Reason)> = rows.open.iter().filter_map(overdue).collect();
        for (number, reason) in overdue {
            rows.end(number);
            self.metrics.rejected(reason).inc();
        }
    }

    /// Ends all of them.
    pub(super) fn clear(&self) {
        let mut rows = self.rows();
        let all: Vec<u64> = rows.open.keys().copied().collect();
        all.into_iter().for_each(|number| rows.end(number));
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rows {
    /// The connection that has asked nothing for the longest time. Whoever hoards connections, or
    /// sends a request letter by letter, loses them first, and only when somebody else wants one.
    fn least_missed(&self) -> Option<u64> {
        let nothing = |(number, row): (&u64, &Row)| Some((row.state.asks_nothing()?, *number));
        let nothing = self.open.iter().filter_map(nothing);
        nothing.filter(|(time, _)| *time >= LONG_ENOUGH).max().map(|(_, number)| number)
    }

    /// Ends a connection: its socket closes when its task is next looked at. What it asked for is
    /// finished all the same, as for a client that hangs up.
    fn end(&mut self, number: u64) {
        if let Some(row) = self.remove(number) {
            row.task.abort();
        }
    }

    fn remove(&mut self, number: u64) -> Option<Row> {
        let row = self.open.remove(&number)?;
        if let Some(open) = self.by_address.get_mut(&row.address) {
            *open -= 1;
            if *open == 0 {
                self.by_address.remove(&row.address);
            }
        }
        Some(row)
    }
}

/// Whose connection it is. A host with IPv6 has not one address but a network of 2^64.
fn who(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

/// A place in the table. Dropping it makes the place free.
pub(super) struct Ticket {
    number: u64,
    table: Arc<Table>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.table.rows().remove(self.number);
    }
}
