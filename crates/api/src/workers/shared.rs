//! What a connection's receipts share: signatures over several of them that were found true.

use docket_protocol::keys::Claim;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// So many are remembered. The receipts of one signature come one after another, so that few are ever in the air.
const LAST: usize = 4;

/// The last claims of a connection that were proven and may stand under more of its receipts.
#[derive(Default)]
pub(super) struct Shared(Mutex<VecDeque<Claim>>);

impl Shared {
    /// Whether this very claim, key, message and signature, was proven lately.
    pub(super) fn is_proven(&self, claim: &Claim) -> bool {
        self.locked().contains(claim)
    }

    /// Remembers a claim that was proven.
    pub(super) fn prove(&self, claim: Claim) {
        let mut proven = self.locked();
        if !proven.contains(&claim) {
            if proven.len() == LAST {
                proven.pop_front();
            }
            proven.push_back(claim);
        }
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, VecDeque<Claim>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use docket_protocol::keys::SigningKey;

    #[test]
    fn the_last_few_are_remembered_each_once() {
        let key = SigningKey::from_seed(&[1; 32]);
        let claim = |number: u8| Claim::new(&key.public_key(), &[number], &key.sign(&[number]));
        let shared = Shared::default();
        for number in [0, 1, 1, 2, 3, 4] {
            shared.prove(claim(number));
        }
        let remembered = [0, 1, 2, 3, 4, 5].map(|number| shared.is_proven(&claim(number)));
        assert_eq!(remembered, [false, true, true, true, true, false]);
        let forged = Claim::new(&key.public_key(), &[4], &key.sign(&[3]));
        assert!(!shared.is_proven(&forged), "the message alone says nothing");
    }
}
