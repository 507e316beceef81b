//! Why a run cannot be started.

use super::profile::ProfileError;

/// A run that cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The profile is wrong.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// An option or a variable is wrong; the remedy is in the text.
    #[error("{0}")]
    Option(String),
}

/// The error about an option or a variable; `text` names it and says what to write instead.
pub(crate) fn refuse<T>(text: impl Into<String>) -> Result<T, PlanError> {
    Err(PlanError::Option(text.into()))
}
