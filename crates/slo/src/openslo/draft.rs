//! Documents as read, before their references are resolved.

use super::model::{BudgetingMethod, DataSource, Metadata, Metric, Op, Service, TimeWindow};
use crate::decimal::Decimal;
use crate::period::Period;

/// Written in place, or the name of another document.
#[derive(Debug, Clone)]
pub(super) enum Source<T> {
    Inline(T),
    Named(String),
}

/// One document of any kind.
#[derive(Debug, Clone)]
pub(super) enum Document {
    Service(Service),
    DataSource(DataSource),
    Slo(SloDraft),
    Sli(SliDraft),
    AlertPolicy(PolicyDraft),
    AlertCondition(ConditionDraft),
    AlertNotificationTarget(TargetDraft),
}

#[derive(Debug, Clone)]
pub(super) struct SloDraft {
    pub(super) metadata: Metadata,
    pub(super) path: String,
    pub(super) service: String,
    pub(super) indicator: Option<Source<SliDraft>>,
    pub(super) window: TimeWindow,
    pub(super) method: BudgetingMethod,
    pub(super) objectives: Vec<ObjectiveDraft>,
    pub(super) policies: Vec<Source<PolicyDraft>>,
}

#[derive(Debug, Clone)]
pub(super) struct ObjectiveDraft {
    pub(super) path: String,
    pub(super) display_name: Option<String>,
    pub(super) target: Decimal,
    pub(super) op: Option<Op>,
    pub(super) value: Option<Decimal>,
    pub(super) slice_target: Option<Decimal>,
    pub(super) slice: Option<Period>,
    pub(super) indicator: Option<Source<SliDraft>>,
    pub(super) composite_weight: Decimal,
}

#[derive(Debug, Clone)]
pub(super) struct SliDraft {
    pub(super) metadata: Metadata,
    pub(super) metric: Metric,
    /// Field path and name of every data source used.
    pub(super) data_sources: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
pub(super) struct PolicyDraft {
    pub(super) metadata: Metadata,
    pub(super) path: String,
    pub(super) when_breaching: bool,
    pub(super) when_no_data: bool,
    pub(super) condition: Source<ConditionDraft>,
    pub(super) targets: Vec<Source<TargetDraft>>,
}

#[derive(Debug, Clone)]
pub(super) struct ConditionDraft {
    pub(super) metadata: Metadata,
    pub(super) severity: String,
    pub(super) op: Op,
    pub(super) threshold: Decimal,
    pub(super) lookback: Period,
    pub(super) alert_after: Option<Period>,
}

#[derive(Debug, Clone)]
pub(super) struct TargetDraft {
    pub(super) metadata: Metadata,
    pub(super) target: String,
}

impl Document {
    pub(super) fn kind_and_metadata(&self) -> (&'static str, &Metadata) {
        match self {
            Self::Service(document) => ("Service", &document.metadata),
            Self::DataSource(document) => ("DataSource", &document.metadata),
            Self::Slo(document) => ("SLO", &document.metadata),
            Self::Sli(document) => ("SLI", &document.metadata),
            Self::AlertPolicy(document) => ("AlertPolicy", &document.metadata),
            Self::AlertCondition(document) => ("AlertCondition", &document.metadata),
            Self::AlertNotificationTarget(document) => {
                ("AlertNotificationTarget", &document.metadata)
            }
        }
    }
}
