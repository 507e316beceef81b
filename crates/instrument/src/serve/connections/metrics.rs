//! What is counted about connections. How many are open, the kernel says (`sockets.rs`); how many
//! failed, `failures.rs`.

use prometheus::{
    IntCounter, IntCounterVec, Registry, register_int_counter_vec_with_registry,
    register_int_gauge_with_registry,
};

use super::limits::Limits;

/// Connections refused, or ended by the service, by `reason`. Read next to those that are open: an
/// attack shows here, and nowhere else if all is well.
pub(super) const CONNECTIONS_REJECTED_TOTAL: &str = "rocket_connections_rejected_total";
/// Connections that may be open at a time, unless they are `vulnerable`. Read as the ceiling of
/// those that are.
pub(super) const CONNECTIONS_MAX: &str = "rocket_connections_max";

/// Why a connection was refused, or ended before its client hung up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// All connections were taken, and all of them by requests.
    TooMany,
    /// Those of its address were.
    TooManyFromAddress,
    /// It asked nothing, and had to make room for a new one.
    MadeRoom,
    /// It was idle for too long.
    Idle,
    /// The head of a request did not end.
    SlowHead,
    /// A body did not end.
    SlowBody,
    /// A body was longer than any may be.
    LongBody,
    /// All bodies together were.
    ManyBodies,
    /// An answer took too long, or its client too long to read it.
    SlowAnswer,
    /// The client took nothing of what was to be sent.
    SlowReader,
}

impl Reason {
    pub(super) const ALL: [Self; 10] = [
        Self::TooMany,
        Self::TooManyFromAddress,
        Self::MadeRoom,
        Self::Idle,
        Self::SlowHead,
        Self::SlowBody,
        Self::LongBody,
        Self::ManyBodies,
        Self::SlowAnswer,
        Self::SlowReader,
    ];

    /// The value of the label `reason`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::TooMany => "too_many",
            Self::TooManyFromAddress => "too_many_from_address",
            Self::MadeRoom => "made_room",
            Self::Idle => "idle",
            Self::SlowHead => "slow_head",
            Self::SlowBody => "slow_body",
            Self::LongBody => "long_body",
            Self::ManyBodies => "many_bodies",
            Self::SlowAnswer => "slow_answer",
            Self::SlowReader => "slow_reader",
        }
    }
}

/// Handles to the metrics.
#[derive(Clone)]
pub(super) struct Metrics {
    rejected: IntCounterVec,
}

impl Metrics {
    /// Creates the metrics, all series at 0.
    pub(super) fn register(
        registry: &Registry,
        limits: &Limits,
    ) -> Result<Self, prometheus::Error> {
        let help = "Connections that may be open at a time.";
        let most = register_int_gauge_with_registry!(CONNECTIONS_MAX, help, registry)?;
        most.set(i64::try_from(limits.connections).unwrap_or(i64::MAX));
        let help = "Connections refused or ended by the service, by reason.";
        let rejected = register_int_counter_vec_with_registry!(
            CONNECTIONS_REJECTED_TOTAL,
            help,
            &["reason"],
            registry
        )?;
        let metrics = Self { rejected };
        for reason in Reason::ALL {
            metrics.rejected(reason);
        }
        Ok(metrics)
    }

    /// The counter of a reason.
    pub(super) fn rejected(&self, reason: Reason) -> IntCounter {
        self.rejected.with_label_values(&[reason.as_str()])
    }
}
