//! Warnings about objectives that are valid and probably not what their author meant.

mod annotations;
mod bounds;
mod units;
mod versions;

use std::collections::BTreeMap;

use crate::calendar::{self, NoWindow};
use crate::clock::Clock;
use crate::compile::windows::{pairs, shortest_period};
use crate::compile::{Part, compile};
use crate::decimal::Decimal;
use crate::names::label_name;
use crate::nearest::nearest;
use crate::openslo::Catalogue;
use crate::openslo::model::{BudgetingMethod, Metric, Objective, Slo};
use crate::period::Period;
use crate::problem::Problem;
use crate::promql::{has_placeholder, selectors, windowed};
use crate::wilson::events_to_prove;
use bounds::whole_bounds;

/// Labels that the rules set themselves.
const RESERVED: [&str; 7] =
    ["namespace", "service", "slo", "objective", "severity", "alertname", "targets"];

/// Checks every objective. Findings are warnings, but for what the gate or `compile` refuses.
pub fn lint(catalogue: &Catalogue) -> Vec<Problem> {
    let mut found = Vec::new();
    for slo in &catalogue.slos {
        service(catalogue, slo, &mut found);
        annotations::check(slo, &mut found);
        window(slo, &mut found);
        calendar(slo, &mut found);
        labels(slo, &mut found);
        policies(slo, &mut found);
        for (index, objective) in slo.objectives.iter().enumerate() {
            let mut warn = |field: &str, message: String, remedy: &str| {
                let field = format!("SLO/{}: spec.objectives[{index}]{field}", slo.metadata.name);
                found.push(Problem::warning(&slo.metadata.file, field, message, remedy));
            };
            reachability(slo, objective, &mut warn);
            operator(objective, &mut warn);
            slices(objective, &mut warn);
            weight(objective, &mut warn);
            queries(objective, &mut warn);
            units::check(objective, &mut warn);
            versions::check(objective, &mut warn);
            found.extend(uncompilable(slo, objective));
        }
    }
    for problem in refused(catalogue) {
        if !found.contains(&problem) {
            found.push(problem);
        }
    }
    found
}

/// What `compile` refuses, but for calendar windows, which are the gate's.
fn refused(catalogue: &Catalogue) -> Vec<Problem> {
    let mut rolling = catalogue.clone();
    rolling.slos.retain(|slo| slo.window.calendar.is_none());
    compile(&rolling, Clock::Real).err().unwrap_or_default()
}

/// Checks that each objective has enough traffic to be judged: events per second by objective id
/// ([`Slo::objective_id`]), measured by the caller.
pub fn lint_traffic(
    catalogue: &Catalogue,
    events_per_second: &BTreeMap<String, f64>,
) -> Vec<Problem> {
    let mut found = Vec::new();
    for slo in &catalogue.slos {
        for objective in &slo.objectives {
            let Some(rate) = events_per_second.get(&slo.objective_id(objective)) else {
                continue;
            };
            let events = rate * slo.window.duration.as_secs_f64();
            let needed = events_to_prove(objective.target.to_f64());
            if slo.method == BudgetingMethod::Occurrences && events < needed {
                found.push(Problem::warning(
                    &slo.metadata.file,
                    format!("SLO/{}: spec.objectives", slo.metadata.name),
                    format!(
                        "{events:.0} events in {} cannot prove {}: that takes {needed:.0} without one error",
                        slo.window.duration, objective.target
                    ),
                    "lower the target, lengthen the window or use Timeslices",
                ));
            }
        }
    }
    found
}

/// A Service need not be declared; if some are, one that is not is probably a typo.
fn service(catalogue: &Catalogue, slo: &Slo, found: &mut Vec<Problem>) {
    let known = catalogue.services.keys().map(String::as_str);
    if catalogue.services.is_empty() || catalogue.services.contains_key(&slo.service) {
        return;
    }
    let remedy = match nearest(&slo.service, known) {
        Some(meant) => format!("write {meant}, or declare it"),
        None => format!("declare it: kind: Service, metadata.name: {}", slo.service),
    };
    found.push(Problem::warning(
        &slo.metadata.file,
        format!("SLO/{}: spec.service", slo.metadata.name),
        format!("names Service {:?}, which no file declares", slo.service),
        remedy,
    ));
}

fn window(slo: &Slo, found: &mut Vec<Problem>) {
    let period = slo.window.duration;
    let field = format!("SLO/{}: spec.timeWindow[0].duration", slo.metadata.name);
    if period < Period::days(1) && slo.window.calendar.is_some() {
        found.push(Problem::warning(
            &slo.metadata.file,
            field,
            format!("a calendar window of {period}; a lower-case m means minutes"),
            "write 1M for a month",
        ));
    } else if pairs(period).is_empty() {
        found.push(Problem::warning(
            &slo.metadata.file,
            field,
            format!("{period} is too short for burn-rate alerts"),
            format!("write at least {}; 28d is usual", shortest_period()),
        ));
    }
}

/// A zone or a date that does not exist: the gate would refuse them on the day it is asked.
fn calendar(slo: &Slo, found: &mut Vec<Problem>) {
    let Some(Err(why)) = slo.window.calendar.as_ref().map(calendar::check) else {
        return;
    };
    let (key, remedy) = match why {
        NoWindow::Zone(_) => ("timeZone", "write a name such as Europe/Vienna or UTC"),
        _ => ("startTime", "write a date that exists"),
    };
    found.push(Problem::error(
        &slo.metadata.file,
        format!("SLO/{}: spec.timeWindow[0].calendar.{key}", slo.metadata.name),
        why.to_string(),
        remedy,
    ));
}

fn labels(slo: &Slo, found: &mut Vec<Problem>) {
    let mut seen = BTreeMap::new();
    for key in slo.metadata.labels.keys() {
        let name = label_name(key);
        let clash = if RESERVED.contains(&name.as_str()) {
            Some("a label of the generated rules".to_owned())
        } else {
            seen.insert(name.clone(), key).map(|other| format!("the label {other}"))
        };
        if let Some(clash) = clash {
            found.push(Problem::warning(
                &slo.metadata.file,
                format!("SLO/{}: metadata.labels.{key}", slo.metadata.name),
                format!("becomes {name} in Prometheus, which collides with {clash}"),
                "rename the label",
            ));
        }
    }
}

fn policies(slo: &Slo, found: &mut Vec<Problem>) {
    for policy in slo.alert_policies.iter().filter(|policy| policy.op.high_is_bad()) {
        found.push(Problem::warning(
            &slo.metadata.file,
            format!("AlertPolicy/{}: condition.op", policy.name),
            "alerts when the budget burns slowly, not fast",
            "write gt or gte",
        ));
    }
}

type Warn<'a> = dyn FnMut(&str, String, &str) + 'a;

fn reachability(slo: &Slo, objective: &Objective, warn: &mut Warn<'_>) {
    for pair in pairs(slo.window.duration) {
        let threshold = pair.threshold(objective.target);
        if threshold >= 1.0 {
            warn(
                ".target",
                format!(
                    "the {} alert over {} and {} can never fire: {} times the budget is {:.0} % errors",
                    pair.urgency.label(),
                    pair.short,
                    pair.long,
                    pair.factor,
                    threshold * 100.0
                ),
                "raise the target or rely on the slower alerts",
            );
        }
    }
}

fn operator(objective: &Objective, warn: &mut Warn<'_>) {
    match objective.stray[..] {
        [] => {}
        [one] => {
            let remedy = if one == "op" { "remove op" } else { "remove value" };
            warn(&format!(".{one}"), format!("{one} means nothing on a ratio"), remedy);
        }
        _ => warn(
            ".op",
            "op and value mean nothing on a ratio".to_owned(),
            "remove both: remove op, and remove value",
        ),
    }
}

fn slices(objective: &Objective, warn: &mut Warn<'_>) {
    let longest = Period::minutes(5);
    if let Some(slice) = objective.slice.filter(|slice| *slice > longest) {
        warn(
            ".timeSliceWindow",
            format!(
                "the alert windows of {longest} hold no whole slice of {slice}; they are stretched to one slice"
            ),
            "write 5m or less",
        );
    }
}

fn weight(objective: &Objective, warn: &mut Warn<'_>) {
    if objective.composite_weight != Decimal::ONE {
        warn(
            ".compositeWeight",
            "weights are not used: every objective is judged by itself, and the worst decides"
                .to_owned(),
            "remove it",
        );
    }
}

/// Queries without a place for the window. `compile` stops at the first one of an SLO, and at none
/// if it has a calendar.
fn uncompilable(slo: &Slo, objective: &Objective) -> Vec<Problem> {
    let metric = &objective.indicator.metric;
    let part = Part { slo, objective, clock: Clock::Real };
    let queries = metric.parts().into_iter();
    let queries = queries.filter(|(_, query)| match metric {
        Metric::Raw { .. } => query.counter || has_placeholder(&query.text),
        metric => metric.has_events(),
    });
    let failed = queries.filter_map(|(name, query)| Some((name, windowed(query, "5m").err()?)));
    failed.map(|(name, why)| part.refuse_part(name, why)).collect()
}

fn queries(objective: &Objective, warn: &mut Warn<'_>) {
    if let Metric::Good { good: part, total } | Metric::Bad { bad: part, total } =
        &objective.indicator.metric
        && part == total
    {
        warn(
            "",
            "both queries of the ratio are the same".to_owned(),
            "select the good or bad events in one of them",
        );
    }
    let has_events = objective.indicator.metric.has_events();
    for query in objective.indicator.metric.queries() {
        if has_events && !query.counter && !has_placeholder(&query.text) {
            warn(
                "",
                format!("{:?} is read as a gauge and averaged", query.text),
                "write counter: true or put {{.window}} where the range belongs",
            );
        }
        let selected = selectors(&query.text);
        for found in selected.iter().flat_map(|selector| whole_bounds(selector)) {
            warn("", found.message(), &found.remedy());
        }
    }
}

#[cfg(test)]
mod tests;
