//! What is read, with Keptn's defaults, and what is refused.

use proptest::prelude::*;

use super::*;
use crate::keptn::tests::SLO;

#[test]
fn an_unknown_field_is_refused() {
    let problems = KeptnSlo::load("slo.yaml", &SLO.replace("key_sli", "keySli")).unwrap_err();
    assert!(
        problems[0]
            .to_string()
            .contains("objectives[0].keySli: unknown field; write key_sli instead"),
        "{problems:?}"
    );
}

#[test]
fn the_defaults_are_those_of_keptn() {
    let problems = KeptnSlo::load(
        "slo.yaml",
        "objectives: []\ntotal_score: {warning: '10%'}\n",
    )
    .unwrap_err();
    assert!(
        problems[0]
            .to_string()
            .contains("total_score.pass: is missing")
    );
    let default = KeptnSlo::load(
        "slo.yaml",
        "comparison: {compare_with: several_results}\ntotal_score: {pass: 90}\n",
    )
    .unwrap();
    assert_eq!(default.comparison.results, 3);
    let single = SLO.replace("several_results", "single_result");
    assert_eq!(
        KeptnSlo::load("slo.yaml", &single)
            .unwrap()
            .comparison
            .results,
        1
    );
    let weightless = KeptnSlo::load("slo.yaml", &SLO.replace("weight: 2", "weight: 0")).unwrap();
    assert_eq!(weightless.objectives[0].weight, 1);
}

proptest! {
    #[test]
    fn arbitrary_files_never_panic(text in ".*") {
        let _ = KeptnSlo::load("slo.yaml", &text);
        let _ = KeptnSli::load("sli.yaml", &text);
    }
}
