//! What a job's end should cost and pay, worked out anew from what was said in it, in other words than the rules.

use super::market::Told;
use super::sample::wallet;
use docket_core::agent::capital::Valuation;
use docket_core::agent::court::Vote;
use docket_core::agent::hire::step::Taken;
use docket_core::agent::hire::{Hire, Judgement, Seat};
use docket_core::agent::penalty::Offence;
use docket_core::agent::role::Role;
use docket_core::event::{Closing, Event};
use docket_core::id::{AgentId, Dialect};
use docket_core::job::Job;
use docket_core::ledger::{Account, Transfer};
use docket_core::policy::Verdict;
use docket_core::time::{Millis, Timestamp};

/// All that has happened to one job.
pub(super) struct Story<'a> {
    pub(super) told: Vec<&'a Told>,
    /// As it is in the end.
    pub(super) job: &'a Job,
    pub(super) hire: &'a Hire,
}

impl<'a> Story<'a> {
    pub(super) fn of(told: &'a [Told], number: usize) -> Self {
        let job = &told.last().expect("something was said").books.jobs[number];
        let hire = job.hire.as_ref().expect("it is one");
        Self { told: told.iter().filter(|told| told.job == number).collect(), job, hire }
    }

    pub(super) fn events(&self) -> impl Iterator<Item = (&Event, Timestamp)> {
        self.told.iter().filter_map(|told| Some((told.event()?, told.at)))
    }

    pub(super) fn transfers(&self) -> impl Iterator<Item = &Transfer> {
        self.told.iter().flat_map(|told| told.transfers())
    }

    pub(super) fn own(&self, agent: AgentId) -> Account {
        Account::Client(wallet(agent).client(Dialect::Agents))
    }

    /// What went from one account to another in all.
    pub(super) fn moved(&self, from: &Account, to: &Account) -> u128 {
        let legs = self.transfers().filter(|leg| leg.from == *from && leg.to == *to);
        legs.map(|leg| leg.amount.units).sum()
    }

    /// What of the budget came to an agent's owner.
    pub(super) fn of_budget(&self, agent: AgentId) -> u128 {
        let own = self.own(agent);
        self.moved(&Account::Escrow(self.job.id), &own) + self.moved(&Account::Vesting(self.job.id), &own)
    }

    pub(super) fn was_funded(&self) -> bool {
        self.events().any(|(event, _)| matches!(event, Event::Funded { .. }))
    }

    /// What an enclave has said of the job's capital, and was taken.
    pub(super) fn valuations(&self) -> impl Iterator<Item = (Valuation, Timestamp)> {
        self.events().filter_map(|(event, at)| match event {
            Event::Hire(Taken::Valued { valuation, .. }) => Some((*valuation, at)),
            _ => None,
        })
    }

    /// Whether anything could be delivered: with money, a provider and, where there is capital, a report that closes it.
    pub(super) fn was_possible(&self) -> bool {
        let has_report = self.hire.order.capital.is_none() || self.closing().is_some();
        self.was_funded() && self.hire.provider.is_some() && has_report
    }

    /// When entrusted capital was closed.
    fn closing(&self) -> Option<Timestamp> {
        self.valuations().find(|(valuation, _)| valuation.closed.is_some()).map(|(_, at)| at)
    }

    /// From when on the work is late: an hour after the capital was closed, where that is later than the deadline.
    fn due(&self) -> Timestamp {
        let deadline = self.hire.order.deadline;
        self.closing().map_or(deadline, |at| deadline.max(at + Millis(3_600_000)))
    }

    /// The verdict that what was attested last leaves, in the products of the documents.
    pub(super) fn bound(&self) -> Option<Verdict> {
        let capital = self.hire.order.capital?;
        let (last, _) = self.valuations().last()?;
        let (kept, wanted) =
            (10_000 - u128::from(capital.stop_loss.0), 10_000 + u128::from(capital.target_return.0));
        if last.value * 10_000 <= capital.entrusted * kept {
            return Some(Verdict::Reject);
        }
        (last.value * 10_000 >= capital.entrusted * wanted).then_some(Verdict::Complete)
    }

    pub(super) fn verdict(&self) -> Option<(Verdict, Option<Judgement>)> {
        self.events().find_map(|(event, _)| match event {
            Event::Evaluated { verdict, judgement, .. } => Some((*verdict, *judgement)),
            _ => None,
        })
    }

    fn closed(&self) -> Option<(Closing, Timestamp)> {
        self.events().find_map(|(event, at)| match event {
            Event::Closed { how, .. } => Some((*how, at)),
            _ => None,
        })
    }

    pub(super) fn is_disputed(&self) -> bool {
        self.events().any(|(event, _)| matches!(event, Event::Disputed { .. }))
    }

    /// How many have voted to uphold the verdict, and how many to overturn it.
    pub(super) fn votes(&self) -> (usize, usize) {
        let jurors = self.hire.dispute.iter().flat_map(|dispute| dispute.jurors).flatten();
        let votes: Vec<Vote> =
            jurors.filter_map(|juror| juror.revealed).map(|revealed| revealed.vote).collect();
        let count = |wanted| votes.iter().filter(|vote| **vote == wanted).count();
        (count(Vote::Uphold), count(Vote::Overturn))
    }

    pub(super) fn is_upheld(&self) -> bool {
        self.is_disputed() && self.votes().0 >= 2
    }

    pub(super) fn is_overturned(&self) -> bool {
        self.is_disputed() && self.votes().1 >= 2
    }

    /// Whether the provider is to be paid in the end.
    pub(super) fn pays(&self) -> bool {
        self.verdict().is_some_and(|(verdict, _)| (verdict == Verdict::Complete) != self.is_overturned())
    }

    /// Whether the evaluator himself has said it, and was not found wrong.
    pub(super) fn stands(&self) -> bool {
        self.verdict().is_some_and(|(_, judgement)| judgement.is_some()) && !self.is_overturned()
    }

    fn is_late(&self) -> bool {
        let submitted = self.events().find(|(event, _)| matches!(event, Event::Submitted { .. }));
        submitted.is_some_and(|(_, at)| at >= self.due())
    }

    /// What somebody in this role has done wrong.
    pub(super) fn offence(&self, role: Role) -> Option<Offence> {
        let seat = self.hire.seat(role)?;
        let said = self.verdict();
        let fault = said.and_then(|(_, judgement)| judgement).and_then(|judgement| judgement.fault);
        let refused = said.is_some_and(|(verdict, _)| verdict == Verdict::Reject);
        // What was disputed counts only if it was upheld.
        let confirmed = refused && (!self.is_disputed() || self.is_upheld());
        match role {
            Role::Provider => {
                let grace = self.due().max(self.hire.order.deadline + self.hire.order.grace);
                let garbage = confirmed && fault == Some(Offence::Garbage);
                let in_a_row = confirmed && fault.is_none() && seat.rejections >= 2;
                match self.closed() {
                    Some((Closing::Expired, at)) if self.was_possible() => {
                        Some(if at < grace { Offence::Late } else { Offence::Missing })
                    }
                    Some(_) => None,
                    None if garbage => Some(Offence::Garbage),
                    None if in_a_row => Some(Offence::RejectedInARow),
                    None => self.is_late().then_some(Offence::Late),
                }
            }
            Role::Evaluator => match said? {
                (_, None) => Some(Offence::Silent),
                (_, Some(_)) if !self.is_overturned() => None,
                (_, Some(judgement)) if judgement.borderline && self.votes().1 == 3 => {
                    Some(Offence::Borderline)
                }
                (_, Some(_)) => Some(Offence::Overturned),
            },
            Role::Client => (confirmed && fault == Some(Offence::BadFaith)).then_some(Offence::BadFaith),
            Role::Arbitrator => None,
        }
    }

    /// What that costs, in minor units.
    pub(super) fn cost(&self, role: Role, seat: &Seat) -> u128 {
        let Some(offence) = self.offence(role) else { return 0 };
        let (first, again) = match offence {
            Offence::Missing => (50, 100),
            Offence::Late => (10, 20),
            Offence::Garbage => (70, 100),
            Offence::RejectedInARow => (20, 40),
            Offence::Silent => (30, 50),
            Offence::Overturned | Offence::BadFaith => (60, 100),
            Offence::Borderline => (80, 100),
        };
        let share: u128 = if seat.violations >= 2 { again } else { first };
        seat.lock / 100 * share + seat.lock % 100 * share / 100
    }

    /// What a seat has lost of its lock to others.
    pub(super) fn lost(&self, seat: &Seat) -> u128 {
        let (lock, stake) = (Account::Locked(seat.agent, self.job.id), Account::Stake(seat.agent));
        let legs = self.transfers().filter(|leg| leg.from == lock && leg.to != stake);
        legs.map(|leg| leg.amount.units).sum()
    }
}
