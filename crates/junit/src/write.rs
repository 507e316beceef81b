//! How a report is laid out: two blanks per level, attributes in a fixed order.

use super::{Case, Details, Outcome, Report, Suite};
use crate::escape::xml;

impl Report {
    /// The report as XML.
    pub fn to_xml(&self) -> String {
        let name = attribute("name", self.name.as_deref());
        let cases = self.suites.iter().flat_map(|suite| &suite.cases);
        let known: Vec<f64> = self.suites.iter().filter_map(|suite| suite.seconds).collect();
        let seconds = (!known.is_empty()).then(|| known.iter().sum());
        let totals = totals(cases, seconds);
        let suites: String = self.suites.iter().map(suite).collect();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites{name}{totals}>\n{suites}</testsuites>\n"
        )
    }
}

fn suite(suite: &Suite) -> String {
    let name = attribute("name", Some(&suite.name));
    let totals = totals(suite.cases.iter(), suite.seconds);
    let timestamp = attribute("timestamp", suite.timestamp.as_deref());
    let hostname = attribute("hostname", suite.hostname.as_deref());
    let properties = properties(&suite.properties);
    let cases: String = suite.cases.iter().map(test_case).collect();
    let output = element("    ", "system-out", &suite.output);
    format!(
        "  <testsuite{name}{totals}{timestamp}{hostname}>\n{properties}{cases}{output}  </testsuite>\n"
    )
}

/// The counts that CI systems show; a suite is as red as they say.
fn totals<'a>(cases: impl Iterator<Item = &'a Case>, seconds: Option<f64>) -> String {
    let (mut tests, mut failures, mut errors, mut skipped) = (0, 0, 0, 0);
    for case in cases {
        tests += 1;
        match case.outcome {
            Outcome::Passed | Outcome::PassedWith(_) => {}
            Outcome::Skipped(_) => skipped += 1,
            Outcome::Failed(_) => failures += 1,
            Outcome::Error(_) => errors += 1,
        }
    }
    format!(
        " tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"{}",
        time(seconds)
    )
}

fn properties(properties: &[(String, String)]) -> String {
    if properties.is_empty() {
        return String::new();
    }
    let lines: String = properties
        .iter()
        .map(|(name, value)| {
            let (name, value) = (attribute("name", Some(name)), attribute("value", Some(value)));
            format!("      <property{name}{value}/>\n")
        })
        .collect();
    format!("    <properties>\n{lines}    </properties>\n")
}

fn test_case(case: &Case) -> String {
    let class = attribute("classname", Some(&case.class));
    let name = attribute("name", Some(&case.name));
    let open = format!("    <testcase{class}{name}{}", time(case.seconds));
    let body = match &case.outcome {
        Outcome::Passed => return format!("{open}/>\n"),
        Outcome::PassedWith(output) => element("      ", "system-out", output),
        Outcome::Skipped(reason) => {
            format!("      <skipped{}/>\n", attribute("message", Some(reason)))
        }
        Outcome::Failed(details) => problem("failure", details),
        Outcome::Error(details) => problem("error", details),
    };
    format!("{open}>\n{body}    </testcase>\n")
}

fn problem(tag: &str, details: &Details) -> String {
    let kind = attribute("type", details.kind.as_deref());
    let message = attribute("message", Some(&details.message));
    if details.text.is_empty() {
        return format!("      <{tag}{kind}{message}/>\n");
    }
    format!("      <{tag}{kind}{message}>{}</{tag}>\n", xml(&details.text))
}

/// An element with text; none if there is no text.
fn element(indent: &str, tag: &str, text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!("{indent}<{tag}>{}</{tag}>\n", xml(text))
}

fn attribute(name: &str, value: Option<&str>) -> String {
    value.map_or_else(String::new, |value| format!(" {name}=\"{}\"", xml(value)))
}

/// Seconds with milliseconds. What is not a time is written as 0: JUnit has no word for it.
fn time(seconds: Option<f64>) -> String {
    let Some(seconds) = seconds else {
        return String::new();
    };
    let seconds = if seconds.is_finite() { seconds.max(0.0) } else { 0.0 };
    format!(" time=\"{seconds:.3}\"")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn case(name: &str, outcome: Outcome) -> Case {
        Case { class: "c".to_owned(), name: name.to_owned(), seconds: Some(1.5), outcome }
    }

    fn report(text: &str) -> Report {
        let details =
            || Details { kind: None, message: text.to_owned(), text: format!("{text}\n{text}") };
        let cases = vec![
            case("passed", Outcome::Passed),
            case("warned", Outcome::PassedWith(text.to_owned())),
            case("skipped", Outcome::Skipped(text.to_owned())),
            case("failed", Outcome::Failed(details())),
            case("broken", Outcome::Error(details())),
            case("short", Outcome::Error(Details { text: String::new(), ..details() })),
        ];
        let suite = Suite {
            name: text.to_owned(),
            seconds: Some(f64::NAN),
            properties: vec![("seed".to_owned(), text.to_owned())],
            cases,
            output: text.to_owned(),
            ..Suite::default()
        };
        Report { name: None, suites: vec![suite] }
    }

    #[test]
    fn each_result_is_counted_once_in_the_suite_and_in_the_whole() {
        let text = report("x").to_xml();
        let counts = r#"tests="6" failures="1" errors="2" skipped="1" time="0.000""#;
        assert_eq!(text.matches(counts).count(), 2, "{text}");
    }

    #[test]
    fn what_is_unknown_is_left_out() {
        let text = Report { suites: vec![Suite::default()], ..Report::default() }.to_xml();
        assert!(!text.contains("time") && !text.contains("properties"), "{text}");
        assert!(!text.contains("hostname"), "{text}");
        assert!(!text.contains("system-out"), "{text}");
    }

    proptest! {
        #[test]
        fn any_text_is_well_formed_and_read_back(text in ".*") {
            let xml = report(&text).to_xml();
            let document = roxmltree::Document::parse(&xml)
                .map_err(|error| TestCaseError::fail(format!("{error}\n{xml}")))?;
            let cases = document.descendants().filter(|node| node.has_tag_name("testcase"));
            prop_assert_eq!(cases.count(), 6);
            let plain = |letter: char| !letter.is_control() && !"\u{fffe}\u{ffff}".contains(letter);
            if text.chars().all(plain) {
                let failure = document.descendants().find(|node| node.has_tag_name("failure"));
                prop_assert_eq!(failure.and_then(|node| node.attribute("message")), Some(&*text));
            }
        }
    }
}
