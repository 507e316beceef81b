//! `kind: SLO`: budgeting method and objectives, with the rules that tie them together.

use super::draft::{ObjectiveDraft, SliDraft, SloDraft, Source};
use super::model::{BudgetingMethod, Metadata, Metric};
use super::read_alert::policy;
use super::read_common::{described, metadata, op, source};
use super::read_sli;
use super::read_window::window;
use crate::decimal::Decimal;
use crate::yaml::Fields;

/// The `spec` of an SLO.
pub(super) fn slo(metadata: Metadata, path: String, mut spec: Fields<'_>) -> Option<SloDraft> {
    let metadata = described(metadata, &mut spec);
    let service = spec.required_text("service");
    let shares = spec.has("indicator") || spec.has("indicatorRef");
    let indicator = indicator(&mut spec);
    let window = window(&mut spec);
    let method = method(&mut spec);
    let items = spec.list("objectives");
    if items.is_empty() && !spec.is_reported("objectives") {
        spec.error("objectives", "is empty", "write at least one objective");
    }
    let shared = Shared { is_written: shares, indicator: indicator.as_ref() };
    let objectives: Vec<_> = items
        .into_iter()
        .map(|(path, value)| objective(Fields::new(spec.sink, &path, value)?, method?, &shared))
        .collect();
    let sink = spec.sink;
    let policies = spec
        .list("alertPolicies")
        .into_iter()
        .map(|(path, value)| source(sink, &path, value, "alertPolicyRef", "AlertPolicy", policy))
        .collect::<Vec<_>>();
    spec.finish();
    Some(SloDraft {
        metadata,
        path,
        service: service?,
        indicator,
        window: window?,
        method: method?,
        objectives: objectives.into_iter().collect::<Option<_>>()?,
        policies: policies.into_iter().collect::<Option<_>>()?,
    })
}

/// `indicator` or `indicatorRef`. Both are a problem; whether one is needed, the caller knows.
fn indicator(fields: &mut Fields<'_>) -> Option<Source<SliDraft>> {
    let named = fields.text("indicatorRef");
    let inline = fields.child("indicator");
    if named.is_some() && inline.is_some() {
        fields.error("indicator", "stands beside indicatorRef", "keep one of the two");
    }
    if let Some(mut inline) = inline {
        let metadata = metadata(&mut inline);
        let spec = inline.required_child("spec");
        inline.finish();
        return read_sli::sli(metadata?, spec?).map(Source::Inline);
    }
    named.map(Source::Named)
}

fn method(spec: &mut Fields<'_>) -> Option<BudgetingMethod> {
    match spec.required_text("budgetingMethod")?.as_str() {
        "Occurrences" => Some(BudgetingMethod::Occurrences),
        "Timeslices" => Some(BudgetingMethod::Timeslices),
        "RatioTimeslices" => Some(BudgetingMethod::RatioTimeslices),
        other => {
            spec.error(
                "budgetingMethod",
                format!("{other:?} is not a method"),
                "write Occurrences, Timeslices or RatioTimeslices",
            );
            None
        }
    }
}

/// The indicator of all objectives, and whether there was one to read.
struct Shared<'a> {
    is_written: bool,
    indicator: Option<&'a Source<SliDraft>>,
}

fn objective(
    mut fields: Fields<'_>,
    method: BudgetingMethod,
    shared: &Shared<'_>,
) -> Option<ObjectiveDraft> {
    let display_name = fields.text("displayName");
    let op = op(&mut fields);
    let value = fields.number("value");
    let target = target(&mut fields);
    let slice_target = fields.number("timeSliceTarget");
    let slice = fields.period("timeSliceWindow");
    let has_own = fields.has("indicator") || fields.has("indicatorRef");
    let own = indicator(&mut fields);
    let weight = fields.number("compositeWeight").unwrap_or(Decimal::ONE);
    if weight.to_f64() <= 0.0 {
        fields.error("compositeWeight", "is not above 0", "write a positive weight");
    }
    if shared.is_written == has_own {
        fields.error(
            "indicator",
            "the objective needs exactly one indicator",
            "write it in spec or in every objective, not in both",
        );
    }
    // The threshold rules of OpenSLO apply to inline indicators; a reference is checked once it is
    // resolved.
    let is_threshold = match own.as_ref().or(shared.indicator) {
        Some(Source::Inline(sli)) => matches!(sli.metric, Metric::Threshold(_)),
        _ => true,
    };
    slice_rules(&fields, method, slice_target, slice.is_some(), is_threshold);
    let path = fields.path.clone();
    fields.finish();
    Some(ObjectiveDraft {
        path,
        display_name,
        target: target?,
        op,
        value,
        slice_target,
        slice,
        indicator: own,
        composite_weight: weight,
    })
}

fn target(fields: &mut Fields<'_>) -> Option<Decimal> {
    let ratio = fields.number("target");
    let percent = fields.number("targetPercent").map(Decimal::percent);
    if fields.is_reported("target") || fields.is_reported("targetPercent") {
        return None;
    }
    if ratio.is_some() == percent.is_some() {
        fields.error(
            "target",
            "needs exactly one of target and targetPercent",
            "write target: 0.99 or targetPercent: 99",
        );
    }
    let target = ratio.or(percent)?;
    if !(0.0..1.0).contains(&target.to_f64()) {
        fields.error(
            "target",
            format!("{target} is not in [0, 1)"),
            "leave room for an error budget, such as 0.999",
        );
        return None;
    }
    Some(target)
}

fn slice_rules(
    fields: &Fields<'_>,
    method: BudgetingMethod,
    slice_target: Option<Decimal>,
    has_slice: bool,
    is_threshold: bool,
) {
    let sliced = method != BudgetingMethod::Occurrences;
    if sliced != has_slice && !fields.is_reported("timeSliceWindow") {
        let (message, remedy) = if sliced {
            ("is missing", "add the length of a slice, such as 1m")
        } else {
            ("belongs to time slices", "remove it or choose budgetingMethod: Timeslices")
        };
        fields.error("timeSliceWindow", message, remedy);
    }
    match (method, slice_target) {
        // A slice of a threshold indicator is good or bad as a whole, so a share of good events has
        // no meaning there.
        (BudgetingMethod::Timeslices, None) if !is_threshold && !fields.has("timeSliceTarget") => {
            fields.error(
                "timeSliceTarget",
                "is missing",
                "add the ratio that makes a slice good, such as 0.95",
            );
        }
        (BudgetingMethod::Timeslices, Some(share))
            if share.to_f64() <= 0.0 || share > Decimal::ONE =>
        {
            fields.error(
                "timeSliceTarget",
                format!("{share} is not in (0, 1]"),
                "write a ratio such as 0.95",
            );
        }
        (BudgetingMethod::Occurrences | BudgetingMethod::RatioTimeslices, Some(_)) => {
            fields.error("timeSliceTarget", "belongs to Timeslices", "remove it");
        }
        _ => {}
    }
}
