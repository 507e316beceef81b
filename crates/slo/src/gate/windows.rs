//! The window of each SLO: the same for all, or that of its calendar.

use jiff::Timestamp;

use crate::calendar::window_start;
use crate::openslo::model::Slo;
use crate::period::Period;
use crate::problem::Problem;

/// What objectives are judged over; every window ends where the queries are evaluated.
#[derive(Debug, Clone, Copy)]
pub enum Windows {
    /// All of them over the same length of wall-clock time.
    Same(Period),
    /// SLOs with a calendar window over that, from its exact start until `end`; all others over the
    /// last `rolling`.
    Calendar {
        /// Where the queries will be evaluated.
        end: Timestamp,
        /// For SLOs without a calendar.
        rolling: Period,
    },
}

/// The window of an SLO, and its start if the calendar sets it.
pub(super) fn window_of(slo: &Slo, windows: Windows) -> Result<(Period, Option<String>), Problem> {
    let (end, calendar) = match (windows, &slo.window.calendar) {
        (Windows::Same(window), _) => return Ok((window, None)),
        (Windows::Calendar { rolling, .. }, None) => return Ok((rolling, None)),
        (Windows::Calendar { end, .. }, Some(calendar)) => (end, calendar),
    };
    let start = window_start(calendar, end).map_err(|error| {
        Problem::error(
            &slo.metadata.file,
            format!("SLO/{}: spec.timeWindow[0].calendar", slo.metadata.name),
            error.to_string(),
            "correct the calendar, or judge a window of your own with --last",
        )
    })?;
    let millis = end.as_millisecond() - start.timestamp().as_millisecond();
    let window = Period::from_millis(millis.unsigned_abs());
    Ok((window, Some(start.strftime("%FT%T%:z").to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::gate::{Outcome, Plan, judge, plan_windows};
    use crate::openslo::Catalogue;

    const MEMORY: &str = include_str!("../../../../manifests/slo/dns-leaker.yaml");

    fn at(end: &str) -> Result<Plan, Vec<Problem>> {
        let text = MEMORY.replace(
            "isRolling: true",
            "calendar: {startTime: '2026-01-01 00:00:00', timeZone: Europe/Vienna}",
        );
        let text = text.replace("duration: 30d", "duration: 1M");
        assert!(text.contains("duration: 1M"), "{text}");
        let catalogue = Catalogue::load(&[("slo.yaml", text)]).unwrap();
        let end = end.parse().unwrap();
        let rolling = Period::minutes(1);
        plan_windows(&catalogue, Windows::Calendar { end, rolling }, Clock::Real)
    }

    #[test]
    fn a_calendar_window_is_judged_from_its_exact_start() {
        let plan = at("2026-03-28T23:00:00Z").unwrap();
        assert_eq!(plan.window_seconds, 28.0 * 86_400.0);
        // The day of the change has 23 hours.
        let plan = at("2026-03-29T22:00:00Z").unwrap();
        assert_eq!(plan.window_seconds, 29.0 * 86_400.0 - 3600.0);
        assert!(plan.queries()[0].promql.contains("[695h:"));
        let verdict = judge(&plan, Vec::new(), None);
        assert_eq!(verdict.outcome, Outcome::Inconclusive);
        let since = verdict.objectives[0].since.as_deref();
        assert_eq!(since, Some("2026-03-01T00:00:00+01:00"));
        let text = verdict.to_text(crate::gate::Style::Plain);
        assert!(text.contains("since 2026-03-01T00:00:00+01:00"), "{text}");
    }

    #[test]
    fn a_window_that_has_not_begun_is_refused() {
        let problem = &at("2025-12-31T22:59:59Z").unwrap_err()[0];
        assert!(problem.to_string().contains("still to come"), "{problem}");
    }
}
