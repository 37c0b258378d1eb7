//! Signatures that arrive at about the same time are judged together.

use docket_protocol::keys::{Claim, all_hold};
use std::mem::take;
use std::sync::{Mutex, PoisonError};
use tokio::sync::oneshot;

/// At most so many claims are judged in one go; more would hold up the thread's other work.
const TOGETHER: usize = 32;

/// What was signed and is not judged yet.
#[derive(Default)]
pub(crate) struct Signatures {
    waiting: Mutex<Vec<Waiting>>,
}

struct Waiting {
    claims: Vec<Claim>,
    verdict: oneshot::Sender<bool>,
}

impl Signatures {
    /// Whether all these claims are true, whatever else is judged with them.
    ///
    /// Each caller lets the tasks that are ready go first and then judges everything that has come by then; who finds
    /// nothing left was judged by another.
    pub(crate) async fn hold(&self, claims: Vec<Claim>) -> bool {
        let (verdict, told) = oneshot::channel();
        self.locked().push(Waiting { claims, verdict });
        tokio::task::yield_now().await;
        let waiting = take(&mut *self.locked());
        let mut rest = waiting.as_slice();
        let mut verdicts = Vec::with_capacity(waiting.len());
        while !rest.is_empty() {
            let (batch, later) = rest.split_at(batch_length(rest));
            verdicts.extend(judge(batch));
            rest = later;
        }
        for (waiting, verdict) in waiting.into_iter().zip(verdicts) {
            let _ = waiting.verdict.send(verdict); // Who has gone away needs no verdict.
        }
        told.await.unwrap_or(false)
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many of these are judged in one go: one at least.
fn batch_length(waiting: &[Waiting]) -> usize {
    let mut claims = 0;
    let fit = waiting.iter().take_while(|waiting| {
        claims += waiting.claims.len();
        claims <= TOGETHER
    });
    fit.count().max(1)
}

/// A verdict for each. One liar among them costs the others nothing but time.
fn judge(batch: &[Waiting]) -> Vec<bool> {
    let all: Vec<&Claim> = batch.iter().flat_map(|waiting| &waiting.claims).collect();
    if all_hold(&all) {
        return vec![true; batch.len()];
    }
    batch.iter().map(|waiting| waiting.claims.iter().all(Claim::holds)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use docket_protocol::keys::SigningKey;
    use std::sync::Arc;

    fn claim(seed: u8, message: &str, signed: &str) -> Claim {
        let key = SigningKey::from_seed(&[seed; 32]);
        Claim::new(&key.public_key(), message.as_bytes(), &key.sign(signed.as_bytes()))
    }

    #[tokio::test]
    async fn a_liar_among_many_is_the_only_one_refused() {
        let signatures = Arc::new(Signatures::default());
        let verdicts = (0..100_u8).map(|number| {
            let signed = if number == 57 { "another" } else { "full" };
            let claims = vec![claim(number % 3, "short", "short"), claim(number % 3, "full", signed)];
            let signatures = signatures.clone();
            tokio::spawn(async move { signatures.hold(claims).await })
        });
        let verdicts: Vec<_> = verdicts.collect();
        for (number, verdict) in verdicts.into_iter().enumerate() {
            assert_eq!(verdict.await.unwrap(), number != 57, "{number}");
        }
    }

    #[tokio::test]
    async fn who_goes_away_leaves_the_others_their_verdict() {
        let signatures = Arc::new(Signatures::default());
        let hold = |signed: &'static str| {
            let signatures = signatures.clone();
            tokio::spawn(async move { signatures.hold(vec![claim(1, "text", signed)]).await })
        };
        let (gone, stays, lies) = (hold("text"), hold("text"), hold("lie"));
        gone.abort();
        assert!(stays.await.unwrap());
        assert!(!lies.await.unwrap());
    }
}
