//! Pairs clients with workers that they trust with private jobs.

use crate::engine::Engine;
use crate::error::EngineError;
use docket_core::hash::Sha256;
use docket_core::id::{ClientId, WorkerId};
use docket_core::refusal::Refusal;
use docket_core::time::{Millis, Timestamp};
use docket_core::trust::Pairing;
use docket_store::Documents;
use std::sync::{Mutex, PoisonError};

/// So many wrong codes in an hour, and no more are looked at: a code has 24 bits, so guessing one of
/// a few open codes takes millions of tries.
const WRONG_CODES: u32 = 100;
const WINDOW: Millis = Millis::hours(1);

/// Counts wrong codes.
#[derive(Default)]
pub(crate) struct Guesses(Mutex<(Timestamp, u32)>);

/// A new pairing code.
#[derive(Clone, Debug)]
pub struct NewPairing {
    /// Six upper-case hexadecimal digits. Only its digest is kept.
    pub code: String,
    /// Until when it may be claimed.
    pub expires_at: Timestamp,
}

impl Guesses {
    fn check(&self, now: Timestamp) -> Result<(), Refusal> {
        let (since, wrong) = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if wrong >= WRONG_CODES && now.since(since) < WINDOW { Err(Refusal::PairingLocked) } else { Ok(()) }
    }

    fn count(&self, now: Timestamp) {
        let mut guesses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now.since(guesses.0) >= WINDOW {
            *guesses = (now, 0);
        }
        guesses.1 += 1;
    }
}

impl Engine {
    /// A code by which a worker's owner can win a client's trust.
    pub async fn create_pairing(&self, client: ClientId) -> Result<NewPairing, EngineError> {
        let [a, b, c] = self.entropy.bytes();
        let code = format!("{a:02X}{b:02X}{c:02X}");
        let (expires_at, change) = Pairing::create(digest(&code), client, self.clock.now());
        self.commit(change, Documents::default()).await?;
        Ok(NewPairing { code, expires_at })
    }

    /// Claims a code for a worker; answers whose trust it has won.
    pub async fn claim_pairing(
        &self,
        code: &str,
        worker: WorkerId,
    ) -> Result<(ClientId, Timestamp), EngineError> {
        let now = self.clock.now();
        self.guesses.check(now)?;
        let Some(pairing) = self.store.pairing(digest(code)).await? else {
            self.guesses.count(now);
            return Err(Refusal::PairingUnknown.into());
        };
        let change = pairing.claim(worker, now)?;
        self.begin(|engine| async move {
            engine.commit(change, Documents::default()).await?;
            engine.offer_room();
            Ok((pairing.client, now))
        })
        .await
    }
}

/// Codes are compared without regard to case.
fn digest(code: &str) -> Sha256 {
    Sha256::of(code.to_ascii_uppercase().as_bytes())
}
