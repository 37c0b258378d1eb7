//! How such a job ends: who has offended against what, and what a dispute decides.

use super::{Hire, Judgement, missed, verdict_of};
use crate::agent::court::{self, Outcome, Settlement, Votes};
use crate::agent::penalty::{Offence, REJECTIONS};
use crate::agent::role::Role;
use crate::event::{Closing, Event};
use crate::job::Job;
use crate::policy::{Judge, Ruling, Verdict};

/// Whether nothing can happen after an event, so that all locks are opened.
pub(crate) const fn is_end(event: &Event) -> bool {
    matches!(
        event,
        Event::Vested { .. }
            | Event::Ruled { .. }
            | Event::Closed { .. }
            | Event::Settled { vests_at: None, .. }
            | Event::Evaluated { vests_at: None, .. }
    )
}

/// The votes that an event counts, if it ends a dispute.
pub(crate) fn votes(job: &Job, event: &Event) -> Option<Votes> {
    let dispute = job.hire.as_ref()?.dispute.as_ref()?;
    matches!(event, Event::Ruled { by: Judge::Arbitrators, .. }).then(|| dispute.votes())
}

/// What the votes make of a verdict.
pub(crate) fn ruling(verdict: Verdict, votes: &Votes) -> Ruling {
    let stands = court::decide(votes) != Outcome::Overturned;
    if (verdict == Verdict::Complete) == stands { Ruling::ForWorker } else { Ruling::ForClient }
}

/// The end of a job: what follows from it for those who took part.
pub(crate) struct End {
    /// The verdict before any dispute; `None` if nothing was delivered.
    pub(crate) verdict: Option<Verdict>,
    /// What the evaluator said with it; `None` if he has not given it himself.
    pub(crate) judgement: Option<Judgement>,
    /// Whether the provider is paid.
    pub(crate) paid: bool,
    /// What client or provider have done wrong, besides what a dispute has found.
    offence: Option<Offence>,
    /// Whether there was an evaluator who left the verdict to others, which is his offence whatever others have done.
    silent: bool,
    /// Whether the work came late, which is the provider's offence whatever others have done.
    late: bool,
    /// What the evaluator's lock loses where a dispute has overturned his verdict, in minor units.
    pub(crate) overturned: u128,
    /// What a dispute decides.
    pub(crate) settlement: Option<Settlement>,
}

impl End {
    /// The end that an event brings, if it does.
    pub(crate) fn of(job: &Job, hire: &Hire, event: &Event) -> Option<Self> {
        is_end(event).then_some(())?;
        let verdict = match event {
            Event::Evaluated { verdict, .. } => Some(*verdict),
            _ => verdict_of(&job.state),
        };
        let judgement = match event {
            Event::Evaluated { judgement, .. } => *judgement,
            _ => hire.judgement,
        };
        let judged = judgement.is_some();
        let votes = votes(job, event);
        let outcome = votes.as_ref().map(court::decide);
        let is_overturned = outcome == Some(Outcome::Overturned);
        let overturned = hire.evaluator.filter(|_| judged && is_overturned).map_or(0, |seat| {
            let borderline = judgement.is_some_and(|judgement| judgement.borderline);
            seat.share(overturned_as(borderline, votes.as_ref())).of(seat.lock)
        });
        let settlement = votes.and_then(|votes| {
            let dispute = hire.dispute.as_ref()?;
            Some(court::settle(&votes, dispute.deposit, overturned))
        });
        let opinion = judgement.and_then(|judgement| judgement.fault);
        let rejections = hire.provider.map_or(0, |seat| seat.rejections) + 1;
        let offence = match (event, verdict) {
            (Event::Closed { how, reason }, _) if hire.provider.is_some() && hire.was_possible() => {
                missed(*how, *reason)
            }
            // What a dispute has not confirmed is an opinion, and costs nothing.
            (_, Some(Verdict::Reject)) if outcome.is_none_or(|outcome| outcome == Outcome::Upheld) => {
                opinion.or((rejections >= REJECTIONS).then_some(Offence::RejectedInARow))
            }
            _ => None,
        };
        let silent = verdict.is_some() && !judged && hire.evaluator.is_some();
        let late = hire.is_late() && verdict.is_some();
        let paid = match event {
            Event::Ruled { ruling, .. } => *ruling != Ruling::ForClient,
            _ => verdict == Some(Verdict::Complete),
        };
        Some(Self { verdict, judgement, paid, offence, silent, late, overturned, settlement })
    }

    /// What one of the parties has done wrong, besides what a dispute has found. Of two things the one that costs more.
    pub(crate) fn offence_of(&self, role: Role) -> Option<Offence> {
        let own = match role {
            Role::Provider if self.late => Some(Offence::Late),
            Role::Evaluator if self.silent => Some(Offence::Silent),
            _ => None,
        };
        self.offence.filter(|offence| offence.role() == role).or(own)
    }

    /// Whether the verdict was the evaluator's own, and no dispute has made another of it.
    pub(crate) fn stands(&self) -> bool {
        self.judgement.is_some()
            && self.settlement.is_none_or(|settlement| settlement.outcome != Outcome::Overturned)
    }

    /// Whether the work could be done, so that the end counts for those who took part.
    pub(crate) fn counts(event: &Event, hire: &Hire) -> bool {
        hire.was_possible() && !matches!(event, Event::Closed { how: Closing::Cancelled, .. })
    }
}

/// Whether the evaluator has a part of what an event pays: his verdict was that it be paid, and it stands.
pub(crate) fn pays_evaluator(job: &Job, hire: &Hire, event: &Event) -> bool {
    End::of(job, hire, event).is_some_and(|end| end.paid && end.stands())
}

/// What an overturned verdict is: one that its evaluator called close and all three arbitrators found wrong was not close.
fn overturned_as(borderline: bool, votes: Option<&Votes>) -> Offence {
    let unanimous = votes.is_some_and(|votes| votes.iter().all(|vote| *vote == Some(court::Vote::Overturn)));
    if borderline && unanimous { Offence::Borderline } else { Offence::Overturned }
}

/// Who is paid for it: the other side of the job.
pub(crate) const fn injured(offence: Offence) -> Role {
    match offence.role() {
        Role::Provider => Role::Client,
        Role::Client => Role::Provider,
        // Whatever his silence has decided: it is the client who wanted a judgement.
        Role::Evaluator | Role::Arbitrator => Role::Client,
    }
}
