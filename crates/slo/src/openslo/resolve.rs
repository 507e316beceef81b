//! Replaces references by what they name, across files, and applies the rules that need both sides.

use std::collections::BTreeMap;

use super::draft::{
    ConditionDraft, Document, ObjectiveDraft, PolicyDraft, SliDraft, SloDraft, Source, TargetDraft,
};
use super::model::{
    AlertPolicy, BudgetingMethod, DataSource, Indicator, Metric, Objective, Service, Slo, Threshold,
};
use crate::names::slug;
use crate::problem::Problem;

/// All documents by kind and name.
#[derive(Default)]
pub(super) struct Index {
    pub(super) services: BTreeMap<String, Service>,
    pub(super) data_sources: BTreeMap<String, DataSource>,
    slos: Vec<SloDraft>,
    slis: BTreeMap<String, SliDraft>,
    policies: BTreeMap<String, PolicyDraft>,
    conditions: BTreeMap<String, ConditionDraft>,
    targets: BTreeMap<String, TargetDraft>,
}

impl Index {
    /// Sorts documents into kinds. Names are unique already: the caller checked.
    pub(super) fn new(documents: Vec<Document>) -> Self {
        let mut index = Self::default();
        for document in documents {
            let name = document.kind_and_metadata().1.name.clone();
            match document {
                Document::Service(it) => drop(index.services.insert(name, it)),
                Document::DataSource(it) => drop(index.data_sources.insert(name, it)),
                Document::Sli(it) => drop(index.slis.insert(name, it)),
                Document::AlertPolicy(it) => drop(index.policies.insert(name, it)),
                Document::AlertCondition(it) => drop(index.conditions.insert(name, it)),
                Document::AlertNotificationTarget(it) => drop(index.targets.insert(name, it)),
                Document::Slo(it) => index.slos.push(it),
            }
        }
        index
    }

    /// Every SLO with its references resolved, in the order of the files.
    pub(super) fn resolve(&self, problems: &mut Vec<Problem>) -> Vec<Slo> {
        for sli in self.slis.values() {
            self.check_data_sources(sli, &sli.metadata.file, problems);
        }
        for policy in self.policies.values() {
            self.policy(policy, &policy.metadata.file, problems);
        }
        self.slos.iter().filter_map(|draft| self.slo(draft, problems)).collect()
    }

    fn slo(&self, draft: &SloDraft, problems: &mut Vec<Problem>) -> Option<Slo> {
        // Nothing of a Service is needed, so its document may be missing; lint looks for typos.
        let file = &draft.metadata.file;
        let objectives: Vec<_> = draft
            .objectives
            .iter()
            .enumerate()
            .map(|(index, objective)| self.objective(draft, index, objective, problems))
            .collect();
        let policies: Vec<_> = draft
            .policies
            .iter()
            .map(|source| {
                let field = format!("{}spec.alertPolicies", draft.path);
                let policy = find(source, &self.policies, file, field, "AlertPolicy", problems)?;
                self.policy(policy, file, problems)
            })
            .collect();
        let objectives: Vec<Objective> = objectives.into_iter().collect::<Option<_>>()?;
        for (index, objective) in objectives.iter().enumerate() {
            if objectives[..index].iter().any(|other| other.id == objective.id) {
                problems.push(Problem::error(
                    file,
                    &draft.objectives[index].path,
                    format!("a second objective is called {:?}", objective.id),
                    "give each objective its own displayName",
                ));
            }
        }
        Some(Slo {
            metadata: draft.metadata.clone(),
            service: draft.service.clone(),
            window: draft.window.clone(),
            method: draft.method,
            objectives,
            alert_policies: policies.into_iter().collect::<Option<_>>()?,
            composite: draft.indicator.is_none(),
        })
    }

    fn objective(
        &self,
        slo: &SloDraft,
        index: usize,
        draft: &ObjectiveDraft,
        problems: &mut Vec<Problem>,
    ) -> Option<Objective> {
        let file = &slo.metadata.file;
        let (source, field) = match (&draft.indicator, &slo.indicator) {
            (Some(own), _) => (own, format!("{}.indicatorRef", draft.path)),
            (None, Some(shared)) => (shared, format!("{}spec.indicatorRef", slo.path)),
            (None, None) => return None,
        };
        let sli = find(source, &self.slis, file, field, "SLI", problems)?;
        if matches!(source, Source::Inline(_)) {
            self.check_data_sources(sli, file, problems);
        }
        let threshold = threshold(slo, draft, sli, problems);
        let is_threshold = matches!(sli.metric, Metric::Threshold(_));
        let name = draft.display_name.as_deref().map(slug).filter(|slug| !slug.is_empty());
        Some(Objective {
            id: name.unwrap_or_else(|| format!("objective-{}", index + 1)),
            display_name: draft.display_name.clone(),
            target: draft.target,
            threshold,
            stray: if is_threshold { Vec::new() } else { stray(draft) },
            slice_target: draft.slice_target,
            slice: draft.slice,
            indicator: Indicator {
                name: Some(sli.metadata.name.clone()),
                metric: sli.metric.clone(),
            },
            composite_weight: draft.composite_weight,
        })
    }

    fn check_data_sources(&self, sli: &SliDraft, file: &str, problems: &mut Vec<Problem>) {
        for (field, name) in &sli.data_sources {
            match self.data_sources.get(name) {
                None => problems.push(unresolved(file, field.clone(), "DataSource", name)),
                Some(source) if source.kind != "prometheus" => problems.push(Problem::error(
                    file,
                    field,
                    format!("data source {name} is a {}", source.kind),
                    "only Prometheus is queried: name a data source of type Prometheus",
                )),
                Some(_) => {}
            }
        }
    }

    fn policy(
        &self,
        draft: &PolicyDraft,
        file: &str,
        problems: &mut Vec<Problem>,
    ) -> Option<AlertPolicy> {
        let condition_field = format!("{}.conditions[0].conditionRef", draft.path);
        let condition = find(
            &draft.condition,
            &self.conditions,
            file,
            condition_field,
            "AlertCondition",
            problems,
        );
        let targets: Vec<_> = draft
            .targets
            .iter()
            .map(|source| {
                let field = format!("{}.notificationTargets", draft.path);
                let target =
                    find(source, &self.targets, file, field, "AlertNotificationTarget", problems)?;
                Some(target.target.clone())
            })
            .collect();
        let condition = condition?;
        Some(AlertPolicy {
            name: draft.metadata.name.clone(),
            severity: condition.severity.clone(),
            op: condition.op,
            threshold: condition.threshold,
            lookback: condition.lookback,
            alert_after: condition.alert_after,
            when_breaching: draft.when_breaching,
            when_no_data: draft.when_no_data,
            targets: targets.into_iter().collect::<Option<_>>()?,
        })
    }
}

/// What means nothing on a ratio.
fn stray(draft: &ObjectiveDraft) -> Vec<&'static str> {
    let op = draft.op.map(|_| "op");
    op.into_iter().chain(draft.value.map(|_| "value")).collect()
}

/// What makes a sample good; none on a ratio.
fn threshold(
    slo: &SloDraft,
    draft: &ObjectiveDraft,
    sli: &SliDraft,
    problems: &mut Vec<Problem>,
) -> Option<Threshold> {
    let mut refuse = |field: &str, message: &str, remedy: &str| {
        let field = format!("{}.{field}", draft.path);
        problems.push(Problem::error(&slo.metadata.file, field, message, remedy));
    };
    if !matches!(sli.metric, Metric::Threshold(_)) {
        if slo.method == BudgetingMethod::Timeslices && draft.slice_target.is_none() {
            let remedy = "add the ratio that makes a slice good, such as 0.95";
            refuse("timeSliceTarget", "is missing", remedy);
        }
        return None;
    }
    match (draft.op, draft.value) {
        (Some(_), Some(_)) => {}
        (Some(_), None) => {
            refuse("value", "is missing: op compares with it", "add value: <the limit>");
        }
        (None, Some(_)) => {
            refuse("op", "is missing: it says how to compare with value", "add op: lte");
        }
        (None, None) => refuse(
            "op",
            "a threshold indicator needs op and value",
            "add op: lte and value: <the limit>",
        ),
    }
    if slo.method == BudgetingMethod::RatioTimeslices {
        refuse(
            "timeSliceWindow",
            "a threshold has no ratio to average",
            "choose budgetingMethod: Timeslices",
        );
    }
    draft.op.zip(draft.value).map(|(op, value)| Threshold { op, value })
}

fn find<'a, T>(
    source: &'a Source<T>,
    known: &'a BTreeMap<String, T>,
    file: &str,
    field: String,
    kind: &str,
    problems: &mut Vec<Problem>,
) -> Option<&'a T> {
    match source {
        Source::Inline(it) => Some(it),
        Source::Named(name) => {
            let found = known.get(name);
            if found.is_none() {
                problems.push(unresolved(file, field, kind, name));
            }
            found
        }
    }
}

fn unresolved(file: &str, field: String, kind: &str, name: &str) -> Problem {
    Problem::error(
        file,
        field,
        format!("names {kind} {name:?}, which no file declares"),
        format!("declare it, or pass the file that holds kind: {kind}, metadata.name: {name}"),
    )
}
