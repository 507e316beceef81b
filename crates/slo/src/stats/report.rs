//! What the statistics found, as text for people: every number with its uncertainty.

use std::fmt;

use super::correlate::{CORRELATION_NOT_CAUSE, Suspicion};
use super::leak::{LeakReport, LeakVerdict};
use super::suggest::Suggestion;

impl fmt::Display for LeakReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.verdict {
            LeakVerdict::Leak => "leak",
            LeakVerdict::NoLeak => "no leak",
            LeakVerdict::TooShort => "too short to say",
        };
        write!(
            f,
            "{word}: {} points of the longest of {} runs",
            self.points, self.runs
        )?;
        if let (Some(p), Some(slope), Some((low, high))) = (self.p, self.slope, self.interval) {
            // Per minute: nobody thinks in bytes per second.
            let [slope, low, high] = [slope, low, high].map(|value| value * 60.0);
            write!(
                f,
                "; {slope:+.4} a minute, 95 % interval [{low:+.4}, {high:+.4}] (Theil-Sen)"
            )?;
            // A p-value of zero does not exist.
            let p = if p < 1e-4 {
                "< 0.0001".to_owned()
            } else {
                format!("= {p:.4}")
            };
            write!(f, ", p {p} (Mann-Kendall, corrected for autocorrelation)")?;
        }
        if let Some(growth) = self.projected_growth {
            write!(f, "; {:+.1} % over the horizon", growth * 100.0)?;
        }
        if let Some(seconds) = self.seconds_to_limit {
            write!(f, "; the limit is reached in {seconds:.0} s")?;
        }
        Ok(())
    }
}

impl fmt::Display for Suggestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "target {} (history is not need: ask the users what they notice)",
            self.target
        )?;
        writeln!(
            f,
            "observed {:.6}, with experiments {:.6}",
            self.observed, self.observed_with_experiments
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

/// A table of suspects in the given order, and the warning that belongs under it.
pub fn suspects_text(suspects: &[Suspicion]) -> String {
    let width = suspects
        .iter()
        .map(|it| it.name.chars().count())
        .max()
        .unwrap_or(0)
        .max("suspect".len());
    let mut text = format!(
        "{:<width$}  score  precision  recall  correlation   lag  labels       p\n",
        "suspect"
    );
    for it in suspects {
        let lag = it
            .lag_seconds
            .map_or_else(|| "-".to_owned(), |lag| format!("{lag:.0} s"));
        text.push_str(&format!(
            "{:<width$}  {:>5.2}  {:>9.2}  {:>6.2}  {:>11.2}  {:>4}  {:>6.2}  {:>6.4}\n",
            it.name, it.score, it.precision, it.recall, it.correlation, lag, it.label_match, it.p
        ));
    }
    text.push_str(CORRELATION_NOT_CAUSE);
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{LeakSettings, leak};

    #[test]
    fn a_leak_is_told_with_its_interval() {
        let samples: Vec<_> = (0..100).map(f64::from).map(|x| (x, 1000.0 + x)).collect();
        let settings = LeakSettings {
            limit: Some(1199.0),
            ..LeakSettings::default()
        };
        let text = leak(&samples, &[], &settings).to_string();
        assert_eq!(
            text,
            "leak: 70 points of the longest of 1 runs; +60.0000 a minute, 95 % interval [+60.0000, +60.0000] \
             (Theil-Sen), p < 0.0001 (Mann-Kendall, corrected for autocorrelation); +338.2 % over the horizon; the \
             limit is reached in 100 s"
        );
        assert_eq!(
            leak(&[], &[], &settings).to_string(),
            "too short to say: 0 points of the longest of 0 runs"
        );
    }

    #[test]
    fn the_list_of_suspects_ends_with_a_warning() {
        let suspect = Suspicion {
            name: "dns-error".to_owned(),
            score: 0.91,
            precision: 0.8,
            recall: 1.0,
            correlation: 0.9,
            lag_seconds: Some(4.2),
            label_match: 1.0,
            p: 0.003,
        };
        assert_eq!(
            suspects_text(&[suspect]),
            "suspect    score  precision  recall  correlation   lag  labels       p\n\
             dns-error   0.91       0.80    1.00         0.90   4 s    1.00  0.0030\n\
             Correlation, not cause: check the first suspect, do not convict it.\n"
        );
    }
}
