//! Alerts of an objective: burn rate (page and ticket), budget exhausted, no data, and its alert
//! policies.

use std::collections::BTreeMap;

use super::events::{self, bad_and_total};
use super::part::{NOW, Part, alert_name};
use super::windows::{Pair, Urgency};
use super::{Name, Rule, budget, sli};
use crate::names::{label_name, pascal};
use crate::openslo::model::{AlertPolicy, BudgetingMethod, Metric};
use crate::period::Period;
use crate::promql::{seen, substitute};

/// After this time without a sample an objective is blind.
const NO_DATA_AFTER: Period = Period::minutes(30);
/// Where `runbook_url` points unless the SLO is annotated with [`RUNBOOK`]; `#` and the alert name
/// follow.
const RUNBOOKS: &str = "docs/reference/alerts.md";
/// Annotation of an SLO: the address of its runbook.
const RUNBOOK: &str = "tales.dev/runbook-url";

pub(super) fn rules(part: &Part<'_>) -> Vec<Rule> {
    let mut rules = Vec::new();
    for urgency in [Urgency::Page, Urgency::Ticket] {
        let pairs: Vec<_> =
            part.pairs().into_iter().filter(|pair| pair.urgency == urgency).collect();
        if !pairs.is_empty() {
            rules.push(burn(part, urgency, &pairs));
        }
    }
    rules.push(exhausted(part));
    rules.push(no_data(part));
    rules.extend(contradiction(part));
    rules.extend(part.slo.alert_policies.iter().flat_map(|policy| from_policy(part, policy)));
    rules
}

fn burn(part: &Part<'_>, urgency: Urgency, pairs: &[Pair]) -> Rule {
    let budget = part.objective.target.one_minus();
    let conditions: Vec<_> = pairs
        .iter()
        .map(|pair| {
            let over = |window| format!("{} > {} * {budget}", part.ratio(window), pair.factor);
            let burns = format!("{} and {}", over(pair.short), over(pair.long));
            match part.least_bad_events() {
                Some(least) => {
                    let events = part.series(&sli::bad_events_name(pair.long));
                    format!("{burns} and {events} >= {least}")
                }
                None => burns,
            }
        })
        .collect();
    let mut expr = format!("({})", conditions.join(") or ("));
    if part.slo.method == BudgetingMethod::Timeslices {
        // A slice is a state, not a draw: five minutes without a bad slice mean that it is over.
        expr = format!("({expr}) and {} > 0", part.ratio(NOW));
    }
    let title = title(part);
    let summary = match urgency {
        Urgency::Page => format!("{}: {title} burns its error budget fast", part.slo.service),
        Urgency::Ticket => format!("{}: {title} burns its error budget", part.slo.service),
    };
    let description = format!(
        "{{{{ $value | humanizePercentage }}}} bad, {} allowed.{}",
        allowed(part),
        worst(part, pairs)
    );
    alert(part, "", urgency.label(), expr, summary, description)
}

fn allowed(part: &Part<'_>) -> String {
    let percent = part.objective.target.one_minus().times_100();
    format!("{percent} % over {}", part.slo.window.duration)
}

/// The name for people, as text and not as a template.
fn title(part: &Part<'_>) -> String {
    literal(part.slo.metadata.title())
}

/// Text of the user inside a template of Prometheus: each brace becomes a template that yields it.
fn literal(text: &str) -> String {
    text.replace('{', "{{\"{\"}}")
}

/// Names the series of a threshold indicator that was worst in the window that was judged, so that
/// whoever is called knows which pod to look at. Only one that missed the threshold there.
fn worst(part: &Part<'_>, pairs: &[Pair]) -> String {
    let (Metric::Threshold(_), Some(threshold)) =
        (&part.objective.indicator.metric, part.objective.threshold)
    else {
        return String::new();
    };
    let (sort, extreme) = if threshold.op.high_is_bad() {
        ("sort_desc", "max_over_time")
    } else {
        ("sort", "min_over_time")
    };
    let window = pairs.iter().map(|pair| pair.short).max().unwrap_or(NOW);
    let range = part.range(window);
    format!(
        " {{{{ with query `{sort}({extreme}({}[{range}]) {} {})` }}}}{{{{ with first . }}}}Worst in {range}: \
         {{{{ or .Labels.pod .Labels.instance }}}} at {{{{ .Value | humanize }}}}, wanted {} {}.{{{{ end }}}}{{{{ end }}}}",
        part.series(sli::VALUE),
        threshold.op.negated().promql(),
        threshold.value,
        threshold.op.promql(),
        threshold.value
    )
}

fn exhausted(part: &Part<'_>) -> Rule {
    let expr = format!("{} <= 0", part.series(budget::REMAINING));
    let title = title(part);
    let summary = format!("{}: the error budget of {title} is spent", part.slo.service);
    let description =
        format!("{} was allowed; {{{{ $value | humanizePercentage }}}} is left.", allowed(part));
    alert(part, "BudgetExhausted", "ticket", expr, summary, description)
}

fn no_data(part: &Part<'_>) -> Rule {
    let (range, expr) = blind(part, NO_DATA_AFTER);
    let title = title(part);
    let summary = format!("{}: {title} has no data", part.slo.service);
    let description = format!("No sample for {range}: nobody knows whether the objective is met.");
    alert(part, "NoData", "ticket", expr, summary, description)
}

/// True when the rules have been loaded for a while and no sample came. The range takes the place
/// of `for`: it is never pending.
fn blind(part: &Part<'_>, after: Period) -> (Period, String) {
    let nominal = part.objective.slice.map_or(after, |slice| after.max(slice));
    let range = part.clock.range(nominal);
    let expr = format!(
        "{} offset {range} unless count_over_time({}[{range}])",
        part.series(budget::OBJECTIVE),
        part.series(sli::sample_name(part))
    );
    match idle(part, range) {
        Some(idle) => (range, format!("{expr} unless on () {idle}")),
        None => (range, expr),
    }
}

/// PromQL that yields something while nobody calls, though all is well: then there are no slices of
/// a ratio, quantiles are NaN, and so are raw ratios.
fn idle(part: &Part<'_>, range: Period) -> Option<String> {
    let metric = &part.objective.indicator.metric;
    let text = range.to_string();
    match metric {
        Metric::Good { .. } | Metric::Bad { .. } => {
            part.objective.slice?;
            let (_, total) = bad_and_total(metric, &text).ok().flatten()?;
            Some(total)
        }
        Metric::Threshold(query) => seen(&substitute(&query.text, &text)),
        Metric::Raw { ratio, .. } => seen(&sli::raw_ratio(part, ratio, &text).ok()?),
    }
}

/// Neither good nor bad can come of more good events than events: somebody has to know.
fn contradiction(part: &Part<'_>) -> Option<Rule> {
    let metric = &part.objective.indicator.metric;
    let range = part.range(NO_DATA_AFTER);
    let title = title(part);
    let summary = format!("{}: the indicator of {title} contradicts itself", part.slo.service);
    let (expr, hold, description) = match metric {
        Metric::Raw { ratio, .. } => {
            let ratio = sli::raw_ratio(part, ratio, &part.range(NOW).to_string()).ok()?;
            let description = "The ratio is {{ $value | humanize }}, and no ratio is outside of 0 to 1: \
                 neither its alerts nor its budget mean anything.";
            let expr = format!("{ratio} < -0.01 or {ratio} > 1.01");
            (expr, Some(part.clock.length(NOW)), description.to_owned())
        }
        metric => {
            let kind = if matches!(metric, Metric::Good { .. }) { "good" } else { "bad" };
            let description = format!(
                "More {kind} events than events for {range}: neither its alerts nor its budget mean anything."
            );
            (events::contradiction(metric, &range.to_string()).ok()??, None, description)
        }
    };
    let mut rule = alert(part, "Contradiction", "ticket", expr, summary, description);
    rule.hold = hold;
    Some(rule)
}

/// One rule for each thing that the policy alerts about: their values, and so their texts, differ.
fn from_policy(part: &Part<'_>, policy: &AlertPolicy) -> Vec<Rule> {
    let mut rules = Vec::new();
    if policy.when_breaching || !policy.when_no_data {
        rules.push(breach(part, policy));
    }
    if policy.when_no_data {
        rules.push(no_data_of_policy(part, policy));
    }
    for rule in &mut rules {
        let targets = literal(&policy.targets.join(","));
        rule.labels.insert("targets".to_owned(), targets);
    }
    rules
}

fn breach(part: &Part<'_>, policy: &AlertPolicy) -> Rule {
    let expr = format!(
        "{} / {} {} {}",
        part.ratio(policy.lookback),
        part.objective.target.one_minus(),
        policy.op.promql(),
        policy.threshold
    );
    let title = title(part);
    let summary = format!("{}: {title} broke the alert policy {}", part.slo.service, policy.name);
    let description = format!(
        "The burn rate over {} is {{{{ $value | humanize }}}}, the policy alerts when it is {} {}.",
        policy.lookback,
        policy.op.promql(),
        policy.threshold
    );
    let name = pascal(&policy.name);
    let mut rule = alert(part, &name, &policy.severity, expr, summary, description);
    rule.hold = policy.alert_after.map(|after| part.clock.length(after));
    rule
}

fn no_data_of_policy(part: &Part<'_>, policy: &AlertPolicy) -> Rule {
    let after = policy.alert_after.map_or(NO_DATA_AFTER, |after| after.max(NO_DATA_AFTER));
    let (range, expr) = blind(part, after);
    let title = title(part);
    let summary =
        format!("{}: {title} has no data for the alert policy {}", part.slo.service, policy.name);
    let description = format!("No sample for {range}: nobody knows the burn rate.");
    let name = format!("{}NoData", pascal(&policy.name));
    alert(part, &name, &policy.severity, expr, summary, description)
}

fn alert(
    part: &Part<'_>,
    suffix: &str,
    severity: &str,
    expr: String,
    summary: String,
    description: String,
) -> Rule {
    let name = format!("{}{suffix}", alert_name(part.slo));
    let custom = &part.slo.metadata.labels;
    let mut labels: BTreeMap<_, _> =
        custom.iter().map(|(key, value)| (label_name(key), literal(value))).collect();
    labels.extend(part.labels());
    labels.insert("severity".to_owned(), literal(severity));
    let runbook = match part.slo.metadata.annotations.get(RUNBOOK) {
        Some(url) => literal(url),
        None => format!("{RUNBOOKS}#{}", name.to_lowercase()),
    };
    Rule {
        name: Name::Alert(name),
        expr,
        hold: None,
        labels,
        annotations: BTreeMap::from([
            ("description", description),
            ("runbook_url", runbook),
            ("summary", summary),
        ]),
    }
}
