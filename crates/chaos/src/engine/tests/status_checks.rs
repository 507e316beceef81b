//! The life of StatusChecks.

use super::*;
use crate::snapshot::{CheckOutcome, Status, StatusCheckStatus};

/// A StatusCheck named `well`; `extra` are further lines of its spec.
fn check(extra: &str) -> String {
    format!(
        "apiVersion: chaos-mesh.org/v1alpha1\nkind: StatusCheck\nmetadata: {{name: well}}\nspec:\n  type: HTTP\n  http: {{url: 'http://shop:8000/', criteria: {{statusCode: '200'}}}}\n{extra}"
    )
}

fn status(stage: &Stage) -> StatusCheckStatus {
    match &stage.snapshot().find("StatusCheck", "well").unwrap().status {
        Status::StatusCheck(status) => status.clone(),
        other => panic!("{other:?}"),
    }
}

fn completed(stage: &Stage) -> Option<String> {
    let completed = status(stage).conditions.remove(0);
    assert_eq!(completed.kind, "Completed");
    completed.reason.filter(|_| completed.status)
}

#[test]
fn a_target_that_is_down_from_the_start_fails_after_three_intervals() {
    let mut stage = Stage::new(&[]);
    stage.answer = Err("connection refused".into());
    stage.apply(&check(""));
    stage.advance(29);
    assert_eq!(completed(&stage), None);
    stage.advance(60);
    assert_eq!(stage.asked, [10, 20, 30]);
    assert_eq!(completed(&stage).as_deref(), Some("StatusCheckFailureThresholdExceed"));
    let expected = [
        "StatusCheckExecutionFailed HTTP execution of status check failed: connection refused",
        "StatusCheckFailureThresholdExceed failure threshold exceed",
        "StatusCheckCompleted status check completed: StatusCheckFailureThresholdExceed",
    ];
    assert_eq!(stage.events("StatusCheck", "well"), expected);
}

#[test]
fn a_target_that_is_up_succeeds_after_one_interval() {
    let mut stage = Stage::new(&[]);
    stage.apply(&check(""));
    stage.advance(60);
    assert_eq!(stage.asked, [10]);
    assert_eq!(completed(&stage).as_deref(), Some("StatusCheckSuccessThresholdExceed"));
    let status = status(&stage);
    assert_eq!((status.count, status.records[0].outcome), (1, CheckOutcome::Success));
    assert_eq!(status.completion_time, Some(stage.start + SignedDuration::from_secs(10)));
}

#[test]
fn only_answers_in_a_row_count() {
    let mut stage = Stage::new(&[]);
    stage.apply(&check("  mode: Continuous\n  intervalSeconds: 1\n  recordsHistoryLimit: 3\n"));
    for status in [500, 500, 200, 500, 500] {
        stage.answer = Ok(ProbeAnswer { status, whole: true });
        stage.advance(1);
    }
    assert_eq!(completed(&stage), None);
    assert_eq!(status(&stage).records.len(), 3);
    stage.advance(1);
    assert_eq!(completed(&stage).as_deref(), Some("StatusCheckFailureThresholdExceed"));
    assert_eq!(status(&stage).count, 6);
}

#[test]
fn an_answer_whose_body_does_not_arrive_does_not_count() {
    let mut stage = Stage::new(&[]);
    stage.answer = Ok(ProbeAnswer { status: 200, whole: false });
    stage.apply(&check(""));
    stage.advance(60);
    assert_eq!(stage.asked.len(), 6);
    assert_eq!((completed(&stage), status(&stage).count), (None, 0));
    assert!(stage.events("StatusCheck", "well")[0].starts_with("StatusCheckAnswerDiscarded "));
}

#[test]
fn a_continuous_check_goes_on_while_all_is_well_until_its_duration() {
    let mut stage = Stage::new(&[]);
    stage.apply(&check("  mode: Continuous\n  duration: 35s\n"));
    stage.advance(34);
    assert!(stage.snapshot().find("StatusCheck", "well").unwrap().is("SuccessThresholdExceed"));
    assert_eq!(completed(&stage), None);
    stage.advance(60);
    assert_eq!(stage.asked, [10, 20, 30]);
    assert_eq!(completed(&stage).as_deref(), Some("StatusCheckDurationExceed"));
}

#[test]
fn questions_that_were_missed_are_not_made_up_for() {
    let mut stage = Stage::new(&[]);
    stage.apply(&check("  mode: Continuous\n"));
    stage.skip(35);
    stage.round();
    stage.advance(10);
    assert_eq!(stage.asked, [35, 40]);
}

#[test]
fn a_check_can_be_deleted_but_not_paused_or_changed() {
    let mut stage = Stage::new(&[]);
    stage.apply(&check(""));
    let key = stage.key("StatusCheck", "well");
    assert!(stage.engine.pause(&key, true).is_err());
    let changed = stage.engine.apply(&parse(&check("  timeoutSeconds: 2\n")), stage.now);
    assert!(changed.is_err());
    stage.engine.delete(&key, stage.now);
    stage.advance(60);
    assert!(stage.asked.is_empty() && stage.snapshot().objects.is_empty());
}
