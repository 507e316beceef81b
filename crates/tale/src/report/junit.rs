//! `junit.xml`: the report for CI, one test case per promise.

use junit::{Case, Details, Outcome as Result, Suite};

use super::units::seconds;
use super::{Outcome, Promise, Report, Verdict};

/// The report as JUnit XML: suite = tale, test case = promise.
pub fn junit(report: &Report) -> String {
    let promises = report.promises.iter().map(|promise| case(report, promise));
    let suite = Suite {
        name: report.tale.clone(),
        seconds: Some(report.seconds),
        timestamp: Some(report.started.clone()),
        hostname: None,
        properties: properties(report),
        cases: promises.chain(verdict_case(report)).collect(),
        output: report.notes.join("\n"),
    };
    junit::Report { name: None, suites: vec![suite] }.to_xml()
}

fn case(report: &Report, promise: &Promise) -> Case {
    let details = || Details {
        kind: Some(promise.kind.clone()),
        message: promise.observed.clone(),
        text: detail(promise),
    };
    let (outcome, took_s) = match promise.outcome {
        Outcome::Kept => (Result::Passed, promise.took_s),
        Outcome::Broken => (Result::Failed(details()), promise.took_s),
        Outcome::Undecided => (Result::Error(details()), promise.took_s),
        Outcome::NotReached => {
            (Result::Skipped("the tale ended before this promise".to_owned()), 0.0)
        }
    };
    Case {
        class: format!("{}.{}", report.tale, promise.act),
        name: promise.text.clone(),
        seconds: Some(took_s),
        outcome,
    }
}

/// A verdict that no promise accounts for must not look green: it gets a case of its own.
fn verdict_case(report: &Report) -> Option<Case> {
    let details = Details {
        kind: Some("verdict".to_owned()),
        message: format!("the tale is {}", report.verdict.word()),
        text: report.notes.join("\n"),
    };
    let explained = |outcome| report.with(outcome).next().is_some();
    let outcome = match report.verdict {
        Verdict::Broken if !explained(Outcome::Broken) => Result::Failed(details),
        Verdict::Undecided if !explained(Outcome::Undecided) => Result::Error(details),
        _ => return None,
    };
    Some(Case {
        class: report.tale.clone(),
        name: "verdict".to_owned(),
        seconds: Some(0.0),
        outcome,
    })
}

fn detail(promise: &Promise) -> String {
    let limit = match promise.within_s {
        Some(within) => format!("allowed {}, ", seconds(within)),
        None => String::new(),
    };
    format!(
        "{}\n{limit}took {}\nobserved: {}",
        promise.text,
        seconds(promise.took_s),
        promise.observed
    )
}

fn properties(report: &Report) -> Vec<(String, String)> {
    let seed = report.seed.map(|seed| seed.to_string());
    let properties = [
        ("stage", Some(report.stage.to_string())),
        ("clock", Some(report.clock.to_string())),
        ("verdict", Some(report.verdict.word().to_owned())),
        ("seed", seed),
        ("again", Some(report.again())),
    ];
    let known = properties.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    known.collect()
}
