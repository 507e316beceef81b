//! Which targets may be under a fault, kept in step with the journal on disk.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::action::{Action, Outcome, Place};
use super::journal::{Journal, JournalEntry};
use crate::snapshot::Operation;

/// The journal, and its number of every target that may be under a fault.
pub(super) struct OpenFaults {
    journal: Arc<Mutex<Journal>>,
    numbers: BTreeMap<Place, u64>,
}

impl OpenFaults {
    pub(super) fn new(journal: Journal) -> Self {
        Self { journal: Arc::new(Mutex::new(journal)), numbers: BTreeMap::new() }
    }

    /// What an earlier process left behind, by number.
    pub(super) fn of_earlier_process(&self) -> BTreeMap<u64, JournalEntry> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).open_entries().clone()
    }

    /// Is the target of this action in the journal?
    pub(super) fn contains(&self, action: &Action) -> bool {
        self.numbers.contains_key(&action.place())
    }

    /// Writes down what is about to be injected.
    pub(super) async fn begin(&mut self, actions: &[Action]) {
        let fresh: Vec<&Action> = actions
            .iter()
            .filter(|action| action.operation == Operation::Apply && !self.contains(action))
            .collect();
        if fresh.is_empty() {
            return;
        }
        let places: Vec<Place> = fresh.iter().map(|action| action.place()).collect();
        let entries = fresh.iter().map(|action| action.journal_entry()).collect();
        match self.with_journal(|journal| journal.begin(entries)).await {
            Ok(numbers) => self.numbers.extend(places.into_iter().zip(numbers)),
            Err(error) => tracing::error!(%error, "journal not written, so nothing is injected"),
        }
    }

    /// Writes down which faults are gone.
    pub(super) async fn end(&mut self, outcomes: &[(Action, Outcome)]) {
        let gone: Vec<u64> = outcomes
            .iter()
            .filter(|(action, outcome)| action.leaves_no_fault(outcome))
            .filter_map(|(action, _)| self.numbers.remove(&action.place()))
            .collect();
        if !gone.is_empty() {
            self.end_numbers(gone).await;
        }
    }

    /// Writes down that the faults with these numbers are gone.
    pub(super) async fn end_numbers(&self, numbers: Vec<u64>) {
        if let Err(error) = self.with_journal(move |journal| journal.end(&numbers)).await {
            tracing::warn!(%error, "journal not written; the next start will recover once more");
        }
    }

    /// Runs `work` on a thread that may wait for the disk.
    async fn with_journal<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Journal) -> std::io::Result<T> + Send + 'static,
    ) -> std::io::Result<T> {
        let journal = self.journal.clone();
        let written = tokio::task::spawn_blocking(move || {
            work(&mut journal.lock().unwrap_or_else(PoisonError::into_inner))
        });
        written.await.map_err(std::io::Error::other)?
    }
}
