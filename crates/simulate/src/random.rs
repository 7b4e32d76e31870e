//! Seeded chance. Every draw of the crate comes from here, so one seed gives one world.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::hash::mix;

/// A stream of chance. Independent parts of the world draw from independent streams, so that a change in one leaves the others alone.
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        Random(ChaCha8Rng::seed_from_u64(mix(seed, stream)))
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in `0..1`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Uniform in `0..n`; 0 when `n` is 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }

    /// Uniform in `low..=high`.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low).max(0) as usize + 1) as i64
    }

    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// Index drawn in proportion to its weight.
    pub(crate) fn weighted(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let mut rest = self.unit() * weights.clone().sum::<f64>();
        let mut last = 0;
        for (index, weight) in weights.enumerate() {
            last = index;
            rest -= weight;
            if rest < 0.0 {
                break;
            }
        }
        last
    }

    /// Index below `n`, early ones more often: the frequencies of names and of software versions.
    pub(crate) fn head_heavy(&mut self, n: usize) -> usize {
        let u = self.unit();
        ((u.powf(1.7) * n as f64) as usize).min(n.saturating_sub(1))
    }

    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    pub(crate) fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }

    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// Heavy-tailed: most draws near `least`, a few very large.
    pub(crate) fn pareto(&mut self, least: f64, alpha: f64) -> f64 {
        least / (1.0 - self.unit()).powf(1.0 / alpha)
    }

    pub(crate) fn letters(&mut self, alphabet: &str, count: usize) -> String {
        let bytes = alphabet.as_bytes();
        (0..count).map(|_| char::from(bytes[self.below(bytes.len())])).collect()
    }

    pub(crate) fn hex(&mut self, count: usize) -> String {
        self.letters("0123456789abcdef", count)
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_repeatable_and_independent() {
        let draws = |seed, stream| {
            let mut rng = Random::new(seed, stream);
            (0..4).map(|_| rng.bits()).collect::<Vec<_>>()
        };
        assert_eq!(draws(1, 2), draws(1, 2));
        assert_ne!(draws(1, 2), draws(1, 3));
        assert_ne!(draws(1, 2), draws(2, 1));
    }

    #[test]
    fn draws_stay_within_their_bounds() {
        let mut rng = Random::new(7, 0);
        for _ in 0..10_000 {
            assert!((0.0..1.0).contains(&rng.unit()));
            assert!(rng.below(3) < 3);
            assert!((-2..=2).contains(&rng.between(-2, 2)));
            assert!(rng.head_heavy(9) < 9);
            assert!(rng.weighted([1.0, 2.0].into_iter()) < 2);
            assert!(rng.log_normal(5.0, 1.0) > 0.0);
            assert!(rng.pareto(1.0, 1.2) >= 1.0);
        }
    }
}
