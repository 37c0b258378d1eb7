//! The one place that draws random numbers.

use std::fmt;
use std::sync::{Mutex, PoisonError};

/// A source of random bytes.
#[derive(Debug)]
pub struct Entropy(Kind);

#[derive(Debug)]
enum Kind {
    /// The operating system's, drawn in whole buffers.
    System(Mutex<Drawn>),
    /// A repeatable one, for simulations.
    Seeded(Mutex<u64>),
}

/// How many bytes are drawn at a time.
const AT_ONCE: usize = 256;

/// Random bytes that were drawn and are not used yet. Each is given out once.
struct Drawn(Vec<u8>);

impl Drawn {
    fn give(&mut self, out: &mut [u8]) {
        if self.0.len() < out.len() {
            self.0.resize(AT_ONCE, 0);
            getrandom::fill(&mut self.0).expect("the operating system gives random bytes");
        }
        let left = self.0.len() - out.len();
        out.copy_from_slice(&self.0[left..]);
        self.0[left..].fill(0);
        self.0.truncate(left);
    }
}

impl fmt::Debug for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Drawn")
    }
}

impl Entropy {
    /// The operating system's source.
    pub const fn system() -> Self {
        Self(Kind::System(Mutex::new(Drawn(Vec::new()))))
    }

    /// The same numbers for the same seed.
    pub const fn seeded(seed: u64) -> Self {
        Self(Kind::Seeded(Mutex::new(seed)))
    }

    /// Random bytes. A machine without a source of randomness cannot run a market: this panics there.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        const { assert!(N <= AT_ONCE, "more than is drawn at a time") };
        let mut bytes = [0; N];
        match &self.0 {
            Kind::System(drawn) => drawn.lock().unwrap_or_else(PoisonError::into_inner).give(&mut bytes),
            Kind::Seeded(state) => {
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                for chunk in bytes.chunks_mut(8) {
                    let word = split_mix(&mut state).to_le_bytes();
                    chunk.copy_from_slice(&word[..chunk.len()]);
                }
            }
        }
        bytes
    }

    /// A random number.
    pub fn number(&self) -> u64 {
        u64::from_le_bytes(self.bytes())
    }
}

/// SplitMix64: one step, and its output.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_the_system_does_not() {
        let draw = |entropy: Entropy| [entropy.number(), entropy.number()];
        assert_eq!(draw(Entropy::seeded(7)), draw(Entropy::seeded(7)));
        assert_ne!(draw(Entropy::seeded(7)), draw(Entropy::seeded(8)));
        assert_ne!(draw(Entropy::system()), draw(Entropy::system()));
        let system = Entropy::system();
        let drawn: std::collections::HashSet<[u8; 24]> = (0..1_000).map(|_| system.bytes()).collect();
        assert_eq!(drawn.len(), 1_000);
        assert!(!drawn.contains(&[0; 24]));
    }
}
