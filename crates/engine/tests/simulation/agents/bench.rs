//! What arbitrators do: bind themselves to a vote and show it, too early, too late, another's, or not at all.

use super::super::market::Market;
use super::people::Nature;
use super::{hire, mark};
use docket_core::agent::court::Vote;
use docket_core::agent::hire::dispute::{Dispute, Juror};
use docket_core::agent::role::Role;
use docket_core::hash::ContentHash;
use docket_core::job::{Job, State};
use docket_core::policy::Verdict;
use docket_engine::Wish;
use docket_protocol::wallet::keccak256;
use std::sync::Arc;

impl Market {
    /// One of those who sit in a dispute does something.
    pub(super) fn arbitrate(&mut self, job: &Arc<Job>) {
        let Some(dispute) = hire(job).dispute.clone() else { return };
        let seated: Vec<Juror> = dispute.jurors.iter().flatten().copied().collect();
        if seated.is_empty() {
            return;
        }
        let juror = *self.dice.pick(&seated);
        let (nature, reveals) = (self.agents.nature_of(juror.seat.agent), dispute.reveals(self.now()));
        let is_rogue = matches!(nature, Nature::Sly | Nature::Gang);
        match (juror.commitment, reveals) {
            (None, false) => {
                let commits = match nature {
                    Nature::Honest | Nature::Gang => 100,
                    Nature::Silent => 15,
                    Nature::Sly => 40,
                };
                if self.dice.percent(commits) {
                    self.commit_to_vote(job, &dispute, juror);
                }
            }
            // It is too late, or too early, or a second time.
            (None, true) if is_rogue => self.commit_to_vote(job, &dispute, juror),
            (Some(_), false) if is_rogue && self.dice.percent(30) => self.reveal(job, &dispute, juror),
            (Some(_), false) if is_rogue && self.dice.percent(30) => {
                self.commit_to_vote(job, &dispute, juror)
            }
            (Some(_), true) if juror.revealed.is_none() || is_rogue => {
                let reveals = if nature == Nature::Silent { 10 } else { 95 };
                if self.dice.percent(reveals) {
                    self.reveal(job, &dispute, juror);
                }
            }
            _ => {}
        }
    }

    fn commit_to_vote(&mut self, job: &Arc<Job>, dispute: &Dispute, juror: Juror) {
        let nature = self.agents.nature_of(juror.seat.agent);
        let others = dispute.jurors.iter().flatten().filter_map(|juror| juror.commitment);
        let others: Vec<ContentHash> = others.collect();
        if nature == Nature::Gang && !others.is_empty() && self.dice.percent(30) {
            let commitment = *self.dice.pick(&others);
            return self.wish_of(juror.seat, job, Wish::Commit { commitment });
        }
        let right = self.right_vote(job);
        let vote = match nature {
            Nature::Honest | Nature::Silent => right,
            Nature::Gang => self.vote_of_the_gang(job, dispute).unwrap_or(right),
            Nature::Sly => *self.dice.pick(&[Vote::Uphold, Vote::Overturn]),
        };
        let commitment = self.ballot(vote);
        self.wish_of(juror.seat, job, Wish::Commit { commitment });
    }

    /// A vote in an envelope.
    pub(super) fn ballot(&mut self, vote: Vote) -> ContentHash {
        let salt = mark("salt", self.agents.ballots.len());
        let commitment = ContentHash(keccak256(&[&[vote.number()][..], &salt.0].concat()));
        self.agents.ballots.insert(commitment, (vote, salt));
        commitment
    }

    fn reveal(&mut self, job: &Arc<Job>, dispute: &Dispute, juror: Juror) {
        let nature = self.agents.nature_of(juror.seat.agent);
        let others = dispute.jurors.iter().flatten().filter_map(|juror| juror.revealed);
        let others: Vec<_> = others.map(|revealed| (revealed.vote, revealed.salt)).collect();
        let own = juror.commitment.and_then(|commitment| self.agents.ballots.get(&commitment)).copied();
        let Some((vote, salt)) = own else { return };
        let (vote, salt) = match nature {
            // It shows what another has shown, or the opposite of what it was bound to.
            Nature::Sly if !others.is_empty() && self.dice.percent(20) => *self.dice.pick(&others),
            Nature::Sly if self.dice.percent(10) => match vote {
                Vote::Uphold => (Vote::Overturn, salt),
                Vote::Overturn => (Vote::Uphold, salt),
            },
            _ => (vote, salt),
        };
        self.wish_of(juror.seat, job, Wish::Reveal { vote, salt });
    }

    /// What the work deserves.
    pub(super) fn right_vote(&self, job: &Job) -> Vote {
        let State::Disputed { verdict, .. } = job.state else { return Vote::Uphold };
        let is_right = (verdict == Verdict::Complete) == self.agents.is_good(job);
        if is_right { Vote::Uphold } else { Vote::Overturn }
    }

    /// What serves those of the gang who take part, if any do.
    fn vote_of_the_gang(&self, job: &Job, dispute: &Dispute) -> Option<Vote> {
        let is_friend = |role| {
            let seat = hire(job).seat(role);
            seat.is_some_and(|seat| self.agents.nature_of(seat.agent) == Nature::Gang)
        };
        if is_friend(dispute.initiator) {
            return Some(Vote::Overturn);
        }
        let friends = [Role::Evaluator, Role::Client, Role::Provider];
        friends.into_iter().any(is_friend).then_some(Vote::Uphold)
    }
}
