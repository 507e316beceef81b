//! What Chaos Mesh accepts but hardly anybody means.

use jiff::Timestamp;

use crate::cron::Cron;
use crate::document::{Body, Document, PAUSE_ANNOTATION};
use crate::duration::GoDuration;
use crate::kind::{Chaos, Common};
use crate::mode::Mode;
use crate::problem::Problem;
use crate::schedule::{ConcurrencyPolicy, Schedule};

/// All lints of a document. `default_maximum` is what ends an experiment without a duration on this
/// stage.
#[must_use]
pub fn lints(document: &Document, default_maximum: GoDuration, now: Timestamp) -> Vec<Problem> {
    let mut lints = match &document.body {
        Body::Schedule(schedule) => {
            let parent = format!("spec.{}", schedule.child.schedule_key());
            let mut lints = of(&schedule.child, &parent, default_maximum, now);
            lints.extend(pausing(document));
            lints.extend(self::schedule(schedule, now).into_iter().map(|lint| lint.under("spec")));
            return lints;
        }
        body => of(body, "spec", default_maximum, now),
    };
    lints.extend(pausing(document));
    lints
}

/// The lints of something whose spec is at `parent`.
fn of(body: &Body, parent: &str, default_maximum: GoDuration, now: Timestamp) -> Vec<Problem> {
    let mut own = Vec::new();
    match body {
        Body::Experiment { chaos, .. } => {
            unended(chaos.as_ref(), default_maximum, &mut own);
            embedded(chaos.as_ref(), &mut own);
        }
        Body::Schedule(schedule) => own.extend(self::schedule(schedule, now)),
        Body::Workflow(workflow) => return workflow.lints(parent, default_maximum, now),
        Body::StatusCheck(check) => check.lints(&mut own),
    }
    own.into_iter().map(|lint| lint.under(parent)).collect()
}

/// A pause annotation that does not pause.
fn pausing(document: &Document) -> Option<Problem> {
    let value = document.meta.annotations.get(PAUSE_ANNOTATION)?;
    let message = match &document.body {
        Body::Workflow(_) | Body::StatusCheck(_) => {
            format!("a {} cannot be paused; remove the annotation", document.kind())
        }
        _ if ["true", "false"].contains(&value.as_str()) => return None,
        _ => format!("`{value}` does not pause; only the text \"true\" does"),
    };
    let field = format!("metadata.annotations.{PAUSE_ANNOTATION}");
    Some(Problem::new(field, message))
}

fn unended(chaos: &dyn Chaos, default_maximum: GoDuration, lints: &mut Vec<Problem>) {
    if !chaos.one_shot() && chaos.common().parsed_duration().is_none() {
        lints.push(Problem::new(
            "duration",
            format!("omitted: Chaos Mesh would run until somebody deletes the object; this stage stops after {default_maximum}"),
        ));
    }
}

/// The lints of an experiment that somebody else may end.
pub(crate) fn embedded(chaos: &dyn Chaos, lints: &mut Vec<Problem>) {
    common(&chaos.common(), chaos.one_shot(), lints);
    chaos.lints(lints);
}

fn common(common: &Common<'_>, one_shot: bool, lints: &mut Vec<Problem>) {
    let negative = common.parsed_duration().is_some_and(|duration| duration.as_nanos() <= 0);
    if !one_shot && negative {
        lints.push(Problem::new(
            "duration",
            "not above 0, so the experiment is over before it starts",
        ));
    }
    if !common.value.is_empty() && matches!(common.mode, Mode::One | Mode::All) {
        lints.push(Problem::new("value", "modes one and all do not read it; remove it"));
    }
    if common.mode == Mode::RandomMaxPercent {
        lints.push(Problem::new(
            "mode",
            "random-max-percent may draw 0 percent, and then fails because nothing is selected",
        ));
    }
    for field in common.selector.hidden() {
        lints.push(Problem::new(
            field,
            "`pods` names the pods, so every other selector is ignored; remove the others",
        ));
    }
}

/// The lints of a Schedule itself, with paths in its spec.
pub(crate) fn schedule(schedule: &Schedule, now: Timestamp) -> Vec<Problem> {
    let mut lints = Vec::new();
    if schedule.history_limit.is_none() {
        lints.push(Problem::new("historyLimit", "omitted counts as 0: finished experiments vanish at once, and their events with them; write for example 3"));
    }
    if schedule.cron.next(now).is_none() {
        lints.push(Problem::new("schedule", "has no tick in the next five years"));
    }
    if let (Some(every), Some(deadline)) =
        (schedule.cron.interval(), schedule.starting_deadline_seconds)
        && i128::from(deadline) * 1_000_000_000 < i128::from(every.as_nanos())
    {
        lints.push(Problem::new(
            "startingDeadlineSeconds",
            format!("shorter than `{}`, which therefore never fires; remove it", schedule.cron),
        ));
    }
    overlap(schedule, now, &mut lints);
    lints
}

/// An experiment that is still running when the next one is due.
fn overlap(schedule: &Schedule, now: Timestamp, lints: &mut Vec<Problem>) {
    let Some(chaos) = schedule.child.chaos().filter(|chaos| !chaos.one_shot()) else {
        return;
    };
    let field = format!("{}.duration", schedule.child.schedule_key());
    match (chaos.common().parsed_duration(), schedule.concurrency_policy) {
        (None, ConcurrencyPolicy::Forbid) => {
            lints.push(Problem::new(field, "omitted with concurrencyPolicy Forbid: the first experiment never finishes, so there is never a second"));
        }
        (Some(duration), policy) if shortest_gap(&schedule.cron, now).is_some_and(|gap| duration >= gap) => lints.push(Problem::new(
            field,
            match policy {
                ConcurrencyPolicy::Forbid => "as long as the interval or longer: ticks are skipped and caught up late; make it shorter",
                ConcurrencyPolicy::Allow if chaos.fault().is_ok_and(|fault| fault.adds_up()) => "as long as the interval or longer: experiments overlap, and what they do to the same pod adds up; make it shorter",
                ConcurrencyPolicy::Allow => "as long as the interval or longer: experiments overlap, and the end of one also ends its successor on the same pod; make it shorter",
            },
        )),
        _ => {}
    }
}

/// The shortest gap between the next few ticks.
fn shortest_gap(cron: &Cron, now: Timestamp) -> Option<GoDuration> {
    let ticks = cron.ticks(now, Timestamp::MAX, 10);
    let gaps = ticks.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_nanos());
    gaps.min().and_then(|nanos| i64::try_from(nanos).ok()).map(GoDuration::from_nanos)
}
