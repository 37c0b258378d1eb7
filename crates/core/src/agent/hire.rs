//! A job for which one agent hires another: who takes part, what each has locked for it, and how it was judged.
//!
//! What may happen is decided in [`crate::decide`] and [`step`]; what it does to stakes stands in `stakes`, and what it
//! says of the agents in `notes`.

pub mod dispute;
pub(crate) mod end;
pub(crate) mod notes;
pub(crate) mod stakes;
pub mod step;

use super::admission::Party;
use super::capital::{Capital, Valuation};
use super::court::Outcome;
use super::fee;
use super::identity::Wallet;
use super::penalty::{Offence, Violations};
use super::role::{Level, Role, Strategy};
use super::standing::Standing;
use crate::event::{Closing, Event, Fault};
use crate::hash::ContentHash;
use crate::id::AgentId;
use crate::job::{Job, State};
use crate::ledger::Account;
use crate::money::{BasisPoints, Parts, Split};
use crate::policy::{Ruling, Verdict};
use crate::refusal::Refusal;
use crate::time::{Millis, Timestamp};
use dispute::Dispute;
use std::sync::Arc;
use step::Taken;

/// What the client fixed when it created the job.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Order {
    /// How the work is judged.
    pub strategy: Strategy,
    /// Names the program that judges it, where one does.
    pub program: Option<ContentHash>,
    /// Names the criteria by which it is judged, where there are some.
    pub rubric: Option<ContentHash>,
    /// Set where the work is done with entrusted capital.
    pub capital: Option<Capital>,
    /// When the work is to be there.
    pub deadline: Timestamp,
    /// How much later it is late, and not missing.
    pub grace: Millis,
    /// Who alone may judge; anybody who can, where the client has named nobody.
    pub judge: Option<AgentId>,
    /// Whether early work earns a bonus.
    pub rewards_early: bool,
}

/// The longest time that a client may give, from the creation of the job.
pub const LONGEST: Millis = Millis::hours(366 * 24);

impl Order {
    /// Refuses what cannot be done or judged.
    pub fn check(&self, now: Timestamp) -> Result<(), Refusal> {
        if self.deadline <= now || self.deadline.since(now) > LONGEST {
            return Err(Refusal::BadDeadline);
        }
        if self.capital.is_some() != (self.strategy == Strategy::Capital) {
            return Err(Refusal::OrderIncomplete);
        }
        let has_all = match self.strategy {
            Strategy::Program => self.program.is_some(),
            Strategy::Rubric => self.rubric.is_some(),
            Strategy::Hybrid => self.program.is_some() && self.rubric.is_some(),
            Strategy::Capital => true,
        };
        if has_all { Ok(()) } else { Err(Refusal::OrderIncomplete) }
    }
}

/// Somebody who takes part, and what is locked of its stake for that.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Seat {
    /// Who.
    pub agent: AgentId,
    /// Whose it is, and who is paid for it.
    pub owner: Wallet,
    /// How much is locked, in minor units of the job's asset.
    pub lock: u128,
    /// Since when.
    pub since: Timestamp,
    /// When what is left of it was free again.
    pub released: Option<Timestamp>,
    /// How many violations were remembered of it then, which decides what another costs.
    pub violations: u32,
    /// How many of its last deliveries had been refused then, one after the other.
    pub rejections: u32,
}

impl Seat {
    /// Somebody who takes part from now on, as it is known now.
    pub const fn new(party: Party, lock: u128, standing: &Standing, now: Timestamp) -> Self {
        Self {
            agent: party.agent,
            owner: party.owner,
            lock,
            since: now,
            released: None,
            violations: standing.violations.count,
            rejections: standing.rejections,
        }
    }

    /// Who it is.
    pub const fn party(&self) -> Party {
        Party { agent: self.agent, owner: self.owner }
    }

    /// The share of its lock that an offence costs it.
    pub(crate) const fn share(&self, offence: Offence) -> BasisPoints {
        Violations { count: self.violations, clean: 0 }.share(offence)
    }

    /// The account of its owner, in the scope of the job's dialect.
    pub fn wallet(&self, job: &Job) -> Account {
        Account::Client(self.owner.client(job.public_id.dialect))
    }

    /// The account of its lock.
    pub const fn locked(&self, job: &Job) -> Account {
        Account::Locked(self.agent, job.id)
    }

    /// What is still locked.
    pub const fn standing_lock(&self) -> u128 {
        if self.released.is_some() { 0 } else { self.lock }
    }
}

/// What an evaluator says of delivered work besides whether it is accepted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Judgement {
    /// How strongly it was verified.
    pub level: Level,
    /// Whether it was close.
    pub borderline: bool,
    /// What the evaluator has found besides: [`Offence::Garbage`] or [`Offence::BadFaith`], of refused work alone.
    pub fault: Option<Offence>,
    /// Names what proves it, where something does.
    pub proof: Option<ContentHash>,
}

/// The part of a job that only such jobs have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hire {
    /// What was fixed at the beginning.
    pub order: Arc<Order>,
    /// A few words.
    pub title: Arc<str>,
    /// Some more.
    pub description: Arc<str>,
    /// Who asks for the work.
    pub client: Seat,
    /// Whom the client wants to do it, who has not agreed yet.
    pub invited: Option<AgentId>,
    /// Who does it.
    pub provider: Option<Seat>,
    /// Who judges it.
    pub evaluator: Option<Seat>,
    /// When there were both a provider and money.
    pub begun_at: Option<Timestamp>,
    /// What entrusted capital is worth, as far as that is attested.
    pub valuation: Option<Valuation>,
    /// Until when the closing report is to be delivered, where that came.
    pub due: Option<Timestamp>,
    /// When the work came.
    pub delivered_at: Option<Timestamp>,
    /// What the evaluator said; `None` while he says nothing, and for ever if he never did.
    pub judgement: Option<Judgement>,
    /// The dispute about it, if there is or was one.
    pub dispute: Option<Arc<Dispute>>,
}

impl Hire {
    /// A new one, in which only the client takes part.
    pub fn new(order: Arc<Order>, client: Seat) -> Self {
        Self {
            order,
            title: "".into(),
            description: "".into(),
            client,
            invited: None,
            provider: None,
            evaluator: None,
            begun_at: None,
            valuation: None,
            due: None,
            delivered_at: None,
            judgement: None,
            dispute: None,
        }
    }

    /// The least level that its strategy can reach: locks are made for it.
    pub const fn least_level(strategy: Strategy) -> Level {
        strategy.levels()[0]
    }

    /// Who has this role. A dispute has three arbitrators, none of whom is meant.
    pub const fn seat(&self, role: Role) -> Option<&Seat> {
        match role {
            Role::Client => Some(&self.client),
            Role::Provider => self.provider.as_ref(),
            Role::Evaluator => self.evaluator.as_ref(),
            Role::Arbitrator => None,
        }
    }

    /// Everybody who takes part, arbitrators included.
    pub fn seats(&self) -> impl Iterator<Item = (Role, &Seat)> {
        let parties = [Role::Client, Role::Provider, Role::Evaluator]
            .into_iter()
            .filter_map(|role| Some((role, self.seat(role)?)));
        let jurors = self.dispute.iter().flat_map(|dispute| dispute.seated());
        parties.chain(jurors.map(|seat| (Role::Arbitrator, seat)))
    }

    /// Client, provider and evaluator, as far as they are known.
    pub fn parties(&self) -> Vec<Party> {
        let parties = self.seats().filter(|(role, _)| *role != Role::Arbitrator);
        parties.map(|(_, seat)| seat.party()).collect()
    }

    /// What stands on the job's own accounts beside its budget: what is locked of each who takes part, and the deposit.
    pub fn holdings(&self, job: &Job) -> Vec<(Account, u128)> {
        let locks = self.seats().map(|(_, seat)| (seat.locked(job), seat.standing_lock()));
        let open = self.dispute.as_ref().filter(|dispute| dispute.settled.is_none());
        let deposit = open.map_or(0, |dispute| dispute.deposit);
        locks.chain([(Account::Deposit(job.id), deposit)]).collect()
    }

    /// The role of an agent that takes part.
    pub fn role_of(&self, agent: AgentId) -> Option<Role> {
        self.seats().find(|(_, seat)| seat.agent == agent).map(|(role, _)| role)
    }

    /// When the job ends if nothing is delivered.
    pub fn expires_at(&self, has_provider: bool) -> Timestamp {
        if has_provider { self.order.deadline + self.order.grace } else { self.order.deadline }
    }

    /// Whether a tenth of the time is left that the client gave when it created the job. With less nobody is put to work:
    /// its stake would be at risk for a lateness that it could not avoid.
    pub fn leaves_time(&self, job: &Job, now: Timestamp) -> bool {
        let given = self.order.deadline.since(job.created_at).0;
        let left = self.order.deadline.since(now).0;
        left > 0 && left >= given / 10
    }

    /// When the work is late. A provider of capital cannot deliver before an enclave has closed it, which is not its doing.
    pub fn due(&self) -> Timestamp {
        // What is traded may still be closed, and what it has gained is the client's already.
        let is_traded = self.valuation.is_some();
        let unclosed = if is_traded { self.expires_at(true) } else { self.order.deadline };
        self.due.unwrap_or(unclosed)
    }

    /// Whether the work came after that.
    pub fn is_late(&self) -> bool {
        self.delivered_at.is_some_and(|at| at >= self.due())
    }

    /// How the budget is divided when the provider is paid: the evaluator has a part if he said that it should be.
    pub fn split(&self, job: &Job, judged_so: bool) -> Split {
        if judged_so { job.policy.split } else { Split { evaluator: BasisPoints(0), ..job.policy.split } }
    }

    /// How the budget is divided, or will be when nobody disputes that any more; `None` unless the provider is paid.
    pub fn shares(&self, job: &Job) -> Option<Parts> {
        let judged = self.judgement.is_some();
        let upheld = self.dispute.as_ref().and_then(|dispute| dispute.settled);
        let upheld = upheld.is_none_or(|(outcome, _)| outcome != Outcome::Overturned);
        match job.state {
            State::Settled { charge, .. } => Some(self.split(job, judged).divide(charge)),
            State::Arbitrated { ruling: Ruling::ForWorker, .. } => {
                Some(self.split(job, judged && upheld).divide(job.price))
            }
            _ => None,
        }
    }

    /// The verdict that the worth of entrusted capital leaves, where it leaves one.
    pub fn bound_verdict(&self) -> Option<Verdict> {
        let valuation = self.valuation?;
        self.order.capital?.outcome(valuation.value).verdict()
    }

    /// Whether anything could be delivered: money and a provider were there, and entrusted capital was closed.
    pub(crate) fn was_possible(&self) -> bool {
        self.begun_at.is_some() && (self.order.capital.is_none() || self.due.is_some())
    }

    /// Whether the work is accepted, as far as that is known.
    pub const fn passed(state: &State) -> Option<bool> {
        match state {
            State::Arbitrated { ruling, .. } => Some(!matches!(ruling, Ruling::ForClient)),
            state => match verdict_of(state) {
                Some(Verdict::Complete) => Some(true),
                Some(Verdict::Reject) => Some(false),
                None => None,
            },
        }
    }

    /// What the treasury owes the provider on top of a budget.
    pub fn bonus(&self, budget: u128) -> u128 {
        let spans = self.begun_at.zip(self.delivered_at).filter(|_| self.order.rewards_early);
        spans.map_or(0, |(begun, delivered)| {
            fee::bonus(delivered.since(begun), self.order.deadline.since(begun)).of(budget)
        })
    }

    /// Folds an event into it, which was decided on the job as it stands.
    #[must_use]
    pub(crate) fn apply(&self, job: &Job, event: &Event, now: Timestamp) -> Self {
        let mut hire = self.clone();
        match event {
            Event::Funded { .. } if hire.provider.is_some() => hire.begun_at = Some(now),
            Event::Hire(taken) => hire.take(job, taken, now),
            Event::Submitted { .. } => hire.delivered_at = Some(now),
            Event::Evaluated { judgement, .. } => hire.judgement = *judgement,
            Event::Disputed { filing, .. } => hire.dispute = filing.clone(),
            _ => {}
        }
        if end::is_end(event) {
            let outcome = end::votes(job, event).map(|votes| super::court::decide(&votes));
            if let (Some(dispute), Some(outcome)) = (&mut hire.dispute, outcome) {
                Arc::make_mut(dispute).settled = Some((outcome, now));
            }
            hire.release(now);
        }
        hire
    }

    fn take(&mut self, job: &Job, taken: &Taken, now: Timestamp) {
        match taken {
            Taken::Invited { agent } => self.invited = Some(*agent),
            Taken::Engaged { provider } => {
                (self.provider, self.invited) = (Some(*provider), None);
                self.begun_at = matches!(job.state, State::Funded { .. }).then_some(now);
            }
            Taken::Appointed { evaluator } => self.evaluator = Some(*evaluator),
            Taken::Described { title, description } => {
                (self.title, self.description) = (title.clone(), description.clone());
            }
            Taken::Valued { valuation, due } => (self.valuation, self.due) = (Some(*valuation), *due),
            Taken::Committed { .. } | Taken::Revealed { .. } => {
                if let Some(dispute) = &mut self.dispute {
                    Arc::make_mut(dispute).take(taken, now);
                }
            }
        }
    }

    /// Nothing stays locked when a job has come to its end.
    fn release(&mut self, now: Timestamp) {
        let parties = [Some(&mut self.client), self.provider.as_mut(), self.evaluator.as_mut()];
        parties.into_iter().flatten().for_each(|seat| seat.released = Some(now));
        if let Some(dispute) = &mut self.dispute {
            let jurors = Arc::make_mut(dispute).jurors.iter_mut().flatten();
            jurors.for_each(|juror| juror.seat.released = Some(now));
        }
    }
}

/// The verdict under which a job comes to its end, if it was judged or his silence was a verdict.
pub(crate) const fn verdict_of(state: &State) -> Option<Verdict> {
    match state {
        State::Settled { .. } => Some(Verdict::Complete),
        State::Rejected { .. } => Some(Verdict::Reject),
        State::Disputed { verdict, .. } => Some(*verdict),
        _ => None,
    }
}

/// Against whom a verdict went. Only that side may dispute it: who has won could otherwise be the first to ask, and have what
/// an overturned verdict pays to the one who asked.
pub const fn loser(state: &State) -> Option<Role> {
    match verdict_of(state) {
        Some(Verdict::Complete) => Some(Role::Client),
        Some(Verdict::Reject) => Some(Role::Provider),
        None => None,
    }
}

/// What a provider who has delivered nothing has done, by how the job was closed.
pub(crate) const fn missed(how: Closing, reason: Fault) -> Option<Offence> {
    match (how, reason) {
        (Closing::Expired, Fault::ByClient) => Some(Offence::Late),
        (Closing::Expired, Fault::TimedOut) => Some(Offence::Missing),
        _ => None,
    }
}
