//! What can go wrong in a cluster; each message ends with what to do.

use stage::StageError;

use crate::api::ApiError;

/// A cluster could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The API server did not answer, or refused.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The kubeconfig cannot be used.
    #[error("no way to a cluster: {0}; choose a context with --context, or set KUBECONFIG")]
    Connect(String),
    /// An object of that name belongs to somebody else.
    #[error(
        "{object} is there already and is not this stage's; play in another namespace with --namespace, or remove it yourself"
    )]
    Foreign {
        /// `Kind/name`.
        object: String,
    },
    /// A document cannot be played in a cluster.
    #[error("{file}: {object}: {reason}; {remedy}")]
    Document {
        /// The file.
        file: String,
        /// `Kind/name`.
        object: String,
        /// What is wrong.
        reason: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// The cluster lacks what a play needs.
    #[error("{what}; {remedy}")]
    Missing {
        /// What is missing.
        what: String,
        /// What to do about it.
        remedy: String,
    },
    /// A pod does not come up.
    #[error("{pod}: {reason}; {remedy}")]
    Pod {
        /// `pod NAME`.
        pod: String,
        /// What was seen.
        reason: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// Something took longer than it may.
    #[error(
        "{what} not within {seconds} s: {seen}; `tale doctor --on cluster` looks for the reason"
    )]
    Late {
        /// What was awaited.
        what: String,
        /// The time-out.
        seconds: u64,
        /// What was seen last.
        seen: String,
    },
}

impl From<ClusterError> for StageError {
    fn from(error: ClusterError) -> Self {
        Self::Other(Box::new(error))
    }
}

impl From<ApiError> for StageError {
    fn from(error: ApiError) -> Self {
        ClusterError::from(error).into()
    }
}
