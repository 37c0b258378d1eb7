//! A job: what is asked, on which terms, and how far it has come.

use crate::agent::hire::Hire;
use crate::agent::hire::step::Taken;
use crate::event::{Closing, Delivery, Event, Fault};
use crate::feature::{Feature, Features};
use crate::hash::Sha256;
use crate::id::{Attempt, ClientId, JobId, PublicId, Version, WorkerId};
use crate::key::KeyId;
use crate::ledger::{self, Account};
use crate::money::Amount;
use crate::policy::{Policy, Ruling, Verdict};
use crate::time::Timestamp;
use std::sync::Arc;

/// One job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Job {
    /// Its internal name.
    pub id: JobId,
    /// The name that its dialect shows.
    pub public_id: PublicId,
    /// Who pays.
    pub client: ClientId,
    /// Who takes part, where one agent hires another.
    pub hire: Option<Arc<Hire>>,
    /// Under which API key it was asked for, where it was under one.
    pub key: Option<KeyId>,
    /// The digest of the request, where somebody waits for its answer who may come back with the same one.
    pub request: Option<Sha256>,
    /// What is asked of a worker.
    pub ask: Arc<Ask>,
    /// The most that it can cost; all of it is held.
    pub price: Amount,
    /// The terms.
    pub policy: Arc<Policy>,
    /// When it was created.
    pub created_at: Timestamp,
    /// What was promised to the client, once it is funded.
    pub finish_by: Option<Timestamp>,
    /// How many attempts are used up, the present one included.
    pub attempts: u32,
    /// Those who had it and do not any more: it is not given to them again.
    pub tried: Vec<WorkerId>,
    /// How far it has come.
    pub state: State,
    /// When it came to its end, or to its settlement.
    pub ended_at: Option<Timestamp>,
    /// What is held: the balance of [`Account::Escrow`].
    pub escrow: Amount,
    /// What may still be disputed: the balance of [`Account::Vesting`].
    pub vesting: Amount,
    /// How many events it has seen.
    pub version: Version,
}

/// What is asked of a worker, as far as matching cares. The payload lives apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ask {
    /// What he must be able to do.
    pub skill: Skill,
    /// The model he must serve, if the client named one.
    pub model: Option<Arc<str>>,
    /// Whether speed or price counts.
    pub speed: Speed,
    /// Whether only those may see it whom the client trusts.
    pub private: bool,
    /// What the model must honour, as he serves it.
    pub needs: Features,
}

impl Ask {
    /// Whether it asks for vectors of texts: then the answer has no text, and may be large.
    pub const fn is_of_vectors(&self) -> bool {
        self.needs.include(Features::NONE.with(Feature::Embeddings))
    }
}

/// What kind of work a job is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Skill {
    /// Inference by a language model.
    Infer,
    /// A built-in task.
    Task,
}

impl Skill {
    /// The name in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Infer => "infer",
            Self::Task => "task",
        }
    }

    /// The reverse of [`Self::name`].
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Infer, Self::Task].into_iter().find(|skill| skill.name() == name)
    }
}

/// What the client prefers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Speed {
    /// Soon, at a higher price.
    Fast,
    /// For less.
    Cheap,
}

impl Speed {
    /// The name in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Cheap => "cheap",
        }
    }

    /// The reverse of [`Self::name`].
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Fast, Self::Cheap].into_iter().find(|speed| speed.name() == name)
    }
}

/// How far a job has come. A state carries only what exists in that state; `by` is its deadline.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// Created, no money held.
    Open {
        /// Then it expires.
        by: Timestamp,
    },
    /// The money is held, and nobody has it.
    Funded {
        /// Then it lapses.
        by: Timestamp,
    },
    /// Offered to a worker who has not answered yet.
    Assigned {
        /// Who.
        worker: WorkerId,
        /// Under which number.
        attempt: Attempt,
        /// Then the next worker is tried.
        by: Timestamp,
    },
    /// A worker is at it.
    Running {
        /// Who.
        worker: WorkerId,
        /// Under which number.
        attempt: Attempt,
        /// Then it lapses.
        by: Timestamp,
    },
    /// The work waits for the evaluator.
    Submitted {
        /// What was delivered.
        delivery: Delivery,
        /// What it costs if it is accepted.
        charge: Amount,
        /// Then his silence becomes a verdict.
        by: Timestamp,
    },
    /// Done; the worker is or will be paid.
    Settled {
        /// What was delivered.
        delivery: Delivery,
        /// What it cost.
        charge: Amount,
        /// When it is beyond dispute; `None` once it is.
        vests_at: Option<Timestamp>,
    },
    /// The evaluator refused the work.
    Rejected {
        /// What was delivered.
        delivery: Delivery,
        /// When it is beyond dispute; `None` once it is.
        vests_at: Option<Timestamp>,
    },
    /// Somebody disputes the outcome.
    Disputed {
        /// What was delivered.
        delivery: Delivery,
        /// What had been decided.
        verdict: Verdict,
        /// Then the default ruling holds.
        by: Timestamp,
    },
    /// The dispute has ended.
    Arbitrated {
        /// What was delivered.
        delivery: Delivery,
        /// How.
        ruling: Ruling,
    },
    /// Ended without work; the money is back.
    Closed {
        /// As what.
        how: Closing,
        /// Why.
        reason: Fault,
    },
}

impl State {
    /// Every name of [`Self::name`].
    pub const NAMES: [&'static str; 13] = [
        "open",
        "funded",
        "assigned",
        "running",
        "submitted",
        "settled",
        "rejected",
        "disputed",
        "arbitrated",
        "failed",
        "refunded",
        "expired",
        "cancelled",
    ];

    /// The name that stands in the store and in tables.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Open { .. } => "open",
            Self::Funded { .. } => "funded",
            Self::Assigned { .. } => "assigned",
            Self::Running { .. } => "running",
            Self::Submitted { .. } => "submitted",
            Self::Settled { .. } => "settled",
            Self::Rejected { .. } => "rejected",
            Self::Disputed { .. } => "disputed",
            Self::Arbitrated { .. } => "arbitrated",
            Self::Closed { how: Closing::Failed, .. } => "failed",
            Self::Closed { how: Closing::Refunded, .. } => "refunded",
            Self::Closed { how: Closing::Expired, .. } => "expired",
            Self::Closed { how: Closing::Cancelled, .. } => "cancelled",
        }
    }

    /// When the state's default outcome is due; `None` exactly if the state is final.
    pub const fn deadline(&self) -> Option<Timestamp> {
        match self {
            Self::Open { by }
            | Self::Funded { by }
            | Self::Assigned { by, .. }
            | Self::Running { by, .. }
            | Self::Submitted { by, .. }
            | Self::Disputed { by, .. } => Some(*by),
            Self::Settled { vests_at, .. } | Self::Rejected { vests_at, .. } => *vests_at,
            Self::Arbitrated { .. } | Self::Closed { .. } => None,
        }
    }

    /// Whether nothing can happen any more.
    pub const fn is_final(&self) -> bool {
        self.deadline().is_none()
    }

    /// Whether the client may still choose who does the work, if he has not.
    pub const fn takes_offers(&self) -> bool {
        matches!(self, Self::Open { .. } | Self::Funded { .. })
    }

    /// Whether the client has his answer: the work is done, or will never be.
    pub const fn is_answered(&self) -> bool {
        !matches!(
            self,
            Self::Open { .. } | Self::Funded { .. } | Self::Assigned { .. } | Self::Running { .. }
        )
    }
}

impl Job {
    /// A job to which nothing has happened yet, and which under no key, in which no agent takes part.
    pub fn new(
        id: JobId,
        public_id: PublicId,
        client: ClientId,
        ask: Arc<Ask>,
        price: Amount,
        policy: Arc<Policy>,
        now: Timestamp,
    ) -> Self {
        let nothing = Amount::zero(price.asset);
        Self {
            id,
            public_id,
            client,
            hire: None,
            key: None,
            request: None,
            ask,
            price,
            state: State::Open { by: now + policy.fund_within },
            policy,
            created_at: now,
            finish_by: None,
            attempts: 0,
            tried: Vec::new(),
            ended_at: None,
            escrow: nothing,
            vesting: nothing,
            version: Version::NONE,
        }
    }

    /// Whether what is delivered is judged as a proof of the worker.
    pub fn is_challenge(&self) -> bool {
        self.policy.tier.is_some_and(|tier| tier.is_challenge)
    }

    /// The worker who has it now.
    pub const fn holder(&self) -> Option<(WorkerId, Attempt)> {
        match &self.state {
            State::Assigned { worker, attempt, .. } | State::Running { worker, attempt, .. } => {
                Some((*worker, *attempt))
            }
            _ => None,
        }
    }

    /// What was delivered, once something was.
    pub const fn delivery(&self) -> Option<&Delivery> {
        match &self.state {
            State::Submitted { delivery, .. }
            | State::Settled { delivery, .. }
            | State::Rejected { delivery, .. }
            | State::Disputed { delivery, .. }
            | State::Arbitrated { delivery, .. } => Some(delivery),
            State::Open { .. }
            | State::Funded { .. }
            | State::Assigned { .. }
            | State::Running { .. }
            | State::Closed { .. } => None,
        }
    }

    /// Folds an event into the job.
    ///
    /// The event must have been decided on this very version of the job.
    #[must_use]
    pub fn apply(&self, event: &Event, now: Timestamp) -> Self {
        let mut job = self.clone();
        for transfer in ledger::transfers(self, event) {
            job.book(&transfer.from, transfer.amount, false);
            job.book(&transfer.to, transfer.amount, true);
        }
        job.version = self.version.next();
        match event {
            Event::Funded { finish_by, .. } => job.finish_by = Some(*finish_by),
            Event::Assigned { .. } | Event::Accepted { .. } if self.holder().is_none() => job.attempts += 1,
            Event::Returned { worker, reason, .. } => {
                job.tried.push(*worker);
                job.attempts -= u32::from(!reason.uses_up_an_attempt());
            }
            Event::Settled { .. } | Event::Evaluated { .. } | Event::Ruled { .. } | Event::Closed { .. } => {
                job.ended_at = Some(now);
            }
            Event::Created { .. }
            | Event::Assigned { .. }
            | Event::Accepted { .. }
            | Event::Recovered { .. }
            | Event::Submitted { .. }
            | Event::Vested { .. }
            | Event::Disputed { .. }
            | Event::Hire(_) => {}
        }
        job.hire = self.hire.as_ref().map(|hire| Arc::new(hire.apply(self, event, now)));
        job.state = self.next_state(event);
        job
    }

    fn next_state(&self, event: &Event) -> State {
        match (event, &self.state) {
            (Event::Created { by }, _) => State::Open { by: *by },
            (Event::Funded { by, .. } | Event::Returned { by, .. } | Event::Recovered { by }, _) => {
                State::Funded { by: *by }
            }
            (Event::Assigned { worker, attempt, by }, _) => {
                State::Assigned { worker: *worker, attempt: *attempt, by: *by }
            }
            (Event::Accepted { worker, attempt, by }, _) => {
                State::Running { worker: *worker, attempt: *attempt, by: *by }
            }
            (Event::Submitted { delivery, charge, by }, _) => {
                State::Submitted { delivery: delivery.clone(), charge: *charge, by: *by }
            }
            (Event::Settled { delivery, charge, vests_at, .. }, _) => {
                State::Settled { delivery: delivery.clone(), charge: *charge, vests_at: *vests_at }
            }
            (Event::Evaluated { verdict, charge, vests_at, .. }, State::Submitted { delivery, .. }) => {
                match verdict {
                    Verdict::Complete => {
                        State::Settled { delivery: delivery.clone(), charge: *charge, vests_at: *vests_at }
                    }
                    Verdict::Reject => State::Rejected { delivery: delivery.clone(), vests_at: *vests_at },
                }
            }
            (Event::Vested { .. }, State::Settled { delivery, charge, .. }) => {
                State::Settled { delivery: delivery.clone(), charge: *charge, vests_at: None }
            }
            (Event::Vested { .. }, State::Rejected { delivery, .. }) => {
                State::Rejected { delivery: delivery.clone(), vests_at: None }
            }
            (Event::Disputed { by, .. }, State::Settled { delivery, .. }) => {
                State::Disputed { delivery: delivery.clone(), verdict: Verdict::Complete, by: *by }
            }
            (Event::Disputed { by, .. }, State::Rejected { delivery, .. }) => {
                State::Disputed { delivery: delivery.clone(), verdict: Verdict::Reject, by: *by }
            }
            (Event::Ruled { ruling, .. }, State::Disputed { delivery, .. }) => {
                State::Arbitrated { delivery: delivery.clone(), ruling: *ruling }
            }
            (Event::Closed { how, reason }, _) => State::Closed { how: *how, reason: *reason },
            (Event::Hire(taken), state) => self.after_step(taken, state),
            // Events are made by `decide` for the state that they leave: these pairs do not occur.
            (
                Event::Evaluated { .. } | Event::Vested { .. } | Event::Disputed { .. } | Event::Ruled { .. },
                state,
            ) => state.clone(),
        }
    }

    /// Steps leave the state as it is, but for its deadline.
    fn after_step(&self, taken: &Taken, state: &State) -> State {
        let mut state = state.clone();
        match (taken, &mut state) {
            (Taken::Engaged { .. }, State::Funded { by }) => {
                *by = self.hire.as_ref().map_or(*by, |hire| hire.expires_at(true));
            }
            (Taken::Valued { due: Some(due), .. }, State::Funded { by }) => *by = (*by).max(*due),
            (
                Taken::Committed { by: new, .. } | Taken::Revealed { by: new, .. },
                State::Disputed { by, .. },
            ) => *by = *new,
            _ => {}
        }
        state
    }

    fn book(&mut self, account: &Account, amount: Amount, credit: bool) {
        let balance = match account {
            Account::Escrow(_) => &mut self.escrow,
            Account::Vesting(_) => &mut self.vesting,
            _ => return,
        };
        let changed = if credit { balance.checked_add(amount) } else { balance.checked_sub(amount) };
        *balance = changed.expect("a transfer never takes more than the job's own account holds");
    }
}
