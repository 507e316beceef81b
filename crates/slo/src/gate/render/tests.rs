//! The same verdict in every form.

use crate::gate::Style;
use crate::gate::tests::memory;

#[test]
fn the_text_for_people_is_aligned_and_plain() {
    let expected = "\
fail         dns-leaker/memory-growth/objective-1  83.333 %  100 % covered, 60 slices
             83.333 % of the slices good, 99 % wanted; the worst was pod leaker-2 at 1.24, wanted <= 1.1.
pass         dns-leaker/memory-growth/gate             11 M  100 % covered
             11 M, +4.8 % of the baseline 10.5 M; wanted <=+10%.
gate: fail (2 objectives, last 60 s)
";
    let verdict = memory(10.0, 60.0, Some(10_500_000.0));
    assert_eq!(verdict.to_text(Style::Plain), expected);
    assert!(verdict.to_text(Style::Colour).contains("\u{1b}[31mfail"));
}

#[test]
fn the_merge_request_page_starts_with_the_failure_and_its_course() {
    let mut verdict = memory(10.0, 60.0, Some(10_500_000.0));
    verdict
        .add_series("dns-leaker/memory-growth/objective-1", vec![1.0, 1.0, 1.12, f64::NAN, 1.24]);
    let page = verdict.to_markdown();
    assert!(page.starts_with(
        "<!-- tales: gate -->\n## ❌ Gate: fail\n\n**dns-leaker/memory-growth/objective-1**: "
    ));
    assert!(page.contains("`▁▁▅█`"), "{page}");
    assert!(page.contains("&lt;= 1.1"));
}

#[test]
fn machines_get_what_they_can_read() {
    let verdict = memory(10.0, 60.0, None);
    let json: serde_json::Value = serde_json::from_str(&verdict.to_json()).unwrap();
    assert_eq!(json["outcome"], "fail");
    assert_eq!(json["objectives"][0]["worst"]["series"]["pod"], "leaker-2");
    let junit = verdict.to_junit();
    assert!(junit.contains("tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"1\""), "{junit}");
    assert!(junit.contains("wanted &lt;= 1.1"));
    let metrics = verdict.to_gitlab_metrics();
    let label = "{service=\"dns-leaker\",slo=\"memory-growth\",objective=\"objective-1\"}";
    assert!(metrics.contains(&format!("slo_good_ratio{label} 0.833333\n")), "{metrics}");
    assert!(metrics.ends_with("# EOF\n"));
    assert!(verdict.to_github_summary().contains("| observed |"));
}

#[test]
fn no_series_and_no_test_appears_twice_and_families_stand_together() {
    let mut verdict = memory(10.0, 60.0, Some(10_500_000.0));
    // Names that GitLab cannot tell apart.
    for name in ["a b", "a#b", "a_b"] {
        let mut twin = verdict.objectives[1].clone();
        name.clone_into(&mut twin.objective);
        verdict.objectives.push(twin);
    }
    let metrics = verdict.to_gitlab_metrics();
    let series: Vec<&str> = metrics.lines().filter_map(|line| line.split(' ').next()).collect();
    let mut unique = series.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(series.len(), unique.len(), "{metrics}");
    let families: Vec<&str> = series.iter().filter_map(|name| name.split('{').next()).collect();
    let mut runs = families.clone();
    runs.dedup();
    runs.sort_unstable();
    let mut names = families;
    names.sort_unstable();
    names.dedup();
    assert_eq!(runs, names, "{metrics}");
    let junit = verdict.to_junit();
    let mut cases: Vec<&str> =
        junit.split("<testcase").skip(1).filter_map(|case| case.split('>').next()).collect();
    let count = cases.len();
    cases.sort_unstable();
    cases.dedup();
    assert_eq!((count, cases.len()), (5, 5), "{junit}");
}

#[test]
fn a_verdict_of_nothing_is_valid_in_every_form() {
    let verdict = crate::gate::Verdict::new(crate::gate::Outcome::Inconclusive, 60.0, Vec::new());
    assert_eq!(verdict.to_gitlab_metrics(), "# EOF\n");
    assert!(verdict.to_junit().contains("tests=\"0\""));
    assert!(
        verdict.to_markdown().contains("inconclusive")
            && verdict.to_html(None).ends_with("</html>\n")
    );
}

#[test]
fn junit_says_when_where_and_how_long() {
    let mut verdict = memory(10.0, 60.0, None);
    verdict.judged = Some(crate::gate::Judged {
        at: "2022-05-19T09:30:00Z".to_owned(),
        host: "runner-1".to_owned(),
    });
    verdict.objectives[0].seconds = Some(0.25);
    verdict.objectives[1].seconds = Some(0.5);
    let junit = verdict.to_junit();
    for wanted in [
        "timestamp=\"2022-05-19T09:30:00Z\"",
        "hostname=\"runner-1\"",
        "time=\"0.250\"",
        "time=\"0.750\"",
    ] {
        assert!(junit.contains(wanted), "{wanted}: {junit}");
    }
}

#[test]
fn text_of_users_neither_moves_a_cursor_nor_makes_markup() {
    let mut verdict = memory(10.0, 60.0, None);
    verdict.objectives[0].title =
        Some("\u{1b}[2J\u{202e}<img src=x>\n# big ![a](b) @all".to_owned());
    verdict.objectives[0].reason = "because\r\npass everything\u{9b}1m".to_owned();
    let text = verdict.to_text(Style::Plain);
    assert!(
        !text.contains('\u{1b}') && !text.contains('\u{202e}') && !text.contains("\npass "),
        "{text:?}"
    );
    let page = verdict.to_markdown();
    for forbidden in ["\u{1b}", "\u{202e}", "<img", "\n# big", "![a]", "@all"] {
        assert!(!page.contains(forbidden), "{forbidden:?}: {page}");
    }
}

#[test]
fn a_course_that_hardly_moves_is_drawn_flat_and_one_that_moves_is_not() {
    use super::sparkline;
    let line =
        |values: &[f64]| sparkline(values).chars().collect::<std::collections::BTreeSet<_>>().len();
    assert_eq!(line(&[0.005, 0.005_000_3, 0.004_999_8]), 1);
    assert_eq!(line(&[1e9, 1e9 + 5e5]), 1);
    assert_eq!(line(&[0.0, 0.0]), 1);
    assert_eq!(line(&[0.005, 0.006]), 2);
    assert_eq!(line(&[0.0, 1e-9]), 2);
    assert_eq!(line(&[-1.0, 1.0]), 2);
}
