//! When requests are due: the mathematics of a profile.
//!
//! A profile is a rate over time, made of straight pieces. Its integral N(t) is the number of
//! arrivals up to t, and arrival number n is due where N reaches n. Due times are *computed*, never
//! summed up from pauses: an error made once stays one error, and a late release does not shift
//! what follows.
//!
//! Poisson arrivals are the same thing with another counter: instead of 0, 1, 2, … the integral has
//! to reach sums of exponential pauses with mean 1 (the time-rescaling theorem). So a random
//! profile follows the same ramp.

use std::time::Duration;

use crate::random::Random;

/// A rate that goes from one value to another in a straight line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Piece {
    /// Seconds, more than 0.
    pub(crate) seconds: f64,
    /// Arrivals per second at its beginning and at its end, 0 or more.
    pub(crate) from: f64,
    pub(crate) to: f64,
}

impl Piece {
    fn arrivals(self) -> f64 {
        (self.from + self.to) / 2.0 * self.seconds
    }

    /// Arrivals in the first `t` seconds: the definition that tests hold the inverse against.
    #[cfg(test)]
    fn arrivals_until(self, t: f64) -> f64 {
        self.from * t + (self.to - self.from) / self.seconds * t * t / 2.0
    }

    /// The inverse: seconds until `arrivals` have come. Solved in the form that does not subtract
    /// two nearly equal numbers when the ramp is almost flat.
    fn seconds_until(self, arrivals: f64) -> f64 {
        let slope = (self.to - self.from) / self.seconds;
        let root = (self.from * self.from + 2.0 * slope * arrivals).max(0.0).sqrt();
        let t = 2.0 * arrivals / (self.from + root);
        // 0 arrivals into a ramp that begins at 0: 0/0.
        if t.is_finite() { t.min(self.seconds) } else { 0.0 }
    }
}

/// The rate over the whole run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Schedule {
    pieces: Vec<Piece>,
}

/// Floating-point sums miss whole numbers by less than this, for up to a thousand million arrivals.
const ROUNDING: f64 = 1e-6;

impl Schedule {
    pub(crate) fn new(pieces: Vec<Piece>) -> Self {
        Self { pieces }
    }

    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.pieces.iter().map(|piece| piece.seconds).sum())
    }

    /// The highest rate, per second.
    pub(crate) fn peak(&self) -> f64 {
        self.pieces.iter().flat_map(|piece| [piece.from, piece.to]).fold(0.0, f64::max)
    }

    /// Arrivals in the whole run, as the integral of the rate.
    #[cfg(test)]
    pub(crate) fn total(&self) -> f64 {
        self.pieces.iter().map(|piece| piece.arrivals()).sum()
    }

    /// The same shape with another peak and another length.
    pub(crate) fn scaled(&self, rate_factor: f64, time_factor: f64) -> Self {
        let scale = |piece: &Piece| Piece {
            seconds: piece.seconds * time_factor,
            from: piece.from * rate_factor,
            to: piece.to * rate_factor,
        };
        Self::new(self.pieces.iter().map(scale).collect())
    }

    /// The integral of the rate over the first `t` seconds.
    #[cfg(test)]
    pub(crate) fn arrivals_until(&self, t: f64) -> f64 {
        let mut begin = 0.0;
        let mut arrivals = 0.0;
        for piece in &self.pieces {
            let inside = (t - begin).clamp(0.0, piece.seconds);
            arrivals += piece.arrivals_until(inside);
            begin += piece.seconds;
        }
        arrivals
    }

    /// Due times at even distances, or at random ones with the same rate if there is a seed.
    pub(crate) fn due_times(&self, poisson: Option<u64>) -> DueTimes {
        DueTimes {
            schedule: self.clone(),
            piece: 0,
            begin: 0.0,
            arrivals_before: 0.0,
            target: 0.0,
            started: false,
            random: poisson.map(Random::seeded),
        }
    }
}

/// Iterates over the due times of one run, counted from its start. Walks the pieces once: O(1) per
/// arrival.
#[derive(Debug)]
pub(crate) struct DueTimes {
    schedule: Schedule,
    piece: usize,
    /// Where the current piece begins, in seconds and in arrivals.
    begin: f64,
    arrivals_before: f64,
    /// What the integral has to reach next.
    target: f64,
    started: bool,
    random: Option<Random>,
}

impl Iterator for DueTimes {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.target += match &mut self.random {
            Some(random) => random.pause(),
            // The first of the even arrivals is due at once.
            None if self.started => 1.0,
            None => 0.0,
        };
        self.started = true;
        loop {
            let piece = *self.schedule.pieces.get(self.piece)?;
            let inside = self.target - self.arrivals_before;
            if inside < piece.arrivals() - ROUNDING {
                let seconds = self.begin + piece.seconds_until(inside.max(0.0));
                return Some(Duration::from_secs_f64(seconds));
            }
            self.arrivals_before += piece.arrivals();
            self.begin += piece.seconds;
            self.piece += 1;
        }
    }
}

#[cfg(test)]
mod tests;
