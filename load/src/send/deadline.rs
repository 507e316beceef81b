//! Deadlines that cost next to nothing.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::Poll,
};

use tokio::time::{Instant, Sleep};

/// `future`, unless the deadline comes first.
///
/// Setting a timer for each request would cost more than everything else in this folder. Deadlines
/// of a client only move forward, so its timer stays where it was, usually in the middle of a later
/// request, and is moved when it fires.
pub(crate) async fn until<T>(
    timer: &mut Pin<Box<Sleep>>,
    deadline: Instant,
    future: impl Future<Output = T>,
) -> Option<T> {
    let mut future = pin!(future);
    if timer.deadline() > deadline {
        timer.as_mut().reset(deadline);
    }
    poll_fn(|cx| {
        if let Poll::Ready(result) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(result));
        }
        while timer.as_mut().poll(cx).is_ready() {
            if Instant::now() >= deadline {
                return Poll::Ready(None);
            }
            timer.as_mut().reset(deadline);
        }
        Poll::Pending
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_timer_that_fires_early_is_moved_and_then_ends_the_wait() {
        let mut timer = Box::pin(sleep(Duration::from_secs(1)));
        let begin = Instant::now();
        let deadline = begin + Duration::from_secs(5);
        let result = until(&mut timer, deadline, std::future::pending::<()>()).await;
        assert!(result.is_none() && begin.elapsed() == Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_set_too_late_is_moved_forward() {
        let mut timer = Box::pin(sleep(Duration::from_secs(9)));
        let begin = Instant::now();
        let deadline = begin + Duration::from_secs(2);
        let result = until(&mut timer, deadline, std::future::pending::<()>()).await;
        assert!(result.is_none() && begin.elapsed() == Duration::from_secs(2));
        assert_eq!(until(&mut timer, deadline, async { 7 }).await, Some(7));
    }
}
