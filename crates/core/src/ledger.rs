//! The books: accounts, and the transfers that each ending of a job makes.
//!
//! Money moves only as a [`Transfer`], so the books balance by construction. [`ENDINGS`] is the
//! whole of what events do to a job's price: [`transfers`] reads it, and nothing else decides. What they do to the
//! stakes of agents stands beside it, in [`crate::agent::hire`].

use crate::agent::hire::{end, stakes};
use crate::agent::role::Role;
use crate::event::{Event, Moves};
use crate::id::{AgentId, ClientId, Doer, JobId, WorkerId};
use crate::job::Job;
use crate::money::Amount;
use crate::policy::{Ruling, Source, Verdict};
use std::fmt;
use std::sync::Arc;

/// A network where money settles, such as `ledger:main` or `eip155:8453`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct NetworkId(pub Arc<str>);

/// Where money can be. None is ever negative, except `Outside`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Account {
    /// What a client may spend.
    Client(ClientId),
    /// What a worker has earned.
    Worker(WorkerId),
    /// Held for a job until it ends.
    Escrow(JobId),
    /// Earned or returned, while it may still be disputed.
    Vesting(JobId),
    /// An agent's free stake.
    Stake(AgentId),
    /// What a worker has put down as a surety for its work.
    Staked(WorkerId),
    /// An agent's stake that one job has locked.
    Locked(AgentId, JobId),
    /// What the opener of a dispute has put down.
    Deposit(JobId),
    /// The platform's own.
    Treasury,
    /// Nobody's, for ever.
    Burned,
    /// The mirror of what a network holds for us: minus what came in, plus what went out.
    Outside(NetworkId),
}

impl Account {
    /// Whether the account may stand below zero.
    pub const fn may_be_negative(&self) -> bool {
        matches!(self, Self::Outside(_))
    }

    /// The job whose own account this is: its balance is kept with the job, not among accounts.
    pub const fn job(&self) -> Option<JobId> {
        match self {
            Self::Escrow(job) | Self::Vesting(job) | Self::Locked(_, job) | Self::Deposit(job) => Some(*job),
            Self::Client(_)
            | Self::Worker(_)
            | Self::Stake(_)
            | Self::Staked(_)
            | Self::Treasury
            | Self::Burned
            | Self::Outside(_) => None,
        }
    }

    /// The reverse of the account's text; `None` if it names no account.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        let job = || rest.parse().ok().map(JobId);
        let agent = || rest.parse().ok().map(AgentId);
        Some(match kind {
            "client" if !rest.is_empty() => Self::Client(ClientId(rest.into())),
            "worker" => Self::Worker(WorkerId::from_hex(rest)?),
            "escrow" => Self::Escrow(job()?),
            "vesting" => Self::Vesting(job()?),
            "stake" => Self::Stake(agent()?),
            "staked" => Self::Staked(WorkerId::from_hex(rest)?),
            "locked" => {
                let (agent, job) = rest.split_once(':')?;
                Self::Locked(AgentId(agent.parse().ok()?), JobId(job.parse().ok()?))
            }
            "deposit" => Self::Deposit(job()?),
            "treasury" if rest.is_empty() => Self::Treasury,
            "burned" if rest.is_empty() => Self::Burned,
            "outside" if !rest.is_empty() => Self::Outside(NetworkId(rest.into())),
            _ => return None,
        })
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(client) => write!(f, "client:{}", client.0),
            Self::Worker(worker) => write!(f, "worker:{worker}"),
            Self::Escrow(job) => write!(f, "escrow:{}", job.0),
            Self::Vesting(job) => write!(f, "vesting:{}", job.0),
            Self::Stake(agent) => write!(f, "stake:{}", agent.0),
            Self::Staked(worker) => write!(f, "staked:{worker}"),
            Self::Locked(agent, job) => write!(f, "locked:{}:{}", agent.0, job.0),
            Self::Deposit(job) => write!(f, "deposit:{}", job.0),
            Self::Treasury => f.write_str("treasury"),
            Self::Burned => f.write_str("burned"),
            Self::Outside(network) => write!(f, "outside:{}", network.0),
        }
    }
}

/// Money on its way from one account to another; never zero, never to itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transfer {
    /// Who has less afterwards.
    pub from: Account,
    /// Who has more afterwards.
    pub to: Account,
    /// How much.
    pub amount: Amount,
}

/// Who stands at one end of a transfer, before the job names him.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Party {
    /// The job's [`Source`].
    Source,
    /// The job's escrow.
    Escrow,
    /// The job's vesting account.
    Vesting,
    /// The worker who delivered.
    Worker,
    /// His stake.
    Stake,
    /// The evaluator.
    Evaluator,
    /// The platform.
    Treasury,
    /// Nobody.
    Burned,
}

/// Which part of the money goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// The whole hold.
    Hold,
    /// What the work costs, at most the hold.
    Charge,
    /// The hold without the charge.
    Rest,
    /// The worker's part of what is divided.
    Pay,
    /// The evaluator's part of what is divided.
    Fee,
    /// The platform's part of what is divided.
    Cut,
    /// The burned part of what is divided.
    Burn,
    /// What a ruling gives back to the client.
    Returned,
    /// What a ruling takes from the worker's stake.
    Slash,
}

/// One way in which an event moves money.
#[derive(Debug)]
pub struct Ending {
    /// Which events these are.
    pub on: Moves,
    /// From whom, to whom, which part; parts that are zero make no transfer.
    pub legs: &'static [(Party, Party, Part)],
}

/// Every ending of a job, who gets each unit, and by which accounts.
pub const ENDINGS: &[Ending] = {
    use Part::*;
    use Party::*;
    const GIVE_BACK: &[(Party, Party, Part)] = &[(Escrow, Source, Hold)];
    const PAY_FROM_VESTING: &[(Party, Party, Part)] = &[
        (Vesting, Source, Returned),
        (Vesting, Worker, Pay),
        (Vesting, Evaluator, Fee),
        (Vesting, Treasury, Cut),
        (Vesting, Burned, Burn),
    ];
    &[
        Ending { on: Moves::Nothing, legs: &[] },
        Ending { on: Moves::Hold, legs: &[(Source, Escrow, Hold)] },
        Ending {
            on: Moves::PayAtOnce,
            legs: &[
                (Escrow, Worker, Pay),
                (Escrow, Evaluator, Fee),
                (Escrow, Treasury, Cut),
                (Escrow, Burned, Burn),
                (Escrow, Source, Rest),
            ],
        },
        Ending { on: Moves::Vest, legs: &[(Escrow, Vesting, Charge), (Escrow, Source, Rest)] },
        Ending { on: Moves::GiveBack, legs: GIVE_BACK },
        Ending { on: Moves::PayVested, legs: PAY_FROM_VESTING },
        Ending { on: Moves::ReturnVested, legs: &[(Vesting, Source, Charge), (Stake, Treasury, Slash)] },
    ]
};

/// What an event does to the books, given the job as it stood before.
///
/// The transfers sum to what the event may move: nothing stays in an account that the ending closes.
pub fn transfers(job: &Job, event: &Event) -> Vec<Transfer> {
    let moves = event.moves(job);
    let Some(ending) = ENDINGS.iter().find(|ending| ending.on == moves) else { return Vec::new() };
    let sums = Sums::of(job, event);
    let legs = ending.legs.iter().filter_map(|(from, to, part)| {
        let amount = sums.part(*part);
        let account = |party| account(job, event, party);
        (!amount.is_zero()).then(|| Some(Transfer { from: account(*from)?, to: account(*to)?, amount }))?
    });
    legs.chain(stakes::transfers(job, event)).collect()
}

/// The sums that the parts of an ending stand for.
struct Sums {
    hold: Amount,
    charge: Amount,
    returned: Amount,
    slash: Amount,
    parts: crate::money::Parts,
}

impl Sums {
    fn of(job: &Job, event: &Event) -> Self {
        let hold = if job.escrow.is_zero() { job.price } else { job.escrow };
        let charge = match event {
            Event::Settled { charge, .. } | Event::Evaluated { charge, .. } => *charge,
            _ => job.vesting,
        };
        let returned = match event {
            Event::Ruled { ruling: Ruling::Divided { client }, .. } => charge.share(*client),
            _ => charge.with_units(0),
        };
        let slash = match event {
            Event::Ruled { slash, .. } => charge.with_units(*slash),
            _ => charge.with_units(0),
        };
        let delivery = event.delivery().or_else(|| job.delivery());
        let split = match &job.hire {
            Some(hire) => hire.split(job, end::pays_evaluator(job, hire, event)),
            None => job.policy.split_of(delivery.is_some_and(|delivery| delivery.conduct.staked)),
        };
        let divided = charge.with_units(charge.units - returned.units);
        Self { hold, charge, returned, slash, parts: split.divide(divided) }
    }

    fn part(&self, part: Part) -> Amount {
        match part {
            Part::Hold => self.hold,
            Part::Charge => self.charge,
            Part::Rest => self.hold.with_units(self.hold.units.saturating_sub(self.charge.units)),
            Part::Pay => self.parts.worker,
            Part::Fee => self.parts.evaluator,
            Part::Cut => self.parts.platform,
            Part::Burn => self.parts.burned,
            Part::Returned => self.returned,
            Part::Slash => self.slash,
        }
    }
}

/// The account that a party stands for. Without an evaluator his part is the worker's: the split of
/// such a job has no part for one.
fn account(job: &Job, event: &Event, party: Party) -> Option<Account> {
    let by = || event.delivery().or_else(|| job.delivery()).map(|delivery| delivery.by);
    let seat = |role| job.hire.as_ref()?.seat(role).map(|seat| seat.wallet(job));
    let worker = || match by()? {
        Doer::Worker(worker) => Some(Account::Worker(worker)),
        Doer::Agent(_) => seat(Role::Provider),
    };
    match party {
        Party::Source => Some(source(job)),
        Party::Escrow => Some(Account::Escrow(job.id)),
        Party::Vesting => Some(Account::Vesting(job.id)),
        Party::Worker => worker(),
        Party::Stake => by()?.worker().map(Account::Staked),
        Party::Evaluator => seat(Role::Evaluator).or_else(worker),
        Party::Treasury => Some(Account::Treasury),
        Party::Burned => Some(Account::Burned),
    }
}

/// Who pays for a job, and has back what is left.
pub fn source(job: &Job) -> Account {
    match &job.policy.source {
        Source::Client => Account::Client(job.client.clone()),
        Source::Minted(network) => Account::Outside(network.clone()),
        Source::Treasury => Account::Treasury,
    }
}

/// Whether a verdict pays the worker.
pub const fn pays_worker(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Complete)
}
