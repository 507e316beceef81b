//! Random numbers that are the same on every machine and in every version, so that a seed repeats a
//! run.
//!
//! SplitMix64 (Steele, Lea, Flood 2014): one addition and three mixing steps. Plenty for arrival
//! times and trace ids, useless for secrets.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// A stream that nobody can repeat: the standard library asks the kernel for its hash keys.
    pub(crate) fn unrepeatable() -> Self {
        Self(RandomState::new().build_hasher().finish())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Uniform, 0 <= x < 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        // A double holds 53 bits exactly.
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform, 0 <= n < bound, but for a bias that nobody can measure while `bound` is small.
    ///
    /// # Panics
    /// If `bound` is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// One of them, if there are any.
    pub(crate) fn one<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        if all.is_empty() { None } else { Some(&all[self.below(all.len() as u64) as usize]) }
    }

    /// Exponential with mean 1: the pause between two independent arrivals.
    pub(crate) fn pause(&mut self) -> f64 {
        -(1.0 - self.fraction()).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_sequence_is_produced() {
        let mut random = Random::seeded(1_234_567);
        let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973];
        assert_eq!([random.next(), random.next()], expected);
    }

    #[test]
    fn fractions_are_spread_evenly_and_pauses_have_mean_one() {
        let mut random = Random::seeded(7);
        let (mut fractions, mut pauses) = (0.0, 0.0);
        for _ in 0..100_000 {
            fractions += random.fraction();
            pauses += random.pause();
        }
        assert!((fractions / 1e5 - 0.5).abs() < 0.01, "{fractions}");
        assert!((pauses / 1e5 - 1.0).abs() < 0.01, "{pauses}");
    }

    #[test]
    fn two_unrepeatable_streams_differ() {
        assert_ne!(Random::unrepeatable().next(), Random::unrepeatable().next());
    }
}
