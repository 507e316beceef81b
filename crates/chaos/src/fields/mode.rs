//! How many of the matching pods an experiment takes.

use rand::Rng;
use rand::seq::index;
use serde::{Deserialize, Serialize};

use crate::fields::problem::Problem;

/// The `mode` field; the numeric modes read the `value` field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// One pod at random.
    One,
    /// Every pod.
    All,
    /// `value` pods at random, or all when there are fewer.
    Fixed,
    /// `value` percent of the pods, rounded up.
    FixedPercent,
    /// A percentage drawn from 0 to `value`, rounded up; a draw of 0 takes no pod.
    RandomMaxPercent,
}

impl Mode {
    /// Reads `value` as this mode needs it: 0 when the mode takes none.
    ///
    /// # Errors
    /// `value` is missing, not a decimal integer, or out of range.
    pub fn parameter(self, value: &str) -> Result<u32, Problem> {
        let parsed = || value.parse::<u32>().ok();
        match self {
            Self::One | Self::All => Ok(0),
            Self::Fixed => parsed()
                .filter(|count| *count > 0)
                .ok_or_else(|| Problem::new("value", format!("`{value}` is not a count; mode fixed needs a string such as \"2\", at least \"1\""))),
            Self::FixedPercent | Self::RandomMaxPercent => parsed().filter(|percent| (1..=100).contains(percent)).ok_or_else(|| {
                Problem::new("value", format!("`{value}` is not a percentage; percent modes need a string from \"1\" to \"100\""))
            }),
        }
    }

    /// How many of `total` pods are taken at most: exactly this many, except for
    /// `random-max-percent`.
    #[must_use]
    pub fn at_most(self, parameter: u32, total: usize) -> usize {
        match self {
            Self::One => total.min(1),
            Self::All => total,
            Self::Fixed => total.min(parameter as usize),
            Self::FixedPercent | Self::RandomMaxPercent => percent_of(total, parameter),
        }
    }

    /// Draws the positions of the taken pods out of `0..total`, in ascending order.
    pub fn draw(self, parameter: u32, total: usize, rng: &mut impl Rng) -> Vec<usize> {
        let count = match self {
            Self::RandomMaxPercent => percent_of(total, rng.random_range(0..=parameter)),
            _ => self.at_most(parameter, total),
        };
        let mut taken = index::sample(rng, total, count).into_vec();
        taken.sort_unstable();
        taken
    }
}

/// `percent` of `total`, rounded up.
fn percent_of(total: usize, percent: u32) -> usize {
    (total * percent.min(100) as usize).div_ceil(100)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn a_percentage_of_three_pods_is_rounded_up() {
        let counts: Vec<usize> =
            [1, 33, 34, 50, 100].iter().map(|p| Mode::FixedPercent.at_most(*p, 3)).collect();
        assert_eq!(counts, [1, 1, 2, 2, 3]);
        assert_eq!(percent_of(3, 0), 0);
    }

    #[test]
    fn fixed_takes_no_more_pods_than_there_are() {
        assert_eq!(Mode::Fixed.at_most(5, 3), 3);
    }

    #[test]
    fn values_that_admission_refuses_are_refused() {
        assert!(Mode::Fixed.parameter("0").is_err());
        for bad in ["0", "101", "ten", "", "-1", "1.5"] {
            assert!(Mode::FixedPercent.parameter(bad).is_err(), "{bad}");
            assert!(Mode::RandomMaxPercent.parameter(bad).is_err(), "{bad}");
        }
        assert_eq!(Mode::One.parameter(""), Ok(0));
    }

    proptest! {
        #[test]
        fn a_draw_is_distinct_in_range_and_never_above_the_maximum(
            mode in prop::sample::select(vec![Mode::One, Mode::All, Mode::Fixed, Mode::FixedPercent, Mode::RandomMaxPercent]),
            parameter in 1..=100_u32, total in 0..300_usize, seed: u64,
        ) {
            let taken = mode.draw(parameter, total, &mut StdRng::seed_from_u64(seed));
            prop_assert!(taken.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(taken.iter().all(|position| *position < total));
            prop_assert!(taken.len() <= mode.at_most(parameter, total));
            if mode != Mode::RandomMaxPercent {
                prop_assert_eq!(taken.len(), mode.at_most(parameter, total));
            }
        }
    }
}
