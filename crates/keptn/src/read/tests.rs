//! What is read, with Keptn's defaults, and what is refused.

use proptest::prelude::*;

use super::*;
use crate::tests::{SLI, SLO};

#[test]
fn an_unknown_field_is_refused() {
    let problems = Slo::load("slo.yaml", &SLO.replace("key_sli", "keySli")).unwrap_err();
    assert!(
        problems[0]
            .to_string()
            .contains("objectives[0].keySli: unknown field; write key_sli instead"),
        "{problems:?}"
    );
}

#[test]
fn the_defaults_are_those_of_keptn() {
    let problems =
        Slo::load("slo.yaml", "objectives: []\ntotal_score: {warning: '10%'}\n").unwrap_err();
    assert!(problems[0].to_string().contains("total_score.pass: is missing"));
    let default = Slo::load(
        "slo.yaml",
        "comparison: {compare_with: several_results}\ntotal_score: {pass: 90}\n",
    )
    .unwrap();
    assert_eq!(default.comparison.results, 3);
    let zero = "comparison: {compare_with: several_results, number_of_comparison_results: 0, include_result_with_score: '', \
                aggregate_function: ''}\ntotal_score: {pass: 90}\n";
    assert_eq!(
        Slo::load("slo.yaml", zero).unwrap().comparison,
        default.comparison,
        "0 is not written"
    );
    let single = SLO.replace("several_results", "single_result");
    assert_eq!(Slo::load("slo.yaml", &single).unwrap().comparison.results, 1);
    let weightless = Slo::load("slo.yaml", &SLO.replace("weight: 2", "weight: 0")).unwrap();
    assert_eq!(weightless.objectives[0].weight, 1);
}

#[test]
fn an_item_without_criteria_would_always_pass_and_is_refused() {
    for item in ["{}", "{criteria: }", "{criteria: []}"] {
        let text = SLO.replace(
            "pass: [{criteria: ['<=1']}, {criteria: ['=0%']}]",
            &format!("pass: [{item}]"),
        );
        assert_ne!(text, SLO);
        let problems = Slo::load("slo.yaml", &text).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        let message = problems[0].to_string();
        assert!(message.contains("objectives[1].pass[0].criteria: is empty"), "{message}");
    }
}

#[test]
fn a_second_document_is_refused_in_either_file() {
    let twice = |text: &str| format!("{text}---\n{text}");
    let slo = Slo::load("slo.yaml", &twice(SLO)).unwrap_err();
    let sli = Sli::load("sli.yaml", &twice(SLI)).unwrap_err();
    for problems in [slo, sli] {
        let message = problems[0].to_string();
        assert!(message.contains("has a second YAML document"), "{message}");
    }
    assert!(Slo::load("slo.yaml", &format!("---\n{SLO}---\n")).is_ok());
}

proptest! {
    #[test]
    fn arbitrary_files_never_panic(text in ".*") {
        let _ = Slo::load("slo.yaml", &text);
        let _ = Sli::load("sli.yaml", &text);
    }
}
