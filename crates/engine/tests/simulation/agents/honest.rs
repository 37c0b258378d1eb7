//! Who may lose anything, and by whose fault. Whoever does what is right in time loses nothing, except where others who do
//! wrong have the last word:
//!
//! - an evaluator who has said the truth, if two or more arbitrators vote against it,
//! - a provider of good work, if an evaluator refuses it and finds a fault, or it is the third refusal in a row, and the
//!   provider either lets the time to dispute that pass or two arbitrators uphold it,
//! - a client, if an evaluator says that he acts in bad faith and refuses the work, and the refusal is not disputed or is
//!   upheld. Only the provider can dispute it, and arbitrators vote on the refusal alone, which may be right.

use super::super::Found;
use super::ends::{Case, Voted};
use super::people::Nature;
use super::{Agents, hire};
use docket_core::agent::court::Vote;
use docket_core::agent::hire::Seat;
use docket_core::agent::penalty::Offence;
use docket_core::agent::role::Role;
use docket_protocol::wallet::keccak256;
use std::collections::BTreeSet;

impl Agents {
    /// That nobody honest has lost anything but to those above. Answers what is worth to be seen.
    pub(super) fn check_honesty(&self, case: &Case<'_>) -> Result<Vec<&'static str>, String> {
        let mut sights = Vec::new();
        for (role, seat) in hire(case.job).seats() {
            if self.nature_of(seat.agent) != Nature::Honest {
                continue;
            }
            let lost = case.lost(seat);
            let excused = match role {
                Role::Client => self.client_may_lose(case),
                Role::Provider => self.provider_may_lose(case),
                Role::Evaluator => self.evaluator_may_lose(case),
                Role::Arbitrator => None,
            };
            match excused {
                _ if lost == 0 => {}
                Some(why) => sights.push(why),
                None => {
                    let job = &case.job.public_id.text;
                    return Err(format!(
                        "{:?} is honest and lost {lost} as {role:?} of job {job}",
                        seat.agent
                    ));
                }
            }
        }
        self.check_payment(case)?;
        Ok(sights)
    }

    fn client_may_lose(&self, case: &Case<'_>) -> Option<&'static str> {
        let hire = hire(case.job);
        let blamed = hire.judgement.is_some_and(|judgement| judgement.fault == Some(Offence::BadFaith));
        let lied = hire.evaluator.is_some_and(|seat| self.nature_of(seat.agent) != Nature::Honest);
        let open = case.voted().is_none_or(|voted| voted == Voted::Upheld);
        (blamed && lied && open && case.accepted() == Some(false))
            .then_some("an honest client who was blamed")
    }

    fn provider_may_lose(&self, case: &Case<'_>) -> Option<&'static str> {
        let hire = hire(case.job);
        // Who did not deliver in time has not done what is right.
        if case.at("funded").is_some() && (hire.delivered_at.is_none() || hire.is_late()) {
            return Some("an honest provider who had no turn");
        }
        let lied = hire.evaluator.is_some_and(|seat| self.nature_of(seat.agent) != Nature::Honest);
        let refused = case.accepted() == Some(false) && lied;
        if !refused {
            return None;
        }
        match case.voted() {
            None => Some("an honest provider who did not dispute"),
            Some(Voted::Upheld) if self.is_bent(case, Vote::Uphold) => {
                Some("an honest provider who was outvoted")
            }
            Some(_) => None,
        }
    }

    fn evaluator_may_lose(&self, case: &Case<'_>) -> Option<&'static str> {
        if hire(case.job).judgement.is_none() {
            return case.accepted().map(|_| "an honest evaluator who had no turn");
        }
        let outvoted = case.voted() == Some(Voted::Overturned) && self.is_bent(case, Vote::Overturn);
        outvoted.then_some("an honest evaluator who was outvoted")
    }

    /// Whether a majority for this vote is none of honest arbitrators.
    fn is_bent(&self, case: &Case<'_>, vote: Vote) -> bool {
        let dispute = hire(case.job).dispute.as_ref();
        let jurors = dispute.into_iter().flat_map(|dispute| dispute.jurors.iter().flatten());
        let voted = jurors.filter(|juror| juror.revealed.is_some_and(|revealed| revealed.vote == vote));
        let natures: Vec<_> = voted.map(|juror| self.nature_of(juror.seat.agent)).collect();
        natures.len() >= 2 && !natures.contains(&Nature::Honest)
    }

    /// Whoever delivered good work in time to a silent or an honest evaluator is paid for it, and who gave none is not.
    fn check_payment(&self, case: &Case<'_>) -> Found {
        let hire = hire(case.job);
        let wrong = |what: &str| Err(format!("job {} {what}", case.job.public_id.text));
        let good = self.is_good(case.job) && hire.delivered_at.is_some_and(|at| at < hire.order.deadline);
        let bent = |vote| case.voted().is_some() && self.is_bent(case, vote);
        let judge = hire.evaluator.filter(|_| hire.judgement.is_some());
        let judge = judge.map(|seat| self.nature_of(seat.agent));
        if good && judge.is_none() && case.pays() != Some(true) && !bent(Vote::Overturn) {
            return wrong("was done in time, and silence did not pay for it");
        }
        if good && judge == Some(Nature::Honest) && case.pays() != Some(true) && !bent(Vote::Overturn) {
            return wrong("was done well, and is not paid");
        }
        if hire.delivered_at.is_none() && case.pays().is_some() {
            return wrong("was never done, and is judged");
        }
        Ok(())
    }

    /// Nobody is in two places of a job, and each vote is what its arbitrator was bound to by himself.
    pub(super) fn check_places(&self, job: &docket_core::job::Job) -> Found {
        let hire = hire(job);
        let seats: Vec<(Role, &Seat)> = hire.seats().collect();
        let owners: BTreeSet<_> = seats.iter().map(|(_, seat)| seat.owner).collect();
        let agents: BTreeSet<_> = seats.iter().map(|(_, seat)| seat.agent).collect();
        let name = &job.public_id.text;
        if owners.len() != seats.len() || agents.len() != seats.len() {
            return Err(format!("somebody is twice in job {name}: {seats:?}"));
        }
        for (_, seat) in &seats {
            if self.member(seat.agent).is_some_and(|member| member.owner != seat.owner) {
                return Err(format!("{seat:?} in job {name} is not whose it says"));
            }
        }
        let Some(dispute) = &hire.dispute else { return Ok(()) };
        let jurors: Vec<_> = dispute.jurors.iter().flatten().collect();
        let commitments: Vec<_> = jurors.iter().filter_map(|juror| juror.commitment).collect();
        if commitments.iter().collect::<BTreeSet<_>>().len() != commitments.len() {
            return Err(format!("two are bound to the same in job {name}"));
        }
        for juror in jurors {
            let Some(revealed) = juror.revealed else { continue };
            let shown = keccak256(&[&[revealed.vote.number()][..], &revealed.salt.0].concat());
            if juror.commitment.is_none_or(|commitment| commitment.0 != shown) {
                return Err(format!(
                    "{:?} has shown a vote in job {name} to which it was not bound",
                    juror.seat.agent
                ));
            }
        }
        Ok(())
    }
}
