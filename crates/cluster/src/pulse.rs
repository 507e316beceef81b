//! Whether the cluster still answers: one answer that is missing means nothing, none for seconds
//! means that nobody can judge any more.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long something may be silent before it counts as dead.
const PATIENCE: Duration = Duration::from_secs(7);

/// Since when something is unwell, and why.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    unwell: Mutex<Option<(Instant, String)>>,
}

impl Pulse {
    /// It is well.
    pub(crate) fn well(&self) {
        *self.lock() = None;
    }

    /// It is unwell; the sentence when that has lasted, or is for good.
    pub(crate) fn unwell(&self, why: String, for_good: bool) -> Option<String> {
        let mut unwell = self.lock();
        let since = unwell.as_ref().map_or_else(Instant::now, |(since, _)| *since);
        *unwell = Some((since, why.clone()));
        let lasted = since.elapsed();
        (for_good || lasted >= PATIENCE)
            .then(|| if for_good { why } else { format!("for {} s: {why}", lasted.as_secs()) })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(Instant, String)>> {
        self.unwell.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_missing_answer_is_no_death_and_a_refusal_for_good_is_one() {
        let pulse = Pulse::default();
        assert_eq!(pulse.unwell("late".to_owned(), false), None);
        pulse.well();
        assert_eq!(pulse.unwell("401".to_owned(), true), Some("401".to_owned()));
    }
}
