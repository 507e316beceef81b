//! Turns: which tests may run side by side.
//!
//! The tests of one binary run in parallel. A stage is a dozen processes, and a test that measures
//! under load must have the machine to itself, or the load of one test is the latency of another.
//! So every test that starts a stage holds a turn: a shared one, of which there are a few, half of
//! these, or the only one. [`Project`](crate::project::Project) takes it and gives it back.
//!
//! - **Fair.** First come, first served. Whoever waits for the only turn lets nobody pass, so it
//!   gets it as soon as those before it have ended.
//! - **No deadlock.** A test has one turn, taken before anything else, so whoever holds a turn
//!   waits for nobody. To take a second one is an error, not a hang.
//! - **No cost for one test.** A turn is free when nobody else runs.
//!
//! Turns are kept within one process. Cargo runs one test binary after the other; a runner that
//! starts a process per test must run these one by one.

use std::cell::Cell;
use std::sync::LazyLock;

use tokio::sync::{Semaphore, SemaphorePermit};

/// Twice as many stages as the machine has cores, as most of the time a play waits; but never so
/// many that memory runs out.
static SHARED: LazyLock<u32> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    u32::try_from((2 * cores).clamp(4, 8)).expect("at most 8")
});
/// Tokio's semaphore serves in the order of arrival, those who want all of it included.
static FREE: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(*SHARED as usize));

thread_local! {
    /// Each test has a thread and a runtime of its own.
    static HELD: Cell<bool> = const { Cell::new(false) };
}

/// The permission to use the machine, until dropped.
#[derive(Debug)]
pub struct Turn {
    _permit: SemaphorePermit<'static>,
}

impl Turn {
    /// One of a few, beside other tests.
    ///
    /// # Panics
    /// This test has a turn already.
    pub async fn shared() -> Self {
        Self::take(1).await
    }

    /// Half of them, for a story of many parts that wait most of the time: another of its kind may
    /// be told beside it, a crowd may not.
    ///
    /// # Panics
    /// This test has a turn already.
    pub async fn half() -> Self {
        Self::take(*SHARED / 2).await
    }

    /// The only one: no other test has a turn meanwhile.
    ///
    /// # Panics
    /// This test has a turn already.
    pub async fn alone() -> Self {
        Self::take(*SHARED).await
    }

    async fn take(permits: u32) -> Self {
        assert!(!HELD.get(), "a test takes one turn; make its second project with `another`");
        let permit = FREE.acquire_many(permits).await.expect("it is never closed");
        HELD.set(true);
        Self { _permit: permit }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        HELD.set(false);
    }
}

#[cfg(test)]
mod tests;
