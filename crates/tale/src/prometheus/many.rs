//! Many queries at once, but never so many that the gate itself becomes the load.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

/// Most queries under way at once: Prometheus runs twenty at a time by default, and others ask,
/// too.
pub(crate) const IN_FLIGHT: usize = 16;

/// Asks the queries 0 to `count`, each once. Those without an answer by the deadline are given up:
/// `None`.
pub(crate) async fn answers<T, F>(
    count: usize,
    deadline: Duration,
    ask: impl Fn(usize) -> F,
) -> Vec<Option<T>>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let end = Instant::now() + deadline;
    let mut answers: Vec<Option<T>> = (0..count).map(|_| None).collect();
    let mut left = 0..count;
    let mut asked = JoinSet::new(); // dropping it ends what is still under way
    loop {
        while asked.len() < IN_FLIGHT
            && let Some(index) = left.next()
        {
            let query = ask(index);
            asked.spawn(async move { (index, query.await) });
        }
        match timeout_at(end, asked.join_next()).await {
            Ok(Some(Ok((index, answer)))) => answers[index] = Some(answer),
            Ok(Some(Err(_))) => {} // it panicked: no answer
            Ok(None) | Err(_) => return answers,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    #[tokio::test]
    async fn every_query_is_asked_once_and_never_more_than_sixteen_at_a_time() {
        let (now, most, asked) = <(Arc<AtomicUsize>, Arc<AtomicUsize>, AtomicUsize)>::default();
        let answers = answers(100, Duration::from_secs(60), |index| {
            asked.fetch_add(1, SeqCst);
            let (now, most) = (now.clone(), most.clone());
            async move {
                most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
                for _ in 0..index % 7 {
                    tokio::task::yield_now().await;
                }
                now.fetch_sub(1, SeqCst);
                index
            }
        });
        let answers = answers.await;
        assert_eq!(answers, (0..100).map(Some).collect::<Vec<_>>());
        assert_eq!(asked.into_inner(), 100);
        assert!((2..=IN_FLIGHT).contains(&most.load(SeqCst)));
    }

    #[tokio::test]
    async fn a_query_that_hangs_is_given_up_and_does_not_take_the_others_along() {
        let answers = answers(20, Duration::from_millis(200), |index| async move {
            if index % 2 == 1 {
                std::future::pending::<()>().await;
            }
            index
        });
        let answers = answers.await;
        assert!((0..20).step_by(2).all(|index| answers[index] == Some(index)));
        assert!((1..20).step_by(2).all(|index| answers[index].is_none()));
    }
}
