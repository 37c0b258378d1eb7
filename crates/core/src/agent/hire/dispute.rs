//! A dispute among agents: who opened it, who sits in it, and what they have said.

use super::Seat;
use super::step::Taken;
use crate::agent::court::{Outcome, SEATS, Vote, Votes};
use crate::agent::role::Role;
use crate::hash::ContentHash;
use crate::id::AgentId;
use crate::time::{Millis, Timestamp};

/// A dispute that somebody wants to open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Filing {
    /// Who: the client or the provider.
    pub initiator: Role,
    /// What it puts down, in minor units of the job's asset.
    pub deposit: u128,
    /// Who is to sit in it. A seat for which nobody was found stays empty.
    pub jurors: [Option<Seat>; SEATS],
}

impl Filing {
    /// The dispute that it becomes: half of the time that the job's terms give is there to commit, whatever the terms are
    /// by now.
    pub(crate) fn opened(&self, within: Millis, now: Timestamp) -> Dispute {
        Dispute {
            initiator: self.initiator,
            deposit: self.deposit,
            filed_at: now,
            commit_until: now + Millis(within.0 / 2),
            jurors: self.jurors.map(|seat| seat.map(Juror::new)),
            settled: None,
        }
    }
}

/// A dispute that was opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dispute {
    /// Who opened it: the client or the provider.
    pub initiator: Role,
    /// What it has put down, in minor units of the job's asset.
    pub deposit: u128,
    /// When.
    pub filed_at: Timestamp,
    /// Until when the arbitrators may commit to a vote. After that they reveal it.
    pub commit_until: Timestamp,
    /// Who sits in it. A seat for which nobody was found stays empty.
    pub jurors: [Option<Juror>; SEATS],
    /// How it ended, and when.
    pub settled: Option<(Outcome, Timestamp)>,
}

/// An arbitrator in its seat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Juror {
    /// Who.
    pub seat: Seat,
    /// The hash by which it is bound to its vote.
    pub commitment: Option<ContentHash>,
    /// What it has revealed.
    pub revealed: Option<Revealed>,
}

/// A vote that was shown to be the one committed to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Revealed {
    /// The vote.
    pub vote: Vote,
    /// What hid it.
    pub salt: ContentHash,
    /// When.
    pub at: Timestamp,
}

impl Juror {
    /// Somebody who has said nothing yet.
    pub const fn new(seat: Seat) -> Self {
        Self { seat, commitment: None, revealed: None }
    }
}

impl Dispute {
    /// Who sits in it.
    pub fn seated(&self) -> impl Iterator<Item = &Seat> {
        self.jurors.iter().flatten().map(|juror| &juror.seat)
    }

    /// The number of the seat of an agent, and who sits there.
    pub fn juror(&self, agent: AgentId) -> Option<(usize, &Juror)> {
        let mut seats = self.jurors.iter().enumerate();
        seats.find_map(|(number, juror)| {
            juror.as_ref().filter(|juror| juror.seat.agent == agent).map(|juror| (number, juror))
        })
    }

    /// The votes as far as they are revealed.
    pub fn votes(&self) -> Votes {
        self.jurors.map(|juror| juror.and_then(|juror| juror.revealed).map(|revealed| revealed.vote))
    }

    /// Whether votes are revealed at this instant, and not committed to any more: when time for that is over, or everybody
    /// has.
    pub fn reveals(&self, now: Timestamp) -> bool {
        let mut seated = self.jurors.iter().flatten();
        now >= self.commit_until || seated.all(|juror| juror.commitment.is_some())
    }

    /// Whether nobody is left to reveal a vote, if this seat does now.
    pub fn is_complete_with(&self, number: usize) -> bool {
        let others = self.jurors.iter().enumerate().filter(|(other, _)| *other != number);
        others
            .filter_map(|(_, juror)| juror.as_ref())
            .all(|juror| juror.commitment.is_none() || juror.revealed.is_some())
    }

    pub(super) fn take(&mut self, taken: &Taken, now: Timestamp) {
        match taken {
            Taken::Committed { seat, commitment, .. } => {
                if let Some(juror) = self.jurors.get_mut(*seat).and_then(Option::as_mut) {
                    juror.commitment = Some(*commitment);
                }
            }
            Taken::Revealed { seat, vote, salt, .. } => {
                if let Some(juror) = self.jurors.get_mut(*seat).and_then(Option::as_mut) {
                    juror.revealed = Some(Revealed { vote: *vote, salt: *salt, at: now });
                }
            }
            Taken::Invited { .. }
            | Taken::Engaged { .. }
            | Taken::Appointed { .. }
            | Taken::Described { .. }
            | Taken::Valued { .. } => {}
        }
    }
}
