//! Waiting for what nobody announces: look again and again, up to a deadline.

use std::time::Duration;

/// The longest wait for anything that has no bound of its own. Generous, because the machine may be
/// busy: only a test that fails waits this long.
pub const SOON: Duration = Duration::from_secs(300);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Looks until there is something; `what` is for the message.
///
/// # Panics
/// There is nothing after [`SOON`].
pub async fn eventually<T>(what: &str, attempt: impl AsyncFnMut() -> Option<T>) -> T {
    let found = tokio::time::timeout(SOON, until(attempt)).await;
    found.unwrap_or_else(|_| panic!("never seen: {what}"))
}

/// The same without a deadline: for callers with one of their own.
pub async fn until<T>(mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    loop {
        if let Some(found) = attempt().await {
            return found;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
