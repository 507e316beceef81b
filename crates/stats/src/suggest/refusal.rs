//! Why no target is proposed, and what to do about it.

use slo::{Decimal, Period};

/// Why nothing is proposed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// A backtest of one window is an anecdote.
    #[error(
        "the history is {found:.1} windows long, 1.5 are needed; collect more, look further back or ask for a shorter window"
    )]
    TooShort {
        /// Time with data, in windows.
        found: f64,
    },
    /// Not even the loosest target could be proven.
    #[error(
        "there are {found:.0} events in a window, {needed:.0} are needed to prove 90 %; use Timeslices or a longer window"
    )]
    TooFewEvents {
        /// Events in an average window.
        found: f64,
        /// Events that prove the loosest target.
        needed: f64,
    },
    /// Below 90 % an objective describes an outage.
    #[error(
        "a window may be as bad as {low:.4}, below the loosest target 0.9; repair the service first"
    )]
    TooBad {
        /// Lower end of the confidence interval.
        low: f64,
    },
    /// Targets are kept that no alert could page for: in a long window, even the fastest burn rate
    /// is more than all errors.
    #[error(
        "{target} is kept, but nothing can page for it in a window of {window}: the fastest alert would need more errors than \
         there are events; ask for a shorter window"
    )]
    CannotPage {
        /// The tightest target that history and traffic support.
        target: Decimal,
        /// Period that was asked for.
        window: Period,
    },
    /// Good above total, negative or not finite.
    #[error(
        "slice {index} has impossible counts: more good or bad events than events, or fewer than none; correct the indicator"
    )]
    Impossible {
        /// Number of the slice, from 0.
        index: usize,
    },
}
