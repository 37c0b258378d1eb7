//! Who is enrolled for jobs that ask for a class of hardware: with which address, for which class, and whether he may have
//! some now.
//!
//! Whether he is online is left to others: here stands only what lasts.

use crate::agent::identity::{Wallet, Word};
use crate::change::{Change, Claim, Record};
use crate::hash::Sha256;
use crate::id::{PublicId, Version, WorkerId};
use crate::refusal::Refusal;
use crate::time::{Millis, Timestamp};
use std::sync::Arc;

/// How long nobody comes back whom a challenge has refuted.
pub const BARRED: Millis = Millis::hours(1);

/// So many challenges in a row are to be passed by who comes back.
pub const TRIAL: u8 = 3;

/// An enrolment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Enrolment {
    /// Whose it is, and its name.
    pub wallet: Wallet,
    /// Who does the work: a key, or [`WorkerId::of_wallet`].
    pub worker: WorkerId,
    /// What he offers.
    pub offer: Offer,
    /// Whether he may have jobs.
    pub state: Activity,
    /// Since when he is enrolled.
    pub enrolled_at: Timestamp,
    /// When the owner signed what holds now: what he signed before that is overtaken.
    pub said_at: Timestamp,
    /// Guards every write.
    pub version: Version,
}

/// What somebody offers who enrols. Whoever writes it has bounded it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offer {
    /// Where jobs are sent, if he keeps no connection.
    pub endpoint: Option<Arc<str>>,
    /// The class of the hardware, at least 1.
    pub gpu_tier: u8,
    /// The models that he serves; empty where that is whatever his class can run.
    pub models: Vec<Arc<str>>,
    /// How many jobs he takes at a time.
    pub concurrency: u16,
}

/// Whether somebody who is enrolled may have jobs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Activity {
    /// He may.
    Active,
    /// He has gone.
    Left,
    /// A challenge has refuted him.
    Refuted {
        /// When.
        at: Timestamp,
    },
    /// He has come back after that: challenges are all that he is given.
    OnTrial {
        /// How many he has passed since.
        passed: u8,
    },
}

impl Activity {
    /// The name in the store and in tables.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Left => "left",
            Self::Refuted { .. } => "refuted",
            Self::OnTrial { .. } => "on_trial",
        }
    }

    /// Whether he may be challenged.
    pub const fn is_tested(&self) -> bool {
        matches!(self, Self::Active | Self::OnTrial { .. })
    }
}

impl Enrolment {
    /// Enrols somebody, or changes what he offers; `None` if all is so already.
    ///
    /// Who has gone is active again. Whom a challenge has refuted is on trial, once [`BARRED`] is over. Another worker takes
    /// the place of the one before it once that has gone: it is not online, or its owner has had it go. `online` says
    /// whether the one before is.
    ///
    /// # Errors
    /// [`Refusal::EnrolmentInUse`] if another worker has the place, [`Refusal::Overtaken`] if the owner has signed something
    /// else since, [`Refusal::Refuted`] before the way back is open.
    pub fn enrol(
        known: Option<&Self>,
        word: Word,
        worker: WorkerId,
        offer: Offer,
        online: bool,
        now: Timestamp,
    ) -> Result<Option<Change>, Refusal> {
        let Some(known) = known else {
            let new = Self {
                wallet: word.by,
                worker,
                offer,
                state: Activity::Active,
                enrolled_at: now,
                said_at: word.at,
                version: Version::NONE.next(),
            };
            let claim = Some(new.claim(word));
            return Ok(Some(Change {
                claim,
                ..Change::of_record(Version::NONE, Record::Enrolment(new), now)
            }));
        };
        let state = match known.state {
            Activity::Left => Activity::Active,
            Activity::Refuted { at } if now >= at + BARRED => Activity::OnTrial { passed: 0 },
            state => state,
        };
        let moves = known.worker != worker;
        if moves && online && known.state != Activity::Left {
            return Err(Refusal::EnrolmentInUse);
        }
        if !moves && known.offer == offer && known.state == state {
            return match state {
                Activity::Refuted { .. } => Err(Refusal::Refuted),
                _ => Ok(None),
            };
        }
        if word.at <= known.said_at {
            return Err(Refusal::Overtaken);
        }
        let after = Self { worker, offer, state, said_at: word.at, ..known.next() };
        let claim = moves.then(|| after.claim(word));
        Ok(Some(Change { claim, ..known.becomes(after, now) }))
    }

    /// He goes; `None` if he has gone already, or may not have jobs anyway.
    ///
    /// # Errors
    /// [`Refusal::Overtaken`] if the owner has signed something else since.
    pub fn leave(&self, word: Word, now: Timestamp) -> Result<Option<Change>, Refusal> {
        match self.state {
            // Whoever goes in the middle of a trial begins anew: going is no way around it.
            Activity::Left | Activity::Refuted { .. } => return Ok(None),
            Activity::Active | Activity::OnTrial { .. } if word.at <= self.said_at => {
                return Err(Refusal::Overtaken);
            }
            Activity::Active | Activity::OnTrial { .. } => {}
        }
        let state = match self.state {
            Activity::OnTrial { .. } => Activity::Refuted { at: Timestamp(now.0 - BARRED.0) },
            _ => Activity::Left,
        };
        Ok(Some(self.becomes(Self { state, said_at: word.at, ..self.next() }, now)))
    }

    /// What a challenge makes of him: who fails is refuted, and who passes is a step nearer to his way back. `None` if
    /// nothing changes.
    pub fn challenged(&self, passed: bool, now: Timestamp) -> Option<Self> {
        let state = match (passed, self.state) {
            (false, _) => Activity::Refuted { at: now },
            (true, Activity::OnTrial { passed }) if passed + 1 >= TRIAL => Activity::Active,
            (true, Activity::OnTrial { passed }) => Activity::OnTrial { passed: passed + 1 },
            (true, Activity::Active | Activity::Left | Activity::Refuted { .. }) => return None,
        };
        Some(Self { state, ..self.next() })
    }

    /// The operator lets him have jobs again at once whom a challenge has refuted; `None` if he may already.
    ///
    /// # Errors
    /// [`Refusal::HasLeft`] if he has gone by his own word: nobody else takes it back.
    pub fn reinstate(&self, now: Timestamp) -> Result<Option<Change>, Refusal> {
        match self.state {
            Activity::Active => Ok(None),
            Activity::Left => Err(Refusal::HasLeft),
            Activity::Refuted { .. } | Activity::OnTrial { .. } => {
                Ok(Some(self.becomes(Self { state: Activity::Active, ..self.next() }, now)))
            }
        }
    }

    fn next(&self) -> Self {
        Self { version: self.version.next(), ..self.clone() }
    }

    fn becomes(&self, after: Self, now: Timestamp) -> Change {
        Change::of_record(self.version, Record::Enrolment(after), now)
    }

    /// The claim that a worker works for this wallet and for no other, for ever.
    fn claim(&self, word: Word) -> Claim {
        Claim {
            key: format!("enrolment/worker/{}", self.worker).into(),
            request: Sha256::of(&self.wallet.0),
            answer: PublicId { dialect: word.dialect, text: self.wallet.to_string().into() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Dialect;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn word(at: i64) -> Word {
        Word {
            dialect: Dialect::Registry,
            by: Wallet([7; 20]),
            digest: Sha256::of(b"word"),
            at: Timestamp(at),
        }
    }

    fn offer(gpu_tier: u8) -> Offer {
        Offer { endpoint: None, gpu_tier, models: Vec::new(), concurrency: 1 }
    }

    fn made(change: Option<Change>) -> Enrolment {
        let mut change = change.expect("something changes");
        let Record::Enrolment(enrolment) = change.records.remove(0).after else { panic!("an enrolment") };
        enrolment
    }

    fn enrolled(state: Activity) -> Enrolment {
        let worker = WorkerId([3; 32]);
        let new = made(Enrolment::enrol(None, word(5), worker, offer(2), false, NOW).unwrap());
        Enrolment { state, ..new }
    }

    fn again(known: &Enrolment, at: i64, gpu_tier: u8, now: Timestamp) -> Result<Option<Change>, Refusal> {
        Enrolment::enrol(Some(known), word(at), known.worker, offer(gpu_tier), true, now)
    }

    #[test]
    fn saying_the_same_again_changes_nothing_and_an_older_word_is_overtaken() {
        let known = enrolled(Activity::Active);
        assert_eq!(again(&known, 4, 2, NOW), Ok(None));
        assert_eq!(again(&known, 5, 3, NOW), Err(Refusal::Overtaken));
        let after = made(again(&known, 6, 3, NOW).unwrap());
        assert_eq!((after.offer.gpu_tier, after.version), (3, Version(2)));
    }

    #[test]
    fn a_worker_is_claimed_for_one_wallet() {
        let known = enrolled(Activity::Active);
        let other = WorkerId([4; 32]);
        let claims = [other, known.worker].map(|worker| {
            Enrolment::enrol(Some(&known), word(6), worker, offer(3), false, NOW).unwrap().unwrap().claim
        });
        assert_eq!(&*claims[0].as_ref().unwrap().key, format!("enrolment/worker/{other}"));
        assert_eq!(claims[1], None, "the same worker is claimed already");
    }

    #[test]
    fn who_is_online_keeps_the_place_until_he_goes() {
        let other = WorkerId([4; 32]);
        let moves =
            |state, online| Enrolment::enrol(Some(&enrolled(state)), word(6), other, offer(2), online, NOW);
        let refuted = Activity::Refuted { at: NOW };
        for state in [Activity::Active, refuted, Activity::OnTrial { passed: 1 }] {
            assert_eq!(moves(state, true), Err(Refusal::EnrolmentInUse));
            let after = made(moves(state, false).unwrap());
            assert_eq!(
                (after.worker, after.state),
                (other, state),
                "another worker is no way around a challenge"
            );
        }
        let after = made(moves(Activity::Left, true).unwrap());
        assert_eq!(
            (after.worker, after.state),
            (other, Activity::Active),
            "the owner has had the first one go"
        );
    }

    #[test]
    fn the_way_back_from_a_failed_challenge_is_an_hour_and_three_passes() {
        let refuted = enrolled(Activity::Active).challenged(false, NOW).unwrap();
        assert_eq!(refuted.state, Activity::Refuted { at: NOW });
        let opens = NOW + BARRED;
        assert_eq!(again(&refuted, 6, 2, Timestamp(opens.0 - 1)), Err(Refusal::Refuted));
        let mut back = made(again(&refuted, 6, 2, opens).unwrap());
        for passed in 0..TRIAL {
            assert_eq!(back.state, Activity::OnTrial { passed });
            back = back.challenged(true, opens).unwrap();
        }
        assert_eq!(back.state, Activity::Active);
        assert_eq!(back.challenged(true, opens), None, "who is active stays so");
    }

    #[test]
    fn changing_what_is_offered_does_not_end_being_refuted() {
        let refuted = enrolled(Activity::Refuted { at: NOW });
        let after = made(again(&refuted, 6, 3, NOW).unwrap());
        assert_eq!(after.state, refuted.state);
    }

    #[test]
    fn going_is_no_way_around_a_trial() {
        let leaves = |state| enrolled(state).leave(word(6), NOW).unwrap();
        assert_eq!(made(leaves(Activity::Active)).state, Activity::Left);
        let gone = made(leaves(Activity::OnTrial { passed: 2 }));
        assert!(matches!(gone.state, Activity::Refuted { .. }));
        assert_eq!(made(again(&gone, 7, 2, NOW).unwrap()).state, Activity::OnTrial { passed: 0 });
        assert_eq!(leaves(Activity::Left), None);
        assert_eq!(leaves(Activity::Refuted { at: NOW }), None, "it stays known of him");
    }

    #[test]
    fn the_operator_ends_it_at_once() {
        assert_eq!(enrolled(Activity::Active).reinstate(NOW), Ok(None));
        for barred in [Activity::Refuted { at: NOW }, Activity::OnTrial { passed: 2 }] {
            assert_eq!(made(enrolled(barred).reinstate(NOW).unwrap()).state, Activity::Active);
        }
    }

    #[test]
    fn who_has_gone_is_brought_back_by_nobody_else() {
        let gone = enrolled(Activity::Left);
        assert_eq!(gone.reinstate(NOW), Err(Refusal::HasLeft));
        assert_eq!(made(again(&gone, 6, 2, NOW).unwrap()).state, Activity::Active, "he comes himself");
    }

    #[test]
    fn a_worker_without_a_key_is_named_by_its_wallet() {
        let wallet = Wallet([9; 20]);
        assert_eq!(WorkerId::of_wallet(&wallet).wallet(), Some(wallet));
        assert_eq!(WorkerId([1; 32]).wallet(), None);
    }
}
