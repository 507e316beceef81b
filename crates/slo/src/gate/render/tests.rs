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
