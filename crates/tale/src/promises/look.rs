//! What one look at a promise saw.

use slo::gate::Verdict;

use crate::prometheus::QueryFailed;

/// What one look saw.
pub(super) struct Look {
    /// Whether the promise holds, as far as could be seen.
    pub(super) answer: Answer,
    /// What was seen, for people.
    pub(super) observed: String,
    /// What the gate said, if it was asked.
    pub(super) verdict: Option<Verdict>,
}

/// Whether a promise holds, as far as could be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It does.
    Holds,
    /// It does not, so far.
    NotYet,
    /// Nobody can say now; asking again may help.
    Unknown,
    /// Nobody can say, and asking again will not help.
    Hopeless,
}

impl Look {
    pub(super) fn holds(observed: impl Into<String>) -> Self {
        Self::new(Answer::Holds, observed)
    }

    pub(super) fn not_yet(observed: impl Into<String>) -> Self {
        Self::new(Answer::NotYet, observed)
    }

    pub(super) fn unknown(why: impl Into<String>) -> Self {
        Self::new(Answer::Unknown, why)
    }

    pub(super) fn hopeless(why: impl Into<String>) -> Self {
        Self::new(Answer::Hopeless, why)
    }

    fn new(answer: Answer, observed: impl Into<String>) -> Self {
        Self { answer, observed: observed.into(), verdict: None }
    }
}

impl From<QueryFailed> for Look {
    fn from(why: QueryFailed) -> Self {
        match why {
            QueryFailed::Refused(_) => Self::hopeless(why.to_string()),
            QueryFailed::Unreachable(_) => Self::unknown(why.to_string()),
        }
    }
}
