//! Runs of two jobs among the same few agents, by honest and dishonest parties at any time, made from numbers that proptest
//! chooses and shortens.

use super::sample::{commitment, wallet};
use crate::sample::{START, after, delivery, outcome};
use crate::script::{Dice, MOST_LAPSES};
use docket_core::agent::capital::{Capital, Closed, ClosedReason, Valuation, stop_loss_at, target_at};
use docket_core::agent::court::{SEATS, Vote, deposit};
use docket_core::agent::fee;
use docket_core::agent::hire::dispute::Filing;
use docket_core::agent::hire::step::Step;
use docket_core::agent::hire::{Hire, Judgement, Order, Seat};
use docket_core::agent::lock::Locks;
use docket_core::agent::penalty::Offence;
use docket_core::agent::role::{Level, Role, Strategy as Judging};
use docket_core::agent::standing::Standing;
use docket_core::change::Change;
use docket_core::command::{Canceller, Charge, Command};
use docket_core::event::{Delivery, Event, Fault};
use docket_core::hash::{ContentHash, Sha256};
use docket_core::id::{AgentId, Attempt, Dialect, Doer, JobId, Version};
use docket_core::job::{Job, State};
use docket_core::ledger::{Account, NetworkId, Transfer};
use docket_core::money::{Amount, Asset, BasisPoints};
use docket_core::policy::{Arbitration, Evaluation, Judge, Lapse, Policy, Ruling, Verdict};
use docket_core::refusal::Refusal;
use docket_core::time::{Millis, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many agents there are.
const AGENTS: u64 = 8;
/// What an agent may have.
const PURSES: [u128; 10] = [0, 1_000_000_000, RICH, RICH, RICH, RICH, RICH, RICH, RICH, RICH];
const RICH: u128 = 1 << 110;
/// How many jobs.
const JOBS: usize = 2;

/// One command to one job, and all that came of it.
pub(super) struct Told {
    pub(super) job: usize,
    pub(super) before: Job,
    pub(super) command: Command,
    pub(super) at: Timestamp,
    pub(super) outcome: Result<Change, Refusal>,
    /// What stands in the books afterwards.
    pub(super) books: Books,
}

impl Told {
    pub(super) fn event(&self) -> Option<&Event> {
        self.outcome.as_ref().ok()?.job.as_ref().map(|change| &change.event)
    }

    pub(super) fn transfers(&self) -> &[Transfer] {
        self.outcome.as_ref().map_or(&[], |change| &change.transfers)
    }
}

/// Money, and what is known of agents.
#[derive(Clone)]
pub(super) struct Books {
    pub(super) held: BTreeMap<Account, i128>,
    pub(super) standings: BTreeMap<AgentId, Standing>,
    pub(super) jobs: Vec<Job>,
}

impl Books {
    pub(super) fn balance(&self, account: &Account) -> i128 {
        self.held.get(account).copied().unwrap_or_default()
    }

    fn book(&mut self, transfer: &Transfer) {
        let units = i128::try_from(transfer.amount.units).expect("sums here stay below 2^120");
        *self.held.entry(transfer.from.clone()).or_default() -= units;
        *self.held.entry(transfer.to.clone()).or_default() += units;
    }

    fn standing(&self, agent: AgentId) -> Standing {
        self.standings.get(&agent).copied().unwrap_or_default()
    }

    /// As the store does: nobody spends what he does not have.
    fn afford(&self, change: &Change) -> Result<(), Refusal> {
        let mut after = self.clone();
        change.transfers.iter().for_each(|transfer| after.book(transfer));
        let is_own = |account: &&Account| matches!(account, Account::Client(_) | Account::Stake(_));
        let short = change.debited().filter(is_own).any(|account| after.balance(account) < 0);
        if short { Err(Refusal::InsufficientFunds) } else { Ok(()) }
    }

    fn take(&mut self, number: usize, change: &Change) {
        change.transfers.iter().for_each(|transfer| self.book(transfer));
        for (agent, note) in &change.notes {
            let standing = self.standing(*agent).after(*note, change.at);
            self.standings.insert(*agent, standing);
        }
        self.jobs[number] = after(change);
    }
}

/// A market, and what is said in it.
#[derive(Clone, Debug)]
pub(super) struct Script {
    terms: u64,
    lines: Vec<u64>,
}

/// Scripts of one to eighty commands.
pub(super) fn scripts() -> impl Strategy<Value = Script> {
    (any::<u64>(), vec(any::<u64>(), 1..80)).prop_map(|(terms, lines)| Script { terms, lines })
}

impl Script {
    /// What comes of the script, and of waiting afterwards until nothing is due any more.
    pub(super) fn play(&self) -> Vec<Told> {
        let mut dice = Dice(self.terms);
        let mut stage = Stage::set(&mut dice);
        for number in 0..JOBS {
            stage.tell(number, Command::Create, START);
        }
        for line in &self.lines {
            stage.speak(&mut Dice(*line));
        }
        for number in 0..JOBS {
            for _ in 0..MOST_LAPSES {
                let job = &stage.books.jobs[number];
                let Some(by) = job.state.deadline().filter(|_| job.version != Version::NONE) else { break };
                let treasury = stage.treasury();
                stage.tell(number, Command::Lapse { treasury }, by);
            }
        }
        stage.told
    }
}

/// A market while something happens in it.
struct Stage {
    books: Books,
    /// Who may have which role in each job: client, provider, evaluator, arbitrators, and others.
    casts: Vec<Vec<AgentId>>,
    now: Timestamp,
    told: Vec<Told>,
}

impl Stage {
    fn set(dice: &mut Dice) -> Self {
        let mut books = Books { held: BTreeMap::new(), standings: BTreeMap::new(), jobs: Vec::new() };
        let outside = Account::Outside(NetworkId("ledger:main".into()));
        let mut give = |to: Account, units: u128| {
            books.book(&Transfer { from: outside.clone(), to, amount: usdc(units) });
        };
        for agent in (1..=AGENTS).map(AgentId) {
            give(Account::Stake(agent), dice.pick(&PURSES));
            let owner = Account::Client(wallet(agent).client(Dialect::Agents));
            give(owner, dice.pick(&PURSES));
        }
        give(Account::Treasury, dice.pick(&[0, 0, 1_000, 1 << 40, 1 << 100]));
        books.held.retain(|_, units| *units != 0);
        let mut casts = Vec::new();
        for number in 0..JOBS {
            let mut cast: Vec<AgentId> = (1..=AGENTS).map(AgentId).collect();
            for place in (1..cast.len()).rev() {
                cast.swap(place, dice.roll(place as u64 + 1) as usize);
            }
            books.jobs.push(job(dice, number, &cast));
            casts.push(cast);
        }
        Self { books, casts, now: START, told: Vec::new() }
    }

    fn treasury(&self) -> u128 {
        u128::try_from(self.books.balance(&Account::Treasury)).unwrap_or_default()
    }

    fn tell(&mut self, number: usize, command: Command, at: Timestamp) {
        let before = self.books.jobs[number].clone();
        let outcome = outcome(&before, &command, at);
        let outcome = outcome.and_then(|change| self.books.afford(&change).map(|()| change));
        if let Ok(change) = &outcome {
            self.books.take(number, change);
        }
        self.now = at;
        self.told.push(Told { job: number, before, command, at, outcome, books: self.books.clone() });
    }

    /// Says one thing of a few: most often the first that is allowed, else the first.
    fn speak(&mut self, dice: &mut Dice) {
        let number = dice.roll(JOBS as u64) as usize;
        let at = self.when(dice, number);
        let offered: Vec<Command> = (0..10).map(|_| self.command(dice, number, at)).collect();
        let apt = dice.roll(12) > 0;
        let job = &self.books.jobs[number];
        let allowed = offered.iter().find(|command| apt && outcome(job, command, at).is_ok());
        let command = allowed.unwrap_or(&offered[0]).clone();
        self.tell(number, command, at);
    }

    fn when(&self, dice: &mut Dice, number: usize) -> Timestamp {
        let job = &self.books.jobs[number];
        let hire = job.hire.as_ref().expect("it is one");
        let around = Millis(dice.between(-1, 2));
        let commit = hire.dispute.as_ref().map(|dispute| dispute.commit_until);
        match dice.roll(100) {
            0 => self.now + Millis(dice.between(-20, 40)),
            1 => job.state.deadline().unwrap_or(self.now) + around,
            2 => hire.order.deadline + around,
            3 => commit.unwrap_or(self.now) + around,
            4 => Timestamp(i64::midpoint(START.0, hire.order.deadline.0)) + around,
            5..15 => self.now + Millis(dice.between(1, 6)),
            _ => self.now,
        }
    }

    fn seat(&self, dice: &mut Dice, job: &Job, agent: AgentId, role: Role, at: Timestamp) -> Seat {
        let hire = job.hire.as_ref().expect("it is one");
        let standing = self.books.standing(agent);
        let level = Hire::least_level(hire.order.strategy);
        let lock = Locks::DOCUMENTED.lock(role, level, job.price.units, standing.score);
        Seat {
            agent,
            owner: wallet(agent),
            // The market may have other terms.
            lock: dice.pick(&[lock, lock, lock, lock, lock, lock, 0, 1, lock / 3]),
            since: at,
            released: None,
            violations: dice.pick(&[standing.violations.count, standing.violations.count, 0, 1, 2, 3]),
            rejections: dice.pick(&[standing.rejections, standing.rejections, 0, 1, 2, u32::MAX - 1]),
        }
    }

    fn command(&self, dice: &mut Dice, number: usize, at: Timestamp) -> Command {
        let job = &self.books.jobs[number];
        let cast = &self.casts[number];
        let someone = |dice: &mut Dice, apt: usize| {
            let other = dice.roll(AGENTS) as usize;
            dice.pick(&[cast[apt], cast[apt], cast[apt], cast[other]])
        };
        let step = Command::Hire;
        let hire = job.hire.as_ref().expect("it is one");
        if let Some(capital) = hire.order.capital.filter(|_| dice.roll(3) == 0) {
            return step(Step::Value { valuation: valuation(dice, hire, &capital, at) });
        }
        let is_disputed = matches!(job.state, State::Disputed { .. });
        let said = if is_disputed && dice.roll(6) > 0 { 79 + dice.roll(24) } else { dice.roll(112) };
        match said {
            0..12 => Command::Fund,
            12..24 => {
                let agent = someone(dice, 1);
                step(Step::Engage { provider: self.seat(dice, job, agent, Role::Provider, at) })
            }
            24..34 => {
                let agent = someone(dice, 2);
                step(Step::Appoint { evaluator: self.seat(dice, job, agent, Role::Evaluator, at) })
            }
            34..36 => step(Step::Invite { agent: someone(dice, 1) }),
            36 => step(Step::Describe { title: "sums".into(), description: "add".into() }),
            37..53 => submit(dice, job, someone),
            53..65 => evaluate(dice, job),
            65 if dice.roll(4) == 0 => {
                let by = dice.pick(&[Canceller::Client, Canceller::Operator, Canceller::Evaluator]);
                Command::Cancel { by }
            }
            65..69 => step(Step::Reclaim),
            69..79 => self.dispute(dice, number, at),
            79..91 => {
                let agent = self.juror(dice, job, cast);
                step(Step::Commit { agent, commitment: commitment(agent, vote(dice, job)) })
            }
            91..103 => {
                let (agent, vote) = (self.juror(dice, job, cast), vote(dice, job));
                let commitment = commitment(agent, vote);
                step(Step::Reveal { agent, vote, salt: ContentHash([0; 32]), commitment })
            }
            103..108 => {
                let treasury = self.treasury();
                Command::Lapse { treasury: dice.pick(&[treasury, treasury, treasury / 2, 0]) }
            }
            108 => Command::Create,
            109 => Command::Recover { grace: dice.span() },
            110 => Command::Rule { ruling: Ruling::ForClient, by: Judge::Arbiter, stake: 1 << 100 },
            _ => Command::GiveUp { reason: Fault::NoWorker },
        }
    }

    fn juror(&self, dice: &mut Dice, job: &Job, cast: &[AgentId]) -> AgentId {
        let dispute = job.hire.as_ref().and_then(|hire| hire.dispute.clone());
        let seats: Vec<AgentId> = dispute
            .iter()
            .flat_map(|dispute| dispute.jurors)
            .flatten()
            .map(|juror| juror.seat.agent)
            .collect();
        if seats.is_empty() || dice.roll(8) == 0 {
            return dice.pick(cast);
        }
        dice.pick(&seats)
    }

    fn dispute(&self, dice: &mut Dice, number: usize, at: Timestamp) -> Command {
        let job = &self.books.jobs[number];
        let borderline =
            job.hire.as_ref().and_then(|hire| hire.judgement).is_some_and(|said| said.borderline);
        let seated = dice.pick(&[SEATS, SEATS, SEATS, SEATS, SEATS, SEATS, 2, 1, 0]);
        let cast = &self.casts[number];
        let taken: Vec<AgentId> =
            job.hire.iter().flat_map(|hire| hire.seats()).map(|(_, seat)| seat.agent).collect();
        let mut free = cast.iter().filter(|agent| !taken.contains(agent)).copied();
        let mut jurors = [None; SEATS];
        for seat in jurors.iter_mut().take(seated) {
            *seat = free.next().map(|agent| self.seat(dice, job, agent, Role::Arbitrator, at));
        }
        let filing = Filing {
            initiator: dice.pick(&[Role::Client, Role::Provider]),
            deposit: deposit(job.price.units, borderline),
            jurors,
        };
        let filing = Some(Arc::new(filing)).filter(|_| dice.roll(12) > 0);
        Command::Dispute { claim: None, filing }
    }
}

/// None, short, or most often longer than the rest of a run.
fn span(dice: &mut Dice) -> Millis {
    Millis(dice.pick(&[0, 1, 20, 60, 60, 60, 60, 60]))
}

fn usdc(units: u128) -> Amount {
    Amount::new(units, Asset::USDC)
}

/// A job that does not exist yet.
fn job(dice: &mut Dice, number: usize, cast: &[AgentId]) -> Job {
    let strategy = dice.pick(&Judging::ALL);
    let most = dice.pick(&[1, 20, 100_000_000, u64::MAX]);
    let budget = (u128::from(dice.roll(most)) << dice.pick(&[0, 0, 0, 36])) + 1;
    let client = cast[0];
    let level = Hire::least_level(strategy);
    let least = docket_core::agent::score::Score::NEW;
    let seat = Seat {
        agent: client,
        owner: wallet(client),
        lock: Locks::DOCUMENTED.lock(Role::Client, level, budget, least),
        since: START,
        released: None,
        violations: dice.roll(4) as u32,
        rejections: 0,
    };
    let order = Order {
        strategy,
        program: None,
        rubric: None,
        capital: (strategy == Judging::Capital).then(|| capital(dice)),
        deadline: START + Millis(dice.between(1, 60)),
        grace: span(dice),
        judge: dice.pick(&[None, None, Some(cast[2]), Some(cast[7])]),
        rewards_early: dice.roll(4) > 0,
    };
    let window = dice.pick(&[0, 20, 50, 50, 50, 50]);
    let policy = Policy {
        split: fee::split(level),
        attempts: 1,
        lapse: Lapse::Expired,
        evaluation: Some(Evaluation { within: span(dice), silence: Verdict::Complete }),
        dispute_window: Millis(window),
        arbitration: Arbitration { within: span(dice), default: Ruling::ForWorker },
        ..crate::sample::terms()
    };
    let job = crate::sample::job(policy, usdc(budget));
    Job {
        id: JobId(number as u64 + 1),
        client: wallet(client).client(Dialect::Agents),
        hire: Some(Arc::new(Hire::new(Arc::new(order), seat))),
        ..job
    }
}

fn capital(dice: &mut Dice) -> Capital {
    let most = dice.pick(&[1, 20, 100_000_000, u64::MAX]);
    Capital {
        entrusted: u128::from(dice.roll(most)) + 1,
        stop_loss: BasisPoints(dice.pick(&[0, 1, 1_000, 9_999, 10_000])),
        target_return: BasisPoints(dice.pick(&[0, 1, 2_000, 60_000])),
    }
}

/// What an enclave says of capital, most often by a clock that goes on, at values where the bounds turn.
fn valuation(dice: &mut Dice, hire: &Hire, capital: &Capital, now: Timestamp) -> Valuation {
    let (last, number) = hire.valuation.map_or((now, 0), |last| (last.at, last.sequence));
    let next = now.max(last + Millis(1));
    let lie = dice.pick(&[last, last + Millis(-1), now, Timestamp(i64::MIN), Timestamp(i64::MAX)]);
    let bounds = [
        stop_loss_at(capital.entrusted, capital.stop_loss.0.into()),
        target_at(capital.entrusted, capital.target_return.0.into()).expect("sums here are small"),
        capital.entrusted,
    ];
    let reason = dice.pick(&[ClosedReason::Deadline, ClosedReason::StopLoss, ClosedReason::Target]);
    let deliverable = ContentHash([dice.roll(3) as u8 + 10; 32]);
    Valuation {
        at: if dice.roll(5) == 0 { lie } else { next },
        sequence: if dice.roll(8) == 0 {
            dice.pick(&[0, number, u64::MAX])
        } else {
            number.saturating_add(1)
        },
        report: Sha256([number as u8; 32]),
        value: dice.pick(&bounds).saturating_add_signed(dice.between(-1, 2).into()),
        closed: (dice.roll(3) == 0).then_some(Closed { reason, deliverable }),
    }
}

fn submit(dice: &mut Dice, job: &Job, someone: impl Fn(&mut Dice, usize) -> AgentId) -> Command {
    let engaged = job.hire.as_ref().and_then(|hire| hire.provider).map(|seat| Doer::Agent(seat.agent));
    let other = Doer::Agent(someone(dice, 1));
    let apt = engaged.unwrap_or(other);
    let by = dice.pick(&[apt, apt, apt, apt, other, Doer::Worker(crate::sample::FIRST)]);
    let whole = Charge::Whole;
    let charge = dice.pick(&[whole, whole, whole, whole, Charge::Portion { delivered: 1, covered: 2 }]);
    let delivery = Delivery { by, ..delivery(crate::sample::FIRST, Attempt::default()) };
    let valuation = job.hire.as_ref().and_then(|hire| hire.valuation);
    let closed = valuation.and_then(|valuation| valuation.closed).map(|closed| closed.deliverable);
    let report = closed.unwrap_or(delivery.output);
    let delivery = Delivery { output: dice.pick(&[report, report, report, delivery.output]), ..delivery };
    Command::Submit { delivery, charge }
}

fn evaluate(dice: &mut Dice, job: &Job) -> Command {
    let verdict = dice.pick(&[Verdict::Complete, Verdict::Reject]);
    let levels = job.hire.as_ref().map_or(&Level::ALL[..1], |hire| hire.order.strategy.levels());
    let apt = dice.pick(levels);
    let judgement = Judgement {
        level: dice.pick(&[apt, apt, apt, apt, Level::L0]),
        borderline: dice.roll(2) == 0,
        fault: dice.pick(&[
            None,
            None,
            None,
            Some(Offence::Garbage),
            Some(Offence::BadFaith),
            Some(Offence::Silent),
        ]),
        proof: None,
    };
    Command::Evaluate { verdict, judgement: Some(judgement).filter(|_| dice.roll(12) > 0) }
}

/// Arbitrators agree more often than not.
fn vote(dice: &mut Dice, job: &Job) -> Vote {
    let most = if job.price.units.is_multiple_of(2) { Vote::Uphold } else { Vote::Overturn };
    dice.pick(&[most, most, most, Vote::Uphold, Vote::Overturn])
}

/// Whether a job is as good as not there: its client could not lock its stake.
pub(super) fn is_absent(job: &Job) -> bool {
    job.version == Version::NONE && matches!(job.state, State::Open { .. })
}
