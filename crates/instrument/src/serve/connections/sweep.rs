//! One clock for all connections, and whoever is late by it is ended.
//!
//! A timer for each request would be exact to the millisecond, and cost every well-behaved request
//! some hundred instructions. Nobody needs that: a time-out of seconds may be late by a tenth of
//! one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rocket::tokio::time::{MissedTickBehavior, interval};

use super::state::Clock;
use super::table::Table;

/// How often connections are looked at: how late a time-out may be.
const EVERY: Duration = Duration::from_millis(100);

/// Sweeps until it is dropped.
pub(super) async fn sweep(table: Arc<Table>, clock: Arc<Clock>) {
    let start = Instant::now();
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        clock.set(start.elapsed());
        table.sweep();
    }
}
