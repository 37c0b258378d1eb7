//! What such a job does to the stakes of those who take part, beside what [`crate::ledger::ENDINGS`] does to its budget.
//!
//! Everything that is locked or put down for a job is on the job's own accounts, and the event that ends the job empties
//! all of them.

use super::end::{End, injured};
use super::step::Taken;
use super::{Hire, Seat};
use crate::agent::court::Shares;
use crate::agent::penalty::divide;
use crate::agent::role::Role;
use crate::event::Event;
use crate::job::Job;
use crate::ledger::{Account, Transfer};

/// What an event moves of stakes, locks, deposits and bonuses, given the job as it stood before.
pub(crate) fn transfers(job: &Job, event: &Event) -> Vec<Transfer> {
    let Some(hire) = &job.hire else { return Vec::new() };
    let mut moves = Moves { job, list: Vec::new() };
    match event {
        Event::Created { .. } => moves.lock(&hire.client),
        Event::Hire(Taken::Engaged { provider: seat } | Taken::Appointed { evaluator: seat }) => {
            moves.lock(seat)
        }
        Event::Disputed { filing: Some(filing), .. } => {
            filing.jurors.iter().flatten().for_each(|juror| moves.lock(&juror.seat));
            if let Some(initiator) = hire.seat(filing.initiator) {
                moves.add(initiator.wallet(job), Account::Deposit(job.id), filing.deposit);
            }
        }
        event => {
            if let Some(end) = End::of(job, hire, event) {
                moves.end(hire, &end);
            }
        }
    }
    if let (Event::Vested { bonus } | Event::Ruled { bonus, .. }, Some(provider)) = (event, &hire.provider) {
        moves.add(Account::Treasury, provider.wallet(job), *bonus);
    }
    moves.list
}

struct Moves<'a> {
    job: &'a Job,
    list: Vec<Transfer>,
}

impl Moves<'_> {
    fn add(&mut self, from: Account, to: Account, units: u128) {
        if units > 0 {
            self.list.push(Transfer { from, to, amount: self.job.price.with_units(units) });
        }
    }

    fn lock(&mut self, seat: &Seat) {
        self.add(Account::Stake(seat.agent), seat.locked(self.job), seat.lock);
    }

    /// Divides the deposit, takes what offences cost, and gives back what is left of each lock.
    fn end(&mut self, hire: &Hire, end: &End) {
        if let Some(dispute) = &hire.dispute {
            let whole = Shares { initiator: dispute.deposit, ..Shares::default() };
            let shares = end.settlement.map_or(whole, |settlement| settlement.deposit);
            self.share(hire, &Account::Deposit(self.job.id), &shares);
        }
        for (role, seat) in hire.seats() {
            let slash = self.slash(hire, end, role, seat);
            self.add(seat.locked(self.job), Account::Stake(seat.agent), seat.standing_lock() - slash);
        }
    }

    /// Takes what somebody loses of its lock, and answers how much that is.
    fn slash(&mut self, hire: &Hire, end: &End, role: Role, seat: &Seat) -> u128 {
        let lock = seat.locked(self.job);
        if role == Role::Evaluator && end.overturned > 0 {
            if let Some(settlement) = &end.settlement {
                self.share(hire, &lock, &settlement.slash);
            }
            return end.overturned;
        }
        let Some(offence) = end.offence_of(role) else { return 0 };
        let slash = seat.share(offence).of(seat.standing_lock());
        let parts = divide(slash, 0);
        // Where nobody is injured, what he would have is the treasury's.
        let injured = hire.seat(injured(offence)).map_or(Account::Treasury, |seat| seat.wallet(self.job));
        self.add(lock.clone(), injured, parts.injured);
        self.add(lock, Account::Treasury, parts.treasury);
        slash
    }

    fn share(&mut self, hire: &Hire, from: &Account, shares: &Shares) {
        let Some(dispute) = &hire.dispute else { return };
        if let Some(initiator) = hire.seat(dispute.initiator) {
            self.add(from.clone(), initiator.wallet(self.job), shares.initiator);
        }
        self.add(from.clone(), Account::Treasury, shares.treasury);
        for (juror, units) in dispute.jurors.iter().zip(shares.seats) {
            if let Some(juror) = juror {
                self.add(from.clone(), juror.seat.wallet(self.job), units);
            }
        }
    }
}
