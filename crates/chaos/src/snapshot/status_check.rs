//! How a StatusCheck is doing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::condition::Condition;

/// How a StatusCheck is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StatusCheckStatus {
    /// Completed, DurationExceed, FailureThresholdExceed, SuccessThresholdExceed.
    pub conditions: Vec<Condition>,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Timestamp>,
    /// When it was complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion_time: Option<Timestamp>,
    /// Answers so far.
    pub count: u64,
    /// The latest of them, oldest first.
    pub records: Vec<CheckRecord>,
}

/// One answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckRecord {
    /// When the question was asked.
    pub start_time: Timestamp,
    /// Was it good?
    pub outcome: CheckOutcome,
}

/// Was an answer good?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckOutcome {
    /// Yes.
    Success,
    /// No, or there was none.
    Failure,
}
