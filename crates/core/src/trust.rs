//! Which workers a client trusts with private jobs, and the codes by which trust is given.

use crate::change::{Change, Record, RecordChange};
use crate::hash::Sha256;
use crate::id::{ClientId, Version, WorkerId};
use crate::refusal::Refusal;
use crate::time::{Millis, Timestamp};

/// How long a pairing code may be claimed.
pub const PAIRING_LIFETIME: Millis = Millis::hours(1);

/// A code that a client shows to the owner of a worker. Only its digest is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pairing {
    /// The digest of the code.
    pub code: Sha256,
    /// Who trusts.
    pub client: ClientId,
    /// Until when.
    pub expires_at: Timestamp,
    /// Who claimed it, if somebody did.
    pub claimed_by: Option<WorkerId>,
    /// Guards every write.
    pub version: Version,
}

/// A client's trust in a worker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trust {
    /// Who trusts.
    pub client: ClientId,
    /// Whom.
    pub worker: WorkerId,
    /// Since when.
    pub since: Timestamp,
}

impl Pairing {
    /// A new code, as the change that stores it.
    pub fn create(code: Sha256, client: ClientId, now: Timestamp) -> (Timestamp, Change) {
        let expires_at = now + PAIRING_LIFETIME;
        let pairing = Self { code, client, expires_at, claimed_by: None, version: Version(1) };
        (expires_at, Change::of_record(Version::NONE, Record::Pairing(pairing), now))
    }

    /// A worker's owner claims the code: a code is good for one worker, once.
    pub fn claim(&self, worker: WorkerId, now: Timestamp) -> Result<Change, Refusal> {
        if self.claimed_by.is_some() {
            return Err(Refusal::PairingClaimed);
        }
        if now >= self.expires_at {
            return Err(Refusal::PairingExpired);
        }
        let claimed = Self { claimed_by: Some(worker), version: self.version.next(), ..self.clone() };
        let trust = Trust { client: self.client.clone(), worker, since: now };
        let mut change = Change::of_record(self.version, Record::Pairing(claimed), now);
        change.records.push(RecordChange { before: Version::NONE, after: Record::Trust(trust) });
        Ok(change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_claimed_once_and_in_time() {
        let (expires_at, change) = Pairing::create(Sha256([0; 32]), ClientId("ann".into()), Timestamp(0));
        let Record::Pairing(pairing) = &change.records[0].after else { panic!("a pairing is stored") };
        let worker = WorkerId([1; 32]);
        assert_eq!(pairing.claim(worker, expires_at), Err(Refusal::PairingExpired));
        let claimed = pairing.claim(worker, Timestamp(1)).unwrap();
        let Record::Pairing(after) = &claimed.records[0].after else { panic!("a pairing is stored") };
        assert_eq!(after.claim(worker, Timestamp(2)), Err(Refusal::PairingClaimed));
    }
}
