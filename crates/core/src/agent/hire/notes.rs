//! What a job says of the agents that take part in it, once it cannot be disputed any more.

use super::end::End;
use super::{Hire, Judgement};
use crate::agent::court::Outcome;
use crate::agent::role::{Level, Role};
use crate::agent::score::Deed;
use crate::agent::standing::Note;
use crate::event::Event;
use crate::id::AgentId;
use crate::job::Job;
use crate::ledger::{Account, Transfer};
use crate::policy::Verdict;

/// All that an event and its transfers say of agents, given the job as it stood before.
pub(crate) fn notes(job: &Job, event: &Event, transfers: &[Transfer]) -> Vec<(AgentId, Note)> {
    let Some(hire) = &job.hire else { return Vec::new() };
    let mut notes: Vec<_> = transfers.iter().filter_map(of_lock).collect();
    if let Some(end) = End::of(job, hire, event) {
        if End::counts(event, hire) {
            parties(hire, &end, &mut notes);
        }
        dispute(hire, &end, &mut notes);
    }
    notes
}

fn of_lock(transfer: &Transfer) -> Option<(AgentId, Note)> {
    let units = transfer.amount.units;
    match (&transfer.from, &transfer.to) {
        (_, Account::Locked(agent, _)) => Some((*agent, Note::Locked(units))),
        (Account::Locked(agent, _), _) => Some((*agent, Note::Unlocked(units))),
        _ => None,
    }
}

fn parties(hire: &Hire, end: &End, notes: &mut Vec<(AgentId, Note)>) {
    let level = end.judgement.filter(|_| end.stands()).map(|judgement| judgement.level);
    let ended =
        Note::Ended { completed: end.paid, on_time: !hire.is_late(), level: level.filter(|_| end.paid) };
    for (role, seat) in hire.seats().filter(|(role, _)| *role != Role::Arbitrator) {
        let mut note = |note| notes.push((seat.agent, note));
        note(ended);
        note(if has_offended(end, role) { Note::Violated } else { Note::Clean });
        match role {
            Role::Provider => {
                note(Note::Worked { paid: end.paid });
                if end.verdict.is_some() {
                    note(Note::Judged { approved: end.paid });
                }
                note(Note::Deed(match (end.paid, end.verdict) {
                    (true, _) => Deed::Completed(level.unwrap_or(Level::L0)),
                    (false, Some(_)) => Deed::Rejected,
                    (false, None) => Deed::Expired,
                }));
            }
            Role::Evaluator if let Some(Judgement { borderline, .. }) = end.judgement => {
                let passed = end.verdict == Some(Verdict::Complete);
                note(Note::Verdict { passed, borderline, overturned: !end.stands() });
                if let Some(level) = level.filter(|_| end.paid) {
                    note(Note::Deed(Deed::Completed(level)));
                }
            }
            Role::Client | Role::Evaluator | Role::Arbitrator => {}
        }
    }
}

fn dispute(hire: &Hire, end: &End, notes: &mut Vec<(AgentId, Note)>) {
    let (Some(dispute), Some(settlement)) = (&hire.dispute, &end.settlement) else { return };
    if let Some(initiator) = hire.seat(dispute.initiator) {
        if settlement.outcome != Outcome::NoQuorum {
            let won = settlement.outcome == Outcome::Overturned;
            notes.push((initiator.agent, Note::Disputed { won }));
        }
        notes.extend(settlement.initiator.map(|deed| (initiator.agent, Note::Deed(deed))));
    }
    // Silence that was a verdict is no judgement of the evaluator's, so it neither stands nor falls with the votes.
    if let Some(evaluator) = hire.evaluator.filter(|_| end.judgement.is_some()) {
        notes.extend(settlement.evaluator.map(|deed| (evaluator.agent, Note::Deed(deed))));
    }
    for (juror, deed) in dispute.jurors.iter().zip(settlement.seats) {
        let Some(juror) = juror else { continue };
        notes.push((juror.seat.agent, Note::Sat));
        notes.extend(deed.map(|deed| (juror.seat.agent, Note::Deed(deed))));
    }
}

/// Whether the end is somebody's fault.
fn has_offended(end: &End, role: Role) -> bool {
    let overturned = role == Role::Evaluator && end.judgement.is_some() && !end.stands();
    overturned || end.offence_of(role).is_some()
}
