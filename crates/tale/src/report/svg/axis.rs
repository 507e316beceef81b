//! Axes with few, round marks: steps of 1, 2 or 5 times a power of ten.

/// A range of values and the distance of its marks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// The lowest value.
    pub(super) low: f64,
    /// The highest value; above `low`.
    pub(super) high: f64,
    /// The distance of two marks.
    pub(super) step: f64,
}

/// Beyond this a value is a mistake, and arithmetic on it no longer exact.
pub(super) const LARGEST: f64 = 1e15;

impl Axis {
    /// From 0 to exactly `seconds`, at most 8 steps.
    pub(super) fn time(seconds: f64) -> Self {
        let high = match seconds.is_finite() {
            true => seconds.clamp(1.0, LARGEST),
            false => 1.0,
        };
        Self { low: 0.0, high, step: round_step(high, 8.0) }
    }

    /// Around `values` in at most 5 steps of at least `finest`, with round ends. Values beyond
    /// [`LARGEST`] are ignored.
    ///
    /// Nought is included, unless all values crowd in the upper half: then a rise of a tenth would
    /// be hard to see from the back row. The range never shrinks below 40 % of the largest value,
    /// so noise does not look like a mountain.
    pub(super) fn values(values: impl Iterator<Item = f64>, finest: f64) -> Self {
        let drawn = values.filter(|value| drawable(*value));
        let (mut low, mut high) = drawn
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            });
        let size = low.abs().max(high.abs());
        if low > high || size < 1e-9 {
            (low, high) = (0.0, 1.0_f64.max(finest));
        } else if low > 0.5 * high {
            let room = (0.4 * high - (high - low)).max(0.0) / 2.0;
            (low, high) = (low - room, high + room);
        } else {
            (low, high) = (low.min(0.0), high.max(0.0));
        }
        let step = round_step(high - low, 5.0).max(finest);
        // A line along the frame would be hard to see, so a value on a mark gets half a step more.
        let top = (high / step + 0.25).ceil() * step;
        Self { low: (low / step + 1e-9).floor() * step, high: top, step }
    }

    /// The values with a mark, rising.
    pub(super) fn marks(&self) -> impl Iterator<Item = f64> {
        let first = (self.low / self.step - 1e-9).ceil();
        let count = ((self.high - first * self.step) / self.step + 1e-9).floor();
        let step = self.step;
        (0..=count.clamp(0.0, 20.0) as u32).map(move |index| (first + f64::from(index)) * step)
    }

    /// Where a value lies between the ends: 0 at `low`, 1 at `high`.
    pub(super) fn share(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

/// Whether a value can be put on an axis.
pub(super) fn drawable(value: f64) -> bool {
    value.is_finite() && value.abs() <= LARGEST
}

/// The smallest 1, 2 or 5 times a power of ten that needs at most `most` steps for `span`.
fn round_step(span: f64, most: f64) -> f64 {
    let least = span / most;
    let power = 10_f64.powf(least.log10().floor());
    let round = [1.0, 2.0, 5.0].into_iter().map(|digit| digit * power);
    round.into_iter().find(|step| *step >= least * (1.0 - 1e-9)).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn marks_are_steps_of_one_two_or_five() {
        let marks = |axis: Axis| axis.marks().collect::<Vec<_>>();
        assert_eq!(marks(Axis::time(66.0)), [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0]);
        let memory = Axis::values([9e6, 14e6].into_iter(), 1.0);
        assert_eq!(marks(memory), [8e6, 10e6, 12e6, 14e6, 16e6]);
        let errors = Axis::values([0.0, 4.0].into_iter(), 1.0);
        assert_eq!(marks(errors), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    }

    #[test]
    fn a_flat_line_does_not_look_like_a_mountain() {
        let axis = Axis::values([100.0, 101.0].into_iter(), 0.0);
        assert!(axis.high - axis.low >= 40.0, "{axis:?}");
    }

    #[test]
    fn no_values_make_an_axis_too() {
        let axis = Axis::values(std::iter::empty(), 0.0);
        assert!(axis.low == 0.0 && axis.high >= 1.0, "{axis:?}");
    }

    proptest! {
        #[test]
        fn every_value_is_within_an_axis_with_few_marks(values in prop::collection::vec(any::<f64>(), 0..20), finest in prop_oneof![Just(0.0), Just(1.0)]) {
            let axis = Axis::values(values.iter().copied(), finest);
            prop_assert!(axis.low < axis.high && axis.step > 0.0, "{axis:?}");
            let marks: Vec<f64> = axis.marks().collect();
            prop_assert!((2..=9).contains(&marks.len()), "{marks:?} of {axis:?}");
            for value in values.into_iter().filter(|value| drawable(*value)) {
                let hair = 1e-9 * (axis.high - axis.low);
                prop_assert!(axis.low - hair <= value && value <= axis.high + hair, "{value} outside {axis:?}");
            }
        }

        #[test]
        fn a_time_axis_has_at_most_nine_marks(seconds in any::<f64>()) {
            let axis = Axis::time(seconds);
            prop_assert!((1..=9).contains(&axis.marks().count()), "{axis:?}");
        }
    }
}
