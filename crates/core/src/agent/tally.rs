//! What is counted hour by hour: of all jobs for which one agent hires another, and of those that ask for a class of
//! hardware.

use crate::event::{Closing, Event};
use crate::job::Job;
use crate::ledger::{Account, Transfer};
use crate::policy::Verdict;
use crate::time::{Millis, Timestamp};

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Tally {
    /// Jobs that were created.
    Created,
    /// Jobs whose work was accepted.
    Completed,
    /// Jobs whose work was refused, or that were withdrawn.
    Rejected,
    /// Jobs that ended without work.
    Ended,
    /// Disputes that were opened.
    Disputed,
    /// The budgets of jobs whose work was accepted, in minor units.
    Volume,
    /// What the treasury had of budgets, in minor units.
    Fees,
    /// What the treasury had of stakes and deposits, in minor units.
    Slashes,
    /// What the treasury has paid for early work, in minor units.
    Rewards,
    /// What agents have at stake, free or locked, in minor units.
    Staked,
    /// Jobs that ask for a class of hardware and were paid in.
    Asked,
    /// Such jobs that were done.
    Done,
    /// Such jobs whose money went back.
    Returned,
    /// What workers had of such jobs, in minor units.
    Earned,
    /// What nobody had of such jobs, in minor units.
    Burned,
}

impl Tally {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Created,
        Self::Completed,
        Self::Rejected,
        Self::Ended,
        Self::Disputed,
        Self::Volume,
        Self::Fees,
        Self::Slashes,
        Self::Rewards,
        Self::Staked,
        Self::Asked,
        Self::Done,
        Self::Returned,
        Self::Earned,
        Self::Burned,
    ];

    /// The name in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Completed => "completed",
            Self::Rejected => "rejected",
            Self::Ended => "ended",
            Self::Disputed => "disputed",
            Self::Volume => "volume",
            Self::Fees => "fees",
            Self::Slashes => "slashes",
            Self::Rewards => "rewards",
            Self::Staked => "staked",
            Self::Asked => "asked",
            Self::Done => "done",
            Self::Returned => "returned",
            Self::Earned => "earned",
            Self::Burned => "burned",
        }
    }

    /// The reverse of [`Self::name`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tally| tally.name() == name)
    }
}

/// The hour under which the sums of all hours stand: nothing happened in it.
pub const IN_ALL: i64 = 0;

/// The hour of an instant, counted from 1970.
pub const fn hour(at: Timestamp) -> i64 {
    at.0.div_euclid(Millis::hours(1).0)
}

/// What an event of a job, if it is one, and some transfers add to the counts.
pub fn tallies(job: Option<(&Job, &Event)>, transfers: &[Transfer]) -> Vec<(Tally, i128)> {
    if let Some((_, event)) = job.filter(|(job, _)| job.policy.tier.is_some()) {
        return tiered(event, transfers);
    }
    let hired = job.filter(|(job, _)| job.hire.is_some());
    let mut counts: Vec<_> = transfers.iter().flat_map(|transfer| moved(transfer, hired.is_some())).collect();
    let Some((_, event)) = hired else { return counts };
    match event {
        Event::Created { .. } => counts.push((Tally::Created, 1)),
        Event::Evaluated { verdict: Verdict::Complete, charge, .. } => {
            counts.extend([(Tally::Completed, 1), (Tally::Volume, units(charge.units))]);
        }
        Event::Evaluated { verdict: Verdict::Reject, .. } => counts.push((Tally::Rejected, 1)),
        Event::Closed { how: Closing::Cancelled, .. } => counts.push((Tally::Rejected, 1)),
        Event::Closed { .. } => counts.push((Tally::Ended, 1)),
        Event::Disputed { .. } => counts.push((Tally::Disputed, 1)),
        _ => {}
    }
    counts
}

/// What an event of a job that asks for a class of hardware adds.
fn tiered(event: &Event, transfers: &[Transfer]) -> Vec<(Tally, i128)> {
    let had = |to: fn(&Account) -> bool| {
        units(
            transfers.iter().filter(|transfer| to(&transfer.to)).map(|transfer| transfer.amount.units).sum(),
        )
    };
    match event {
        Event::Funded { .. } => vec![(Tally::Asked, 1)],
        Event::Settled { .. } => vec![
            (Tally::Done, 1),
            (Tally::Earned, had(|account| matches!(account, Account::Worker(_)))),
            (Tally::Burned, had(|account| matches!(account, Account::Burned))),
        ],
        Event::Closed { .. } => vec![(Tally::Returned, 1)],
        _ => Vec::new(),
    }
}

fn moved(transfer: &Transfer, hired: bool) -> Vec<(Tally, i128)> {
    let is_stake = |account: &Account| matches!(account, Account::Stake(_) | Account::Locked(..));
    let sum = units(transfer.amount.units);
    let mut counts = Vec::new();
    match (is_stake(&transfer.from), is_stake(&transfer.to)) {
        (false, true) => counts.push((Tally::Staked, sum)),
        (true, false) => counts.push((Tally::Staked, -sum)),
        _ => {}
    }
    match (&transfer.from, &transfer.to) {
        (Account::Locked(..) | Account::Deposit(_), Account::Treasury) => counts.push((Tally::Slashes, sum)),
        (Account::Vesting(_) | Account::Escrow(_), Account::Treasury) if hired => {
            counts.push((Tally::Fees, sum))
        }
        (Account::Treasury, Account::Client(_)) if hired => counts.push((Tally::Rewards, sum)),
        _ => {}
    }
    counts
}

/// No balance is larger.
fn units(units: u128) -> i128 {
    i128::try_from(units).unwrap_or(i128::MAX)
}
