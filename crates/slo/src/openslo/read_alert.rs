//! The three alert kinds: policy, condition, notification target.

use super::draft::{ConditionDraft, PolicyDraft, TargetDraft};
use super::model::Metadata;
use super::read_common::{described, op, source};
use crate::yaml::Fields;

pub(super) fn policy(metadata: Metadata, mut spec: Fields<'_>) -> Option<PolicyDraft> {
    let metadata = described(metadata, &mut spec);
    let path = spec.path.clone();
    let when_no_data = spec.flag("alertWhenNoData").unwrap_or(false);
    let breaching = spec.flag("alertWhenBreaching").unwrap_or(true);
    // Alertmanager decides about messages on recovery (`send_resolved`); the field is read so that
    // it may be written.
    spec.flag("alertWhenResolved");
    if !breaching && !when_no_data {
        spec.error(
            "alertWhenBreaching",
            "this policy never alerts",
            "set alertWhenBreaching: true or remove the policy",
        );
    }
    let mut conditions = spec.list("conditions");
    if conditions.len() != 1 && !spec.is_reported("conditions") {
        spec.error(
            "conditions",
            format!("has {} items", conditions.len()),
            "write exactly one condition",
        );
    }
    let targets = spec.list("notificationTargets");
    if targets.is_empty() && !spec.is_reported("notificationTargets") {
        spec.error("notificationTargets", "is empty", "name at least one target");
    }
    let sink = spec.sink;
    let targets = targets
        .into_iter()
        .filter_map(|(path, value)| {
            source(sink, &path, value, "targetRef", "AlertNotificationTarget", target)
        })
        .collect();
    let condition = conditions.pop().and_then(|(path, value)| {
        source(sink, &path, value, "conditionRef", "AlertCondition", condition)
    });
    spec.finish();
    Some(PolicyDraft {
        metadata,
        path,
        when_breaching: breaching,
        when_no_data,
        condition: condition?,
        targets,
    })
}

pub(super) fn condition(metadata: Metadata, mut spec: Fields<'_>) -> Option<ConditionDraft> {
    let metadata = described(metadata, &mut spec);
    let severity = spec.required_text("severity");
    let inner = spec.required_child("condition");
    spec.finish();
    let mut inner = inner?;
    match inner.required_text("kind").as_deref() {
        Some("burnrate") | None => {}
        Some(other) => inner.error("kind", format!("{other:?} is not supported"), "write burnrate"),
    }
    let op = op(&mut inner);
    if op.is_none() {
        inner.missing("op");
    }
    let threshold = inner.number("threshold");
    if threshold.is_none() {
        inner.missing("threshold");
    }
    let lookback = inner.period("lookbackWindow");
    if lookback.is_none() {
        inner.missing("lookbackWindow");
    }
    let alert_after = inner.period("alertAfter");
    inner.finish();
    Some(ConditionDraft {
        metadata,
        severity: severity?,
        op: op?,
        threshold: threshold?,
        lookback: lookback?,
        alert_after,
    })
}

pub(super) fn target(metadata: Metadata, mut spec: Fields<'_>) -> Option<TargetDraft> {
    let metadata = described(metadata, &mut spec);
    let target = spec.required_text("target");
    spec.finish();
    Some(TargetDraft { metadata, target: target? })
}
