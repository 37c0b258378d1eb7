//! The **simulated** enclave of this process, where one is served.

use docket_attestation::Key;
use docket_enclave::{Enclave, Market};
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// How far a simulated price swings around its middle, in hundredths of a percent.
const SWING_BPS: u16 = 2_000;

/// A simulated enclave of this process. Its jobs live in memory.
pub struct SimulatedEnclave {
    enclave: Mutex<Enclave>,
    key: Key,
}

impl fmt::Debug for SimulatedEnclave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatedEnclave").field("key", &self.key).finish_non_exhaustive()
    }
}

impl SimulatedEnclave {
    /// An enclave whose keys and prices follow from a seed. `None` for the one seed in 2^127 that gives no keys.
    pub fn new(seed: &[u8; 32]) -> Option<Self> {
        let prices = u64::from_le_bytes(seed[..8].try_into().unwrap_or_default());
        let enclave = Enclave::new(seed, Market::new(prices, SWING_BPS))?;
        let key = enclave.key();
        Some(Self { enclave: Mutex::new(enclave), key })
    }

    /// The key that signs its reports.
    pub const fn key(&self) -> Key {
        self.key
    }

    /// Asks it something. No answer takes long.
    pub(crate) fn with<T>(&self, ask: impl FnOnce(&mut Enclave) -> T) -> T {
        ask(&mut self.enclave.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
