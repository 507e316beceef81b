//! JUnit XML: red exactly where the gate is, because CI systems look at nothing else.

use std::collections::{BTreeMap, BTreeSet};

use junit::{Case, Details, Outcome as Result, Report, Suite};

use super::{name, score};
use crate::gate::verdict::{Judgement, Outcome, Verdict};

impl Verdict {
    /// JUnit: a suite per service with a test case per objective, and one for a total score. A
    /// query that failed is an error; what is inconclusive otherwise, or for information only, is
    /// skipped; a warning passes with output.
    pub fn to_junit(&self) -> String {
        let mut suites: BTreeMap<&str, Vec<Case>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for judgement in &self.objectives {
            let mut case = objective(judgement);
            let name = case.name.clone();
            let mut number = 1;
            // CI systems drop a second case of one name.
            while !seen.insert((case.class.clone(), case.name.clone())) {
                number += 1;
                case.name = format!("{name} ({number})");
            }
            suites.entry(&judgement.service).or_default().push(case);
        }
        if let Some(text) = score(self) {
            // The score decides, so a gate can fail without one failed objective.
            suites.entry("gate").or_default().push(Case {
                class: "gate".to_owned(),
                name: "total score".to_owned(),
                seconds: self.judged.as_ref().map(|_| 0.0),
                outcome: result(self.outcome, false, text),
            });
        }
        let judged = self.judged.as_ref();
        let suite = |(name, cases): (&str, Vec<Case>)| Suite {
            name: name.to_owned(),
            seconds: cases.iter().filter_map(|case| case.seconds).reduce(|a, b| a + b),
            timestamp: judged.map(|judged| judged.at.clone()),
            hostname: judged.map(|judged| judged.host.clone()),
            cases,
            ..Suite::default()
        };
        let suites = suites.into_iter().map(suite).collect();
        Report { name: Some("gate".to_owned()), suites }.to_xml()
    }
}

fn objective(judgement: &Judgement) -> Case {
    let unanswered = judgement.query_error.is_some();
    Case {
        class: judgement.service.clone(),
        name: name(judgement),
        seconds: judgement.seconds,
        outcome: result(judgement.outcome, unanswered, judgement.reason.clone()),
    }
}

fn result(outcome: Outcome, unanswered: bool, reason: String) -> Result {
    let details = |message| Details { message, ..Details::default() };
    match outcome {
        Outcome::Inconclusive | Outcome::Fail if unanswered => Result::Error(details(reason)),
        Outcome::Pass => Result::Passed,
        Outcome::Warning => Result::PassedWith(reason),
        Outcome::Info | Outcome::Inconclusive => Result::Skipped(reason),
        Outcome::Fail => Result::Failed(details(reason)),
    }
}
