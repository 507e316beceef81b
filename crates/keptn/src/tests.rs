//! Check values of the lighthouse algorithm.

mod forms;

use std::collections::BTreeMap;

use proptest::prelude::*;
use slo::gate::{Baseline, EarlierResult, Outcome, QueryError, Sample, Verdict};
use slo::{Clock, Period};

use super::*;

pub(crate) const SLO: &str = "
spec_version: '1.0'
filter: {handler: ItemsController}
comparison:
  compare_with: several_results
  include_result_with_score: pass_or_warn
  number_of_comparison_results: 2
  aggregate_function: avg
objectives:
  - sli: response_time_p95
    key_sli: false
    weight: 2
    pass: [{criteria: ['<=+10%', '<600']}]
    warning: [{criteria: ['<=800']}]
  - sli: error_rate
    pass: [{criteria: ['<=1']}, {criteria: ['=0%']}]
  - sli: throughput
total_score: {pass: '90%', warning: '60%'}
";
pub(crate) const SLI: &str = "
spec_version: '1.0'
indicators:
  response_time_p95: histogram_quantile(0.95, sum by (le) (rate(t{job='$SERVICE',handler='$handler'}[$DURATION_SECONDS])))
  error_rate: sum(rate(e{stage='$STAGE',team='$LABEL.team'}[$DURATION_SECONDS]))
  throughput: sum(rate(t[$DURATION_SECONDS]))
";

fn evaluate(
    slo: &str,
    values: &[Option<f64>],
    leniency: Leniency,
    earlier: Vec<EarlierResult>,
    pinned: Option<&Baseline>,
) -> Verdict {
    let slo = Slo::load("slo.yaml", slo).unwrap();
    let sli = Sli::load("sli.yaml", SLI).unwrap();
    let evaluation = plan(&Gate {
        slo: &slo,
        sli: &sli,
        context: &context(&[("SERVICE", "keptn"), ("STAGE", "prod"), ("LABEL.team", "ops")]),
        window: Period::minutes(5),
        clock: Clock::Real,
        leniency,
        earlier: &earlier,
    })
    .unwrap();
    let answers = values
        .iter()
        .map(|value| {
            value
                .map(|value| match leniency {
                    Leniency::Strict => {
                        [("value", value), ("age", 1.0), ("points", 1000.0)].map(part).into()
                    }
                    Leniency::Compat => vec![part(("value", value))],
                })
                .ok_or(QueryError { message: "down".to_owned() })
        })
        .collect();
    evaluation.judge(answers, pinned)
}

fn part((name, value): (&str, f64)) -> Sample {
    Sample { labels: context(&[("gate_part", name)]), value }
}

fn earlier(outcome: Outcome, time: f64) -> EarlierResult {
    EarlierResult {
        outcome,
        values: BTreeMap::from([("keptn/response_time_p95".to_owned(), time)]),
        cells: Vec::new(),
    }
}

pub(crate) fn context(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn points_are_weights_and_half_weights_and_information_is_not_counted() {
    let past = || vec![earlier(Outcome::Pass, 500.0)];
    let all = evaluate(SLO, &[Some(550.0), Some(0.5), None], Leniency::Compat, past(), None);
    assert_eq!((all.outcome, all.score), (Outcome::Pass, Some(100.0)));
    // A warning of weight 2 is one point: 2 of 3.
    let warned =
        evaluate(SLO, &[Some(700.0), Some(0.5), Some(1.0)], Leniency::Strict, past(), None);
    assert_eq!(warned.outcome, Outcome::Warning);
    assert!((warned.score.unwrap() - 66.666).abs() < 0.001);
    let failed =
        evaluate(SLO, &[Some(900.0), Some(0.5), Some(1.0)], Leniency::Strict, past(), None);
    assert_eq!(failed.outcome, Outcome::Fail);
    assert!((failed.score.unwrap() - 33.333).abs() < 0.001);
}

#[test]
fn a_list_is_and_inside_and_or_between() {
    // Within +10 % of 580 but not below 600.
    let past = vec![earlier(Outcome::Pass, 580.0)];
    let verdict = evaluate(SLO, &[Some(610.0), Some(2.0), None], Leniency::Compat, past, None);
    assert_eq!(verdict.objectives[0].outcome, Outcome::Warning);
    // Above 1, and nothing to compare with: Keptn lets `=0%` pass, we cannot say.
    assert_eq!(verdict.objectives[1].outcome, Outcome::Pass);
    let strict =
        evaluate(SLO, &[Some(610.0), Some(2.0), Some(1.0)], Leniency::Strict, Vec::new(), None);
    assert_eq!(strict.objectives[1].outcome, Outcome::Inconclusive);
}

#[test]
fn only_results_of_sufficient_quality_are_compared_with() {
    // Latest two of pass or warn: 400 and 600, mean 500; the failed 9000 does not count, the old
    // 100 is too old.
    let past = vec![
        earlier(Outcome::Pass, 100.0),
        earlier(Outcome::Warning, 400.0),
        earlier(Outcome::Fail, 9000.0),
        earlier(Outcome::Pass, 600.0),
    ];
    let verdict = evaluate(SLO, &[Some(549.0), Some(0.0), Some(1.0)], Leniency::Strict, past, None);
    assert_eq!(verdict.objectives[0].baseline, Some(500.0));
    assert_eq!(verdict.outcome, Outcome::Pass);
}

#[test]
fn a_pinned_baseline_wins_over_earlier_results() {
    let pinned = Baseline {
        schema: 1,
        values: BTreeMap::from([("keptn/response_time_p95".to_owned(), 100.0)]),
    };
    let past = vec![earlier(Outcome::Pass, 500.0)];
    let verdict =
        evaluate(SLO, &[Some(120.0), Some(0.0), Some(1.0)], Leniency::Strict, past, Some(&pinned));
    assert_eq!(verdict.objectives[0].baseline, Some(100.0));
    assert_eq!(verdict.objectives[0].outcome, Outcome::Warning);
}

#[test]
fn without_an_earlier_result_keptn_passes_and_we_cannot_judge() {
    let values = [Some(550.0), Some(0.5), Some(1.0)];
    assert_eq!(evaluate(SLO, &values, Leniency::Compat, Vec::new(), None).outcome, Outcome::Pass);
    assert_eq!(
        evaluate(SLO, &values, Leniency::Strict, Vec::new(), None).outcome,
        Outcome::Inconclusive
    );
}

#[test]
fn a_warning_that_cannot_be_compared_is_undecided_and_no_failure() {
    let slo = "
comparison: {compare_with: single_result, include_result_with_score: pass}
objectives:
  - sli: response_time_p95
    pass: [{criteria: ['<600']}]
    warning: [{criteria: ['<=+10%']}]
total_score: {pass: '90%', warning: '50%'}
";
    let strict = |value, past| evaluate(slo, &[Some(value)], Leniency::Strict, past, None);
    let first = strict(700.0, Vec::new());
    assert_eq!(first.outcome, Outcome::Inconclusive);
    assert!(first.objectives[0].uncompared, "{first:?}");
    // So a history can begin, and the next run has something to compare with.
    let past = EarlierResult::from_json(&first.to_json()).unwrap();
    assert_eq!(strict(750.0, vec![past.clone()]).outcome, Outcome::Warning, "{past:?}");
    let lenient = evaluate(slo, &[Some(700.0)], Leniency::Compat, Vec::new(), None);
    assert_eq!((lenient.outcome, lenient.score), (Outcome::Warning, Some(50.0)));
    // Half the points are the best it can still get: too little for a gate that wants more.
    let hard = slo.replace("warning: '50%'", "warning: '60%'");
    let failed = evaluate(&hard, &[Some(700.0)], Leniency::Strict, Vec::new(), None);
    assert_eq!(failed.outcome, Outcome::Fail);
}

#[test]
fn a_failed_indicator_fails_in_keptn_and_is_undecided_here_unless_it_decides() {
    let past = || vec![earlier(Outcome::Pass, 500.0)];
    let values = [None, Some(0.5), Some(1.0)];
    assert_eq!(evaluate(SLO, &values, Leniency::Compat, past(), None).outcome, Outcome::Fail);
    assert_eq!(
        evaluate(SLO, &values, Leniency::Strict, past(), None).outcome,
        Outcome::Inconclusive
    );
    // The slow answers alone fail it, whatever the error rate was.
    let values = [Some(900.0), None, Some(1.0)];
    assert_eq!(evaluate(SLO, &values, Leniency::Strict, past(), None).outcome, Outcome::Fail);
}

#[test]
fn a_failed_key_indicator_fails_everything() {
    let slo = SLO
        .replace("pass: '90%'", "pass: '10%'")
        .replace("- sli: error_rate", "- sli: error_rate\n    key_sli: true");
    let past = vec![earlier(Outcome::Pass, 500.0)];
    let slo = slo.replace(", {criteria: ['=0%']}", "");
    let verdict =
        evaluate(&slo, &[Some(500.0), Some(5.0), Some(1.0)], Leniency::Strict, past, None);
    assert_eq!(verdict.outcome, Outcome::Fail);
    assert!(verdict.score.unwrap() > 60.0);
}

#[test]
fn the_corner_cases_are_lighthouse_s() {
    let none = "objectives: []\ntotal_score: {pass: '90%'}\n";
    for leniency in [Leniency::Strict, Leniency::Compat] {
        let verdict = evaluate(none, &[], leniency, Vec::new(), None);
        assert_eq!((verdict.outcome, verdict.score), (Outcome::Fail, Some(0.0)));
        let text = verdict.to_text(slo::gate::Style::Plain);
        assert!(text.contains("there are no objectives"), "{text}");
    }
    let info = "objectives: [null, {sli: throughput}]\ntotal_score: {pass: '90%'}\n";
    let verdict = evaluate(info, &[Some(1.0)], Leniency::Compat, Vec::new(), None);
    assert_eq!((verdict.outcome, verdict.score), (Outcome::Pass, Some(100.0)));
    // Here, nothing that was judged is no pass, data or not.
    for value in [Some(1.0), None] {
        let verdict = evaluate(info, &[value], Leniency::Strict, Vec::new(), None);
        assert_eq!(verdict.outcome, Outcome::Inconclusive);
    }
}

#[test]
fn results_of_other_services_in_the_folder_are_not_compared_with() {
    let other = || EarlierResult {
        outcome: Outcome::Pass,
        values: BTreeMap::from([("orders/response_time_p95".to_owned(), 9.0)]),
        cells: Vec::new(),
    };
    // Two results count, and the latest three are of somebody else.
    let past = vec![
        earlier(Outcome::Pass, 400.0),
        earlier(Outcome::Pass, 600.0),
        other(),
        other(),
        other(),
    ];
    let verdict = evaluate(SLO, &[Some(549.0), Some(0.0), Some(1.0)], Leniency::Strict, past, None);
    assert_eq!(verdict.objectives[0].baseline, Some(500.0));
}

#[test]
fn every_percentage_of_zero_is_zero_and_decides_nothing_but_in_keptn() {
    let slo = "objectives: [{sli: response_time_p95, pass: [{criteria: ['<=+10%']}]}]\ntotal_score: {pass: '90%'}\n";
    let past = || vec![earlier(Outcome::Pass, 0.0)];
    for (value, leniency, outcome) in [
        (0.0, Leniency::Strict, Outcome::Pass),
        (1.0, Leniency::Strict, Outcome::Inconclusive),
        (1.0, Leniency::Compat, Outcome::Fail),
    ] {
        let verdict = evaluate(slo, &[Some(value)], leniency, past(), None);
        assert_eq!(verdict.outcome, outcome, "{value} {leniency:?}");
    }
}

proptest! {
    #[test]
    fn a_score_is_a_percentage(a in 0.0f64..2000.0, b in 0.0f64..3.0) {
        let verdict = evaluate(SLO, &[Some(a), Some(b), None], Leniency::Compat, Vec::new(), None);
        prop_assert!((0.0..=100.0).contains(&verdict.score.unwrap()));
    }
}
