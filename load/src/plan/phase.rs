//! The phases of a profile, and the straight pieces of rate that they are made of.

use serde::Deserialize;

use super::{field_error::FieldError, schedule::Piece};
use crate::duration::{BadDuration, parse_duration};

/// Arrivals per second that no profile may exceed; one machine makes far fewer.
pub(crate) const MAX_RATE: f64 = 1e6;

/// A part of a profile. Rates in requests per second, times as `30s`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Phase {
    /// The same rate all the time.
    Constant(Constant),
    /// From one rate to another in a straight line.
    Ramp(Ramp),
    /// From one rate to another in steps.
    Step(Step),
    /// A low rate, interrupted by a high one.
    Spike(Spike),
}

/// The same rate all the time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Constant {
    pub(crate) rate: f64,
    pub(crate) r#for: String,
}

/// From one rate to another in a straight line.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ramp {
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) r#for: String,
}

/// Holds `from` for the time `every`, then `from + by`, and so on up to (or down to) `to`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) by: f64,
    pub(crate) every: String,
}

/// `base` for the time `before`, `peak` for the time `for`, `base` again for the time `after`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spike {
    pub(crate) base: f64,
    pub(crate) peak: f64,
    pub(crate) before: String,
    pub(crate) r#for: String,
    pub(crate) after: String,
}

impl Phase {
    /// Checks the phase and adds its pieces; `at` is the place in the file.
    pub(crate) fn append_to(&self, pieces: &mut Vec<Piece>, at: &str) -> Result<(), FieldError> {
        match self {
            Self::Constant(phase) => {
                let rate = rate(phase.rate, at, "constant.rate")?;
                pieces.push(Piece {
                    seconds: seconds(&phase.r#for, at, "constant.for")?,
                    from: rate,
                    to: rate,
                });
            }
            Self::Ramp(phase) => pieces.push(Piece {
                seconds: seconds(&phase.r#for, at, "ramp.for")?,
                from: rate(phase.from, at, "ramp.from")?,
                to: rate(phase.to, at, "ramp.to")?,
            }),
            Self::Step(phase) => phase.append_to(pieces, at)?,
            Self::Spike(phase) => {
                let base = rate(phase.base, at, "spike.base")?;
                let peak = rate(phase.peak, at, "spike.peak")?;
                for (rate, time, field) in [
                    (base, &phase.before, "spike.before"),
                    (peak, &phase.r#for, "spike.for"),
                    (base, &phase.after, "spike.after"),
                ] {
                    pieces.push(Piece { seconds: seconds(time, at, field)?, from: rate, to: rate });
                }
            }
        }
        Ok(())
    }
}

impl Step {
    fn append_to(&self, pieces: &mut Vec<Piece>, at: &str) -> Result<(), FieldError> {
        let from = rate(self.from, at, "step.from")?;
        let to = rate(self.to, at, "step.to")?;
        let by = rate(self.by, at, "step.by")?;
        let seconds = seconds(&self.every, at, "step.every")?;
        // One step more for a remainder that `by` does not divide: the last step is always `to`.
        let steps = ((to - from).abs() / by).ceil();
        if by == 0.0 || steps > 10_000.0 {
            return Err(FieldError::new(
                &format!("{at}.step.by"),
                format!("{} is too small", self.by),
                "take at most 10000 steps",
            ));
        }
        for step in 0..=steps as u32 {
            let distance = (by * f64::from(step)).min((to - from).abs());
            let rate = from + distance * (to - from).signum();
            pieces.push(Piece { seconds, from: rate, to: rate });
        }
        Ok(())
    }
}

fn rate(rate: f64, at: &str, field: &str) -> Result<f64, FieldError> {
    if (0.0..=MAX_RATE).contains(&rate) {
        return Ok(rate);
    }
    Err(FieldError::new(
        &format!("{at}.{field}"),
        format!("{rate} is not a rate"),
        "write requests per second, 0 to 1000000",
    ))
}

fn seconds(text: &str, at: &str, field: &str) -> Result<f64, FieldError> {
    let remedy = "a phase lasts 1ms or longer";
    match parse_duration(text) {
        Ok(time) if time.as_micros() >= 1000 => Ok(time.as_secs_f64()),
        Ok(_) => {
            Err(FieldError::new(&format!("{at}.{field}"), format!("{text} is too short"), remedy))
        }
        Err(error @ BadDuration(_)) => {
            Err(FieldError::new(&format!("{at}.{field}"), error, remedy))
        }
    }
}
