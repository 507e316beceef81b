//! A proposal as text for people: every number with its uncertainty.

use std::fmt;

use super::Suggestion;

impl fmt::Display for Suggestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "target {} (history is not need: ask the users what they notice)",
            self.target
        )?;
        writeln!(
            f,
            "observed {:.6}, with experiments {:.6} ({} slices left out, {} had no data)",
            self.observed, self.observed_with_experiments, self.excluded, self.without_data
        )?;
        writeln!(
            f,
            "backtest: {:.1} % of {} windows met it, the worst had {:.6}",
            self.windows_met * 100.0,
            self.windows,
            self.worst_window
        )?;
        write!(
            f,
            "block bootstrap: 90 % of windows between {:.6} and {:.6}, {:.0} events each",
            self.interval.0, self.interval.1, self.events_per_window
        )
    }
}

#[cfg(test)]
mod tests {
    use slo::Decimal;

    use super::*;

    #[test]
    fn a_proposal_is_printed_with_what_speaks_for_and_against_it() {
        let found = Suggestion {
            target: "0.999".parse::<Decimal>().unwrap(),
            observed: 0.9995,
            observed_with_experiments: 0.99,
            worst_window: 0.9989,
            windows: 40,
            windows_met: 0.975,
            interval: (0.99905, 0.9999),
            events_per_window: 1234.0,
            excluded: 24,
            without_data: 3,
            service: "shop".to_owned(),
            name: "availability".to_owned(),
            document: String::new(),
        };
        assert_eq!(
            found.to_string(),
            "target 0.999 (history is not need: ask the users what they notice)\n\
             observed 0.999500, with experiments 0.990000 (24 slices left out, 3 had no data)\n\
             backtest: 97.5 % of 40 windows met it, the worst had 0.998900\n\
             block bootstrap: 90 % of windows between 0.999050 and 0.999900, 1234 events each"
        );
    }
}
