//! `kind: SLI`: a threshold metric or a ratio of events, each from one Prometheus query.

use super::draft::SliDraft;
use super::model::{Metadata, Metric};
use super::read_common::described;
use crate::promql::{self, Query, without_comments};
use crate::yaml::Fields;

/// The `spec` of an SLI, standing alone or inline.
pub(super) fn sli(metadata: Metadata, mut spec: Fields<'_>) -> Option<SliDraft> {
    let metadata = described(metadata, &mut spec);
    let mut data_sources = Vec::new();
    let threshold = spec.child("thresholdMetric");
    let ratio = spec.child("ratioMetric");
    let metric = match (threshold, ratio) {
        (Some(metric), None) => query(metric, false, &mut data_sources).map(Metric::Threshold),
        (None, Some(metric)) => ratio_metric(metric, &mut data_sources),
        // One of them is there and wrong, which was said.
        (None, None) if spec.has("thresholdMetric") || spec.has("ratioMetric") => None,
        _ => {
            spec.error(
                "thresholdMetric",
                "needs exactly one of thresholdMetric and ratioMetric",
                "keep one of the two",
            );
            None
        }
    };
    spec.finish();
    Some(SliDraft { metadata, metric: metric?, data_sources })
}

const PARTS: [&str; 4] = ["good", "bad", "total", "raw"];

fn ratio_metric(
    mut fields: Fields<'_>,
    data_sources: &mut Vec<(String, String)>,
) -> Option<Metric> {
    let counter = fields.flag("counter").unwrap_or(false);
    let good = fields.child("good");
    let bad = fields.child("bad");
    let total = fields.child("total");
    let raw = fields.child("raw");
    let raw_type = fields.text("rawType");
    let mut read = |fields| query(fields, counter, data_sources);
    let metric = match (good, bad, total, raw) {
        (Some(good), None, Some(total), None) => {
            let (good, total) = (read(good), read(total));
            good.zip(total).map(|(good, total)| Metric::Good { good, total })
        }
        (None, Some(bad), Some(total), None) => {
            let (bad, total) = (read(bad), read(total));
            bad.zip(total).map(|(bad, total)| Metric::Bad { bad, total })
        }
        (None, None, None, Some(raw)) => {
            let ratio = read(raw);
            let failure = match raw_type.as_deref() {
                Some("success") => Some(false),
                Some("failure") => Some(true),
                None if fields.is_reported("rawType") => None,
                _ => {
                    fields.error(
                        "rawType",
                        "must say what the raw ratio counts",
                        "write rawType: success or failure",
                    );
                    None
                }
            };
            ratio.zip(failure).map(|(ratio, failure)| Metric::Raw { ratio, failure })
        }
        _ if PARTS.iter().any(|part| fields.is_reported(part)) => None,
        _ => {
            fields.error(
                "total",
                "the parts do not make a ratio",
                "write good and total, or bad and total, or raw",
            );
            None
        }
    };
    if raw_type.is_some() && !matches!(metric, Some(Metric::Raw { .. }) | None) {
        fields.error("rawType", "belongs to raw", "remove it");
    }
    fields.finish();
    metric
}

fn query(
    mut fields: Fields<'_>,
    counter: bool,
    data_sources: &mut Vec<(String, String)>,
) -> Option<Query> {
    let source = fields.required_child("metricSource");
    fields.finish();
    let mut source = source?;
    let kind = source.text("type");
    if let Some(kind) = &kind
        && !kind.eq_ignore_ascii_case("prometheus")
    {
        source.error(
            "type",
            format!("{kind:?} is not supported"),
            "only Prometheus is queried: write type: Prometheus",
        );
    }
    if let Some(name) = source.text("metricSourceRef") {
        data_sources.push((source.field("metricSourceRef"), name));
    } else if !source.has("metricSourceRef") {
        source.missing_but("type", "add type: Prometheus or a metricSourceRef");
    }
    let spec = source.required_child("spec");
    source.finish();
    let mut spec = spec?;
    let text = spec.required_text("query").map(|text| without_comments(&text));
    if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
        spec.error("query", "is empty", "write a PromQL expression");
        return None;
    }
    if let Some(Err(why)) = text.as_deref().map(promql::check) {
        spec.error("query", why.message, why.remedy);
    }
    spec.finish();
    Some(Query { text: text?.trim().to_owned(), counter })
}
