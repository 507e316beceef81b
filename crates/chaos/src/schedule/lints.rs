//! What a Schedule may say but hardly ever means.

use jiff::Timestamp;

use super::cron::Cron;
use super::{Child, ConcurrencyPolicy, Schedule};
use crate::fields::duration::GoDuration;
use crate::fields::problem::Problem;

impl<C: Child> Schedule<C> {
    /// What is allowed but unlikely to be meant, with paths in the spec; the lints of what it makes
    /// are not among them.
    pub(crate) fn lints(&self, now: Timestamp) -> Vec<Problem> {
        let mut lints = Vec::new();
        if self.history_limit.is_none() {
            lints.push(Problem::new("historyLimit", "omitted counts as 0: finished experiments vanish at once, and their events with them; write for example 3"));
        }
        if self.cron.next(now).is_none() {
            lints.push(Problem::new(
                "schedule",
                "has no tick in the next five years; correct its day or month",
            ));
        }
        if let (Some(every), Some(deadline)) =
            (self.cron.interval(), self.starting_deadline_seconds)
            && i128::from(deadline) * 1_000_000_000 < i128::from(every.as_nanos())
        {
            lints.push(Problem::new(
                "startingDeadlineSeconds",
                format!("shorter than `{}`, which therefore never fires; remove it", self.cron),
            ));
        }
        overlap(self, now, &mut lints);
        lints
    }
}

/// Experiments that are still running when the next one is due.
fn overlap<C: Child>(schedule: &Schedule<C>, now: Timestamp, lints: &mut Vec<Problem>) {
    let Some(chaos) = schedule
        .child
        .experiment()
        .map(|experiment| experiment.chaos.as_ref())
        .filter(|chaos| !chaos.one_shot())
    else {
        return;
    };
    let field = format!("{}.duration", schedule.child.payload_key());
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
