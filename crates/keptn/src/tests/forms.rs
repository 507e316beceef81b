//! How a score is shown in every form.

use slo::gate::Style;

use super::*;

#[test]
fn a_gate_that_fails_by_its_score_alone_fails_in_every_form() {
    let slo = SLO.replace(", warning: '60%'", "");
    let values = [Some(700.0), Some(0.5), Some(1.0)];
    let past = vec![earlier(Outcome::Pass, 500.0)];
    let verdict = evaluate(&slo, &values, Leniency::Strict, past, None);
    assert_eq!(verdict.outcome, Outcome::Fail);
    let all = &verdict.objectives;
    assert!(all.iter().all(|judgement| judgement.outcome != Outcome::Fail));
    let junit = verdict.to_junit();
    assert!(
        junit.contains(
            "<testsuite name=\"gate\" tests=\"1\" failures=\"1\" errors=\"0\" skipped=\"0\">\n    <testcase \
             classname=\"gate\" name=\"total score\">\n      <failure message=\"score 66.6667, 90 needed\"/>"
        ),
        "{junit}"
    );
    let text = verdict.to_text(Style::Plain);
    assert!(text.ends_with(", score 66.6667, 90 needed)\n"), "{text}");
    let page = verdict.to_markdown();
    assert!(page.contains("Total score 66.6667, 90 needed."), "{page}");
}

#[test]
fn the_key_indicator_that_decided_is_named() {
    let slo = SLO
        .replace("pass: '90%'", "pass: '10%'")
        .replace("- sli: error_rate", "- sli: error_rate\n    key_sli: true")
        .replace(", {criteria: ['=0%']}", "");
    let values = [Some(500.0), Some(5.0), Some(1.0)];
    let past = vec![earlier(Outcome::Pass, 500.0)];
    let verdict = evaluate(&slo, &values, Leniency::Strict, past, None);
    let wanted = "10 needed, 60 for a warning; the key indicator error_rate failed";
    assert!(verdict.to_junit().contains(wanted), "{}", verdict.to_junit());
    assert!(verdict.to_text(Style::Plain).contains(wanted));
    let page = verdict.to_markdown();
    assert!(page.contains("the key indicator error\\_rate failed"), "{page}");
}

#[test]
fn the_display_name_of_an_objective_is_shown() {
    let named = "- sli: error_rate\n    displayName: Errors <per second>";
    let slo = SLO.replace("- sli: error_rate", named);
    let values = [Some(500.0), Some(0.5), Some(1.0)];
    let verdict = evaluate(&slo, &values, Leniency::Compat, Vec::new(), None);
    let text = verdict.to_text(Style::Plain);
    assert!(text.contains("keptn/error_rate (Errors <per second>) "), "{text}");
    let escaped = "(Errors &lt;per second&gt;)";
    assert!(verdict.to_markdown().contains(escaped));
    assert!(verdict.to_junit().contains(escaped));
    let json = verdict.to_json();
    assert!(json.contains("\"title\": \"Errors <per second>\""), "{json}");
}

#[test]
fn a_query_that_failed_is_an_error_in_junit() {
    for (leniency, outcome) in
        [(Leniency::Strict, Outcome::Inconclusive), (Leniency::Compat, Outcome::Fail)]
    {
        let verdict = evaluate(SLO, &[None; 3], leniency, Vec::new(), None);
        assert_eq!(verdict.outcome, outcome);
        assert_eq!(verdict.objectives[0].query_error.as_deref(), Some("down"));
        let junit = verdict.to_junit();
        let counts = "tests=\"3\" failures=\"0\" errors=\"2\" skipped=\"1\"";
        assert!(junit.contains(counts), "{junit}");
        assert!(junit.contains("<error message=\"The query failed: down."), "{junit}");
    }
}

#[test]
fn information_without_data_neither_blocks_nor_fails() {
    let past = || vec![earlier(Outcome::Pass, 500.0)];
    let values = [Some(500.0), Some(0.5), None];
    for leniency in [Leniency::Strict, Leniency::Compat] {
        let verdict = evaluate(SLO, &values, leniency, past(), None);
        assert_eq!(verdict.outcome, Outcome::Pass, "{leniency:?}");
        let throughput = &verdict.objectives[2];
        assert_eq!(throughput.outcome, Outcome::Info, "{leniency:?}");
        assert!(throughput.reason.ends_with("It is for information only."), "{throughput:?}");
        let junit = verdict.to_junit();
        assert!(junit.contains("failures=\"0\""), "{junit}");
        assert!(verdict.to_json().contains("\"outcome\": \"info\""));
        assert!(verdict.to_text(Style::Plain).contains("info "));
        assert!(
            !verdict
                .to_gitlab_metrics()
                .contains("slo_pass{service=\"keptn\",slo=\"keptn\",objective=\"throughput\"}")
        );
    }
}
