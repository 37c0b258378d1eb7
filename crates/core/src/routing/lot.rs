//! Chance, without any source of it: a worker's place among equals, and where a decision starts to look.

use crate::id::WorkerId;

/// A place on a circle of 2^64 places.
///
/// Of workers with the same score, the one first met has the job, going up from the place that the decision's
/// seed points at. In one decision the chance of a worker is the gap before it, so a worker must move
/// whenever it is given a job: then all gaps change all the time, and in the long run equals get equal
/// shares.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Lot(pub u64);

impl Lot {
    /// The place for a worker's next job.
    ///
    /// `turn` counts the jobs that it has been given. `secret` is the caller's and stays so, lest somebody
    /// looks for keys with good places.
    pub fn draw(secret: u64, worker: &WorkerId, turn: u64) -> Self {
        let (words, _) = worker.0.as_chunks();
        let start = mix(secret ^ mix(turn));
        Self(words.iter().fold(start, |lot, word| mix(lot ^ u64::from_le_bytes(*word))))
    }

    /// Where a decision with this seed starts to look. Seeds may be consecutive numbers.
    pub(super) const fn start(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// How far up the circle this place lies from `start`.
    pub(super) const fn distance(self, start: Self) -> u64 {
        self.0.wrapping_sub(start.0)
    }
}

/// The output function of SplitMix64: a bijection that spreads neighbouring numbers over all of 64 bits.
const fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mixing_is_that_of_splitmix64() {
        // The generator's published first outputs for the seed 1234567.
        let step = 0x9e37_79b9_7f4a_7c15_u64;
        assert_eq!(mix(1_234_567), 6_457_827_717_110_365_317);
        assert_eq!(mix(1_234_567_u64.wrapping_add(step)), 3_203_168_211_198_807_973);
    }

    #[test]
    fn a_lot_depends_on_the_secret_the_key_and_the_turn() {
        let worker = WorkerId([7; 32]);
        let lot = Lot::draw(1, &worker, 0);
        assert_eq!(lot, Lot::draw(1, &worker, 0));
        assert_ne!(lot, Lot::draw(2, &worker, 0));
        assert_ne!(lot, Lot::draw(1, &worker, 1));
        assert_ne!(lot, Lot::draw(1, &WorkerId([8; 32]), 0));
    }
}
