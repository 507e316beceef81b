//! `junit.xml`: the report for CI, one test case per promise.

use super::escape::xml;
use super::units::seconds;
use super::{Outcome, Promise, Report, Verdict};

/// The report as JUnit XML: suite = tale, test case = promise.
pub fn junit(report: &Report) -> String {
    let mut cases: Vec<String> =
        report.promises.iter().map(|promise| case(report, promise)).collect();
    cases.extend(verdict_case(report));
    let count = |tag: &str| cases.iter().filter(|case| case.contains(tag)).count();
    let (failures, errors, skipped) = (count("<failure "), count("<error "), count("<skipped "));
    let totals = format!(
        r#"tests="{}" failures="{failures}" errors="{errors}" skipped="{skipped}" time="{}""#,
        cases.len(),
        time(report.seconds)
    );
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {totals}>\n  <testsuite name=\"{name}\" {totals} timestamp=\"{started}\">\n{properties}{cases}{notes}  </testsuite>\n</testsuites>\n",
        name = xml(&report.tale),
        started = xml(&report.started),
        properties = properties(report),
        cases = cases.concat(),
        notes = notes(report),
    )
}

fn case(report: &Report, promise: &Promise) -> String {
    let observed = xml(&promise.observed);
    let kind = xml(&promise.kind);
    let body = match promise.outcome {
        Outcome::Kept => String::new(),
        Outcome::Broken => format!(
            "      <failure type=\"{kind}\" message=\"{observed}\">{}</failure>\n",
            xml(&detail(promise))
        ),
        Outcome::Undecided => format!(
            "      <error type=\"{kind}\" message=\"{observed}\">{}</error>\n",
            xml(&detail(promise))
        ),
        Outcome::NotReached => {
            "      <skipped message=\"the tale ended before this promise\"/>\n".to_owned()
        }
    };
    let class = format!("{}.{}", report.tale, promise.act);
    let took_s = match promise.outcome {
        Outcome::NotReached => 0.0,
        _ => promise.took_s,
    };
    test_case(&class, &promise.text, took_s, &body)
}

/// A verdict that no promise accounts for must not look green: it gets a case of its own.
fn verdict_case(report: &Report) -> Option<String> {
    let tag = match report.verdict {
        Verdict::Broken if report.with(Outcome::Broken).next().is_none() => "failure",
        Verdict::Undecided if report.with(Outcome::Undecided).next().is_none() => "error",
        _ => return None,
    };
    let body = format!(
        "      <{tag} type=\"verdict\" message=\"the tale is {}\">{}</{tag}>\n",
        report.verdict.word(),
        xml(&report.notes.join("\n"))
    );
    Some(test_case(&report.tale, "verdict", 0.0, &body))
}

fn test_case(class: &str, name: &str, took_s: f64, body: &str) -> String {
    let open = format!(
        "    <testcase classname=\"{}\" name=\"{}\" time=\"{}\"",
        xml(class),
        xml(name),
        time(took_s)
    );
    match body {
        "" => format!("{open}/>\n"),
        _ => format!("{open}>\n{body}    </testcase>\n"),
    }
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

fn properties(report: &Report) -> String {
    let seed = report.seed.map(|seed| seed.to_string());
    let all = [
        ("stage", Some(report.stage.word().to_owned())),
        ("clock", Some(report.clock.word().to_owned())),
        ("verdict", Some(report.verdict.word().to_owned())),
        ("seed", seed),
        ("again", Some(report.again())),
    ];
    let one = |(name, value): (&str, Option<String>)| {
        let value = xml(&value?);
        Some(format!("      <property name=\"{name}\" value=\"{value}\"/>\n"))
    };
    let all: String = all.into_iter().filter_map(one).collect();
    format!("    <properties>\n{all}    </properties>\n")
}

fn notes(report: &Report) -> String {
    match report.notes.is_empty() {
        true => String::new(),
        false => format!("    <system-out>{}</system-out>\n", xml(&report.notes.join("\n"))),
    }
}

/// Seconds with milliseconds; what is no time is nought, since the format knows nothing else.
fn time(seconds: f64) -> String {
    let seconds = if seconds.is_finite() { seconds.max(0.0) } else { 0.0 };
    format!("{seconds:.3}")
}
