//! JUnit XML: red exactly where the gate is, because CI systems look at nothing else.

use std::collections::BTreeMap;

use super::{name, score};
use crate::gate::{Judgement, Outcome, Verdict};

/// One test case.
struct Case<'a> {
    class: &'a str,
    name: String,
    state: State,
    /// Why.
    text: &'a str,
}

/// The states that JUnit knows.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Passed,
    Warned,
    Skipped,
    Failed,
    Error,
}

impl Verdict {
    /// JUnit: a suite per service with a test case per objective, and one for Keptn's total score.
    /// A query that failed is an error; what is inconclusive otherwise, or for information only, is
    /// skipped; a warning passes with output.
    pub fn to_junit(&self) -> String {
        let mut suites: BTreeMap<&str, Vec<Case<'_>>> = BTreeMap::new();
        for judgement in &self.objectives {
            let suite = suites.entry(&judgement.service).or_default();
            suite.push(of_objective(judgement));
        }
        let total = score(self);
        if let Some(text) = &total {
            // The score decides, so a gate can fail without one failed objective.
            suites.entry("gate").or_default().push(Case {
                class: "gate",
                name: "total score".to_owned(),
                state: state(self.outcome),
                text,
            });
        }
        let suites: String = suites.iter().map(|(name, cases)| suite(name, cases)).collect();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"gate\">\n{suites}</testsuites>\n"
        )
    }
}

fn of_objective(judgement: &Judgement) -> Case<'_> {
    let state = match state(judgement.outcome) {
        State::Skipped | State::Failed
            if judgement.query_error.is_some() && judgement.outcome != Outcome::Info =>
        {
            State::Error
        }
        state => state,
    };
    Case { class: &judgement.service, name: name(judgement), state, text: &judgement.reason }
}

fn state(outcome: Outcome) -> State {
    match outcome {
        Outcome::Pass => State::Passed,
        Outcome::Warning => State::Warned,
        Outcome::Info | Outcome::Inconclusive => State::Skipped,
        Outcome::Fail => State::Failed,
    }
}

fn suite(name: &str, cases: &[Case<'_>]) -> String {
    let count = |state| cases.iter().filter(|case| case.state == state).count();
    let inside: String = cases.iter().map(test_case).collect();
    format!(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">\n{inside}  </testsuite>\n",
        xml(name),
        cases.len(),
        count(State::Failed),
        count(State::Error),
        count(State::Skipped)
    )
}

fn test_case(case: &Case<'_>) -> String {
    let open =
        format!("    <testcase classname=\"{}\" name=\"{}\"", xml(case.class), xml(&case.name));
    let text = xml(case.text);
    match case.state {
        State::Passed => format!("{open}/>\n"),
        State::Warned => format!("{open}><system-out>{text}</system-out></testcase>\n"),
        State::Skipped => format!("{open}><skipped message=\"{text}\"/></testcase>\n"),
        State::Failed => format!("{open}><failure message=\"{text}\"/></testcase>\n"),
        State::Error => format!("{open}><error message=\"{text}\"/></testcase>\n"),
    }
}

fn xml(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            c => c.to_string(),
        })
        .collect()
}
