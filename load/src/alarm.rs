//! Deadlines that cost next to nothing.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

use tokio::time::{Instant, Sleep};

/// `future`, unless the deadline comes first.
///
/// Setting a timer for each request would cost more than everything else in this file. Deadlines of
/// a lane only move forward, so its alarm stays where it was, usually in the middle of a later
/// request, and is moved when it rings.
pub(crate) async fn until<T>(
    alarm: &mut Pin<Box<Sleep>>,
    deadline: Instant,
    future: impl Future<Output = T>,
) -> Option<T> {
    let mut future = pin!(future);
    if alarm.deadline() > deadline {
        alarm.as_mut().reset(deadline);
    }
    poll_fn(|cx| {
        if let Poll::Ready(result) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(result));
        }
        while alarm.as_mut().poll(cx).is_ready() {
            if Instant::now() >= deadline {
                return Poll::Ready(None);
            }
            alarm.as_mut().reset(deadline);
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
    async fn an_alarm_that_rings_early_is_moved_and_then_ends_the_wait() {
        let mut alarm = Box::pin(sleep(Duration::from_secs(1)));
        let begin = Instant::now();
        let deadline = begin + Duration::from_secs(5);
        let result = until(&mut alarm, deadline, std::future::pending::<()>()).await;
        assert!(result.is_none() && begin.elapsed() == Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn an_alarm_set_too_late_is_moved_forward() {
        let mut alarm = Box::pin(sleep(Duration::from_secs(9)));
        let begin = Instant::now();
        let deadline = begin + Duration::from_secs(2);
        let result = until(&mut alarm, deadline, std::future::pending::<()>()).await;
        assert!(result.is_none() && begin.elapsed() == Duration::from_secs(2));
        assert_eq!(until(&mut alarm, deadline, async { 7 }).await, Some(7));
    }
}
