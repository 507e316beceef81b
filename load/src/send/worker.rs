//! One worker: a thread with a runtime of its own and its share of the connections.

use std::{
    io,
    rc::Rc,
    sync::{Arc, atomic::AtomicBool},
};

use tokio::{sync::mpsc, task::LocalSet};

use super::{
    client::Client,
    queue::{Arrival, Queue},
};
use crate::{plan::Plan, record::Shared};

/// Runs worker number `worker` until `arrivals` is closed and what is in flight has ended, each
/// request within its time-out. What is still in flight when `abandon` is set counts as censored;
/// in the closed loop, which has no last request, that is everything.
pub(crate) fn work(
    plan: Arc<Plan>,
    shared: Arc<Shared>,
    worker: usize,
    arrivals: mpsc::Receiver<Arrival>,
    abandon: &AtomicBool,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Timers are made below, before anything runs.
    let _entered = runtime.enter();
    let (clients, seed, closed_loop) = (plan.connections_of(worker), plan.seed, plan.closed_loop);
    let queue = Rc::new(Queue::new(plan, shared, worker, clients));
    let tasks = LocalSet::new();
    for index in 0..clients {
        let seed = seed.wrapping_add((worker * 1_000_003 + index) as u64);
        tasks.spawn_local(Client::new(index, Rc::clone(&queue), seed).run());
    }
    tasks.block_on(&runtime, async {
        queue.receive(arrivals).await;
        if !closed_loop {
            queue.drain(abandon).await;
        }
    });
    queue.censor();
    Ok(())
}
