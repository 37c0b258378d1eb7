//! Pairs clients with workers that they trust with private jobs.

use crate::engine::Engine;
use crate::error::EngineError;
use docket_core::hash::Sha256;
use docket_core::id::{ClientId, WorkerId};
use docket_core::refusal::Refusal;
use docket_core::time::{Millis, Timestamp};
use docket_core::trust::Pairing;
use docket_store::{CommitError, Documents};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// So many wrong codes from one source in an hour, and no more of its codes are looked at.
const WRONG_FROM_ONE: u32 = 20;
/// So many from all sources. A code has 24 bits: with this bound an hour finds one of a few open codes
/// in less than one of a thousand markets, and it takes a hundred sources to lock out everybody.
const WRONG_FROM_ALL: u32 = 2_000;
const WINDOW: Millis = Millis::hours(1);
/// So many codes are tried before one that was never given.
const CODES: usize = 16;

/// Counts wrong codes of the present hour, by source.
#[derive(Default)]
pub(crate) struct Guesses(Mutex<Wrong>);

#[derive(Default)]
struct Wrong {
    since: Timestamp,
    all: u32,
    by_source: HashMap<IpAddr, u32>,
}

/// A new pairing code.
#[derive(Clone, Debug)]
pub struct NewPairing {
    /// Six upper-case hexadecimal digits. Only its digest is kept.
    pub code: String,
    /// Until when it may be claimed.
    pub expires_at: Timestamp,
}

impl Guesses {
    fn check(&self, source: IpAddr, now: Timestamp) -> Result<(), Refusal> {
        let wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let by_source = wrong.by_source.get(&source).copied().unwrap_or_default();
        let full = by_source >= WRONG_FROM_ONE || wrong.all >= WRONG_FROM_ALL;
        if full && now.since(wrong.since) < WINDOW { Err(Refusal::PairingLocked) } else { Ok(()) }
    }

    fn count(&self, source: IpAddr, now: Timestamp) {
        let mut wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now.since(wrong.since) >= WINDOW {
            *wrong = Wrong { since: now, ..Wrong::default() };
        }
        wrong.all += 1;
        *wrong.by_source.entry(source).or_default() += 1;
    }
}

impl Engine {
    /// A code by which a worker's owner can win a client's trust.
    pub async fn create_pairing(&self, client: ClientId) -> Result<NewPairing, EngineError> {
        for _ in 0..CODES {
            let [a, b, c] = self.entropy.bytes();
            let code = format!("{a:02X}{b:02X}{c:02X}");
            let (expires_at, change) = Pairing::create(digest(&code), client.clone(), self.clock.now());
            match self.commit(change, Documents::default()).await {
                Ok(_) => return Ok(NewPairing { code, expires_at }),
                Err(CommitError::Conflict) => {} // This code was given before.
                Err(error) => return Err(error.into()),
            }
        }
        Err(EngineError::Busy)
    }

    /// Claims a code for a worker; answers whose trust it has won. `source` is who asks, for counting wrong codes.
    pub async fn claim_pairing(
        &self,
        code: &str,
        worker: WorkerId,
        source: IpAddr,
    ) -> Result<(ClientId, Timestamp), EngineError> {
        let now = self.clock.now();
        self.guesses.check(source, now)?;
        let Some(pairing) = self.store.pairing(digest(code)).await? else {
            self.guesses.count(source, now);
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
