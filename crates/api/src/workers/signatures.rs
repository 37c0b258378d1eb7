//! Signatures that arrive at about the same time are judged together.

use docket_protocol::keys::{Claim, all_hold};
use std::collections::BTreeSet;
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
        let verdicts = judge(&waiting);
        for (waiting, verdict) in waiting.into_iter().zip(verdicts) {
            let _ = waiting.verdict.send(verdict); // Who has gone away needs no verdict.
        }
        told.await.unwrap_or(false)
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A verdict for each. One liar among them costs the others nothing but time.
fn judge(waiting: &[Waiting]) -> Vec<bool> {
    let lies: BTreeSet<&Claim> = distinct(waiting)
        .chunks(TOGETHER)
        .filter(|together| !all_hold(together))
        .flatten()
        .filter(|claim| !claim.holds())
        .copied()
        .collect();
    waiting.iter().map(|waiting| waiting.claims.iter().all(|claim| !lies.contains(claim))).collect()
}

/// All claims, each once: receipts that were signed together make the same.
fn distinct(waiting: &[Waiting]) -> Vec<&Claim> {
    let claims: BTreeSet<&Claim> = waiting.iter().flat_map(|waiting| &waiting.claims).collect();
    claims.into_iter().collect()
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
    async fn who_shares_a_lie_is_refused_with_it_and_nobody_else() {
        let signatures = Arc::new(Signatures::default());
        let verdicts = (0..60_u8).map(|number| {
            let shared = claim(1, "all", if number < 30 { "all" } else { "another" });
            let claims = vec![claim(1, &number.to_string(), &number.to_string()), shared];
            let signatures = signatures.clone();
            tokio::spawn(async move { signatures.hold(claims).await })
        });
        let verdicts: Vec<_> = verdicts.collect();
        for (number, verdict) in verdicts.into_iter().enumerate() {
            assert_eq!(verdict.await.unwrap(), number < 30, "{number}");
        }
    }

    #[test]
    fn what_is_claimed_often_is_judged_once() {
        let waiting = |number: u8| Waiting {
            claims: vec![claim(number, "short", "short"), claim(1, "all", "all")],
            verdict: oneshot::channel().0,
        };
        let waiting = [1, 2, 3].map(waiting);
        assert_eq!(distinct(&waiting).len(), 4);
        assert_eq!(judge(&waiting), [true; 3]);
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
