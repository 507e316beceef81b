//! Production time and stage time.

use crate::span::Span;

/// Which clock the rules run on. Both are compiled from the same objectives, and alarm alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// Windows as written; rules are evaluated every 30 seconds.
    Real,
    /// An hour takes a minute: windows and slices are divided by 60, rules are evaluated every
    /// second.
    Stage,
}

impl Clock {
    /// How long a nominal span takes on this clock; slices use it as it is, at least one second.
    pub fn length(self, nominal: Span) -> Span {
        match self {
            Self::Real => nominal,
            Self::Stage => Span::from_millis(nominal.as_millis() / 60).max(Span::seconds(1)),
        }
    }

    /// The range to write behind a selector: at least two scrapes of one second on the stage.
    pub fn range(self, nominal: Span) -> Span {
        match self {
            Self::Real => nominal,
            Self::Stage => self.length(nominal).max(Span::seconds(2)),
        }
    }

    /// How often rules are evaluated.
    pub fn interval(self) -> Span {
        match self {
            Self::Real => Span::seconds(30),
            Self::Stage => Span::seconds(1),
        }
    }

    /// `real` or `stage`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Stage => "stage",
        }
    }
}
