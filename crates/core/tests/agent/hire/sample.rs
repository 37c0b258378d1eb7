//! One job among agents, and those around it. Ways through its life are written as words: `create engage fund submit`.

use crate::sample::{START, delivery, outcome};
use docket_core::agent::capital::{Capital, Closed, ClosedReason, Valuation};
use docket_core::agent::court::{FILE_WITHIN, SEATS, Vote, deposit};
use docket_core::agent::fee;
use docket_core::agent::hire::dispute::Filing;
use docket_core::agent::hire::step::Step;
use docket_core::agent::hire::{Hire, Judgement, Order, Seat, loser};
use docket_core::agent::identity::Wallet;
use docket_core::agent::lock::Locks;
use docket_core::agent::penalty::{GRACE, Offence, SILENCE};
use docket_core::agent::role::{Level, Role, Strategy};
use docket_core::agent::score::Score;
use docket_core::change::Change;
use docket_core::command::{Canceller, Charge, Command};
use docket_core::event::Delivery;
use docket_core::hash::{ContentHash, Sha256};
use docket_core::id::{AgentId, Attempt, Dialect, Doer};
use docket_core::job::Job;
use docket_core::money::{Amount, Asset, BasisPoints};
use docket_core::policy::{Arbitration, Evaluation, Lapse, Policy, Ruling, Verdict};
use docket_core::refusal::Refusal;
use docket_core::time::{Millis, Timestamp};
use std::sync::Arc;

/// Who asks for the work.
pub(crate) const CLIENT: AgentId = AgentId(1);
/// Who does it.
pub(crate) const PROVIDER: AgentId = AgentId(2);
/// Who judges it.
pub(crate) const EVALUATOR: AgentId = AgentId(3);
/// Those who sit in a dispute, by their seats.
pub(crate) const JURORS: [AgentId; SEATS] = [AgentId(4), AgentId(5), AgentId(6)];
/// Somebody who has nothing to do with it.
pub(crate) const STRANGER: AgentId = AgentId(9);
/// What the sample costs; it leaves a remainder at every division.
pub(crate) const BUDGET: Amount = Amount::new(100_000_077, Asset::USDC);
/// When the work is to be there.
pub(crate) const DEADLINE: Timestamp = Timestamp(START.0 + 100 * 3_600_000);
/// What the treasury is said to hold.
pub(crate) const TREASURY: u128 = 1_000_000_000;

/// What differs between samples.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) strategy: Strategy,
    pub(crate) budget: Amount,
    /// Whom the client wants to judge.
    pub(crate) judge: Option<AgentId>,
    /// How many violations are remembered of everybody.
    pub(crate) violations: u32,
    /// How many of the provider's last deliveries were refused.
    pub(crate) rejections: u32,
    /// How long a verdict may be disputed.
    pub(crate) dispute_window: Millis,
}

/// A first violation, judged by criteria.
pub(crate) const PLAIN: Sample = Sample {
    strategy: Strategy::Rubric,
    budget: BUDGET,
    judge: None,
    violations: 0,
    rejections: 0,
    dispute_window: FILE_WITHIN,
};

/// The same with entrusted capital.
pub(crate) const CAPITAL: Sample = Sample { strategy: Strategy::Capital, ..PLAIN };

/// What is entrusted there. The stop-loss lies at [`STOP_LOSS`], and the target at [`TARGET`].
pub(crate) const ENTRUSTED: Capital =
    Capital { entrusted: 1_000_000_007, stop_loss: BasisPoints(1_000), target_return: BasisPoints(2_000) };
/// The greatest value at which the stop-loss is hit: nine tenths are 900,000,006.3.
pub(crate) const STOP_LOSS: u128 = 900_000_006;
/// The least value at which the target is reached: twelve tenths are 1,200,000,008.4.
pub(crate) const TARGET: u128 = 1_200_000_009;
/// What the closing report is called that the provider delivers.
pub(crate) const REPORT: ContentHash = ContentHash([0xc; 32]);

impl Sample {
    /// The terms of a market as documented.
    fn policy(&self) -> Policy {
        let never = Millis(0);
        Policy {
            split: fee::split(Hire::least_level(self.strategy)),
            fund_within: never,
            match_within: never,
            rematch_within: never,
            run_within: never,
            finish_within: never,
            attempts: 1,
            lapse: Lapse::Expired,
            evaluation: Some(Evaluation { within: SILENCE, silence: Verdict::Complete }),
            dispute_window: self.dispute_window,
            arbitration: Arbitration { within: Millis::hours(48), default: Ruling::ForWorker },
            ..crate::sample::terms()
        }
    }

    fn order(&self) -> Order {
        Order {
            strategy: self.strategy,
            program: Some(ContentHash([7; 32])),
            rubric: Some(ContentHash([8; 32])),
            capital: (self.strategy == Strategy::Capital).then_some(ENTRUSTED),
            deadline: DEADLINE,
            grace: GRACE,
            judge: self.judge,
            rewards_early: true,
        }
    }

    /// An agent in a role, with the lock of a new one.
    pub(crate) fn seat(&self, agent: AgentId, role: Role, now: Timestamp) -> Seat {
        let level = Hire::least_level(self.strategy);
        Seat {
            agent,
            owner: wallet(agent),
            lock: Locks::DOCUMENTED.lock(role, level, self.budget.units, Score::NEW),
            since: now,
            released: None,
            violations: self.violations,
            rejections: self.rejections,
        }
    }

    /// What an agent locks for its role in the sample.
    pub(crate) fn lock_of(&self, agent: AgentId) -> u128 {
        let role = match agent {
            CLIENT => Role::Client,
            PROVIDER => Role::Provider,
            EVALUATOR => Role::Evaluator,
            _ => Role::Arbitrator,
        };
        self.seat(agent, role, START).lock
    }

    /// The job before anything has happened to it.
    pub(crate) fn job(&self) -> Job {
        let client = self.seat(CLIENT, Role::Client, START);
        let job = crate::sample::job(self.policy(), self.budget);
        Job {
            client: client.owner.client(Dialect::Agents),
            hire: Some(Arc::new(Hire::new(Arc::new(self.order()), client))),
            ..job
        }
    }

    /// The command that a word stands for, as it fits the job at this moment.
    pub(crate) fn command(&self, word: &str, job: &Job, now: Timestamp) -> Command {
        let hire = job.hire.as_ref().expect("the sample is a hire");
        let step = Command::Hire;
        let engage = |agent| step(Step::Engage { provider: self.seat(agent, Role::Provider, now) });
        let appoint = |agent| step(Step::Appoint { evaluator: self.seat(agent, Role::Evaluator, now) });
        let judge = |verdict, level: usize, borderline, fault| Command::Evaluate {
            verdict,
            judgement: Some(Judgement { level: Level::ALL[level], borderline, fault, proof: None }),
        };
        let least = usize::from(Hire::least_level(self.strategy).number());
        let (complete, reject) = (Verdict::Complete, Verdict::Reject);
        let submit = |by| Command::Submit { delivery: Delivery { by, ..work() }, charge: Charge::Whole };
        let value = |what| step(Step::Value { valuation: valuation(what, hire, now) });
        let report = Delivery { output: REPORT, ..work() };
        let lost = loser(&job.state).unwrap_or(Role::Client);
        let file = |initiator, jurors| self.dispute(job, initiator, jurors, now);
        match word {
            "invite" => step(Step::Invite { agent: STRANGER }),
            "invite-party" => step(Step::Invite { agent: CLIENT }),
            "invite-judge" => step(Step::Invite { agent: EVALUATOR }),
            "engage" => engage(PROVIDER),
            "engage-party" => engage(CLIENT),
            "engage-judge" => engage(EVALUATOR),
            "appoint" => appoint(EVALUATOR),
            "appoint-party" => appoint(CLIENT),
            "describe" => step(Step::Describe { title: "sums".into(), description: "add".into() }),
            "submit" => submit(Doer::Agent(PROVIDER)),
            "submit-by-stranger" => submit(Doer::Agent(STRANGER)),
            "submit-by-worker" => submit(Doer::Worker(crate::sample::FIRST)),
            "value" | "value-up" | "value-down" | "value-again" | "value-back" | "close-up"
            | "close-down" | "close-at-target" | "close-at-stop-loss" | "close-between" => value(word),
            "submit-report" => Command::Submit { delivery: report, charge: Charge::Whole },
            "report-by-stranger" => {
                let delivery = Delivery { by: Doer::Agent(STRANGER), ..report };
                Command::Submit { delivery, charge: Charge::Whole }
            }
            "complete" => judge(complete, least, false, None),
            "complete-borderline" => judge(complete, least, true, None),
            "complete-l0" => judge(complete, 0, false, None),
            "complete-l1" => judge(complete, 1, false, None),
            "complete-l2" => judge(complete, 2, false, None),
            "complete-l3" => judge(complete, 3, false, None),
            "complete-with-fault" => judge(complete, least, false, Some(Offence::Garbage)),
            "reject" => judge(reject, least, false, None),
            "reject-borderline" => judge(reject, least, true, None),
            "reject-garbage" => judge(reject, least, false, Some(Offence::Garbage)),
            "reject-bad-faith" => judge(reject, least, false, Some(Offence::BadFaith)),
            "reject-as-late" => judge(reject, least, false, Some(Offence::Late)),
            "evaluate-silently" => Command::Evaluate { verdict: complete, judgement: None },
            "cancel" => Command::Cancel { by: Canceller::Client },
            "cancel-by-operator" => Command::Cancel { by: Canceller::Operator },
            "step-back" => Command::Cancel { by: Canceller::Evaluator },
            "reclaim" => step(Step::Reclaim),
            "dispute-by-client" => file(Role::Client, SEATS),
            "dispute-by-provider" => file(Role::Provider, SEATS),
            "dispute-by-evaluator" => file(Role::Evaluator, SEATS),
            "dispute-with-nobody" => file(lost, 0),
            "dispute-with-one" => file(lost, 1),
            "dispute-with-two" => file(lost, 2),
            "dispute-unfiled" => Command::Dispute { claim: None, filing: None },
            "lapse" => Command::Lapse { treasury: TREASURY },
            word => vote(word, hire).map(step).unwrap_or_else(|| crate::sample::order(word, job)),
        }
    }

    /// A dispute with so many arbitrators.
    fn dispute(&self, job: &Job, initiator: Role, jurors: usize, now: Timestamp) -> Command {
        let judgement = job.hire.as_ref().and_then(|hire| hire.judgement);
        let seat = |agent| self.seat(agent, Role::Arbitrator, now);
        let filing = Filing {
            initiator,
            deposit: deposit(job.price.units, judgement.is_some_and(|judgement| judgement.borderline)),
            jurors: std::array::from_fn(|number| (number < jurors).then(|| seat(JURORS[number]))),
        };
        Command::Dispute { claim: None, filing: Some(Arc::new(filing)) }
    }

    /// All that follows from a word.
    pub(crate) fn tell(&self, job: &Job, word: &str, now: Timestamp) -> Result<Change, Refusal> {
        outcome(job, &self.command(word, job, now), now)
    }

    /// Goes a way through a job's life without losing time, except that each `lapse` waits until it is due, and a word with
    /// `@` for a moment.
    pub(crate) fn reach(&self, way: &str) -> Result<(Job, Timestamp), Refusal> {
        way.split_whitespace().try_fold((self.job(), START), |(job, now), word| {
            if let Some(moment) = word.strip_prefix('@') {
                let at = when(moment, &job, now);
                return Ok((job, at));
            }
            let at = if word == "lapse" { job.state.deadline().unwrap_or(now) } else { now };
            let change = self.tell(&job, word, at)?;
            Ok((crate::sample::after(&change), at))
        })
    }

    /// The job at the end of a way that is open, and when that is.
    pub(crate) fn reached(&self, way: &str) -> (Job, Timestamp) {
        self.reach(way).unwrap_or_else(|refusal| panic!("{way}: {refusal}"))
    }
}

/// A moment in the life of a job.
fn when(moment: &str, job: &Job, now: Timestamp) -> Timestamp {
    let dispute = || job.hire.as_ref().and_then(|hire| hire.dispute.clone()).expect("it is disputed");
    match moment {
        "half" => Timestamp(i64::midpoint(START.0, DEADLINE.0)),
        "just-before-half" => Timestamp(i64::midpoint(START.0, DEADLINE.0) - 1),
        "deadline" => DEADLINE,
        "just-before-deadline" => DEADLINE + Millis(-1),
        // Votes are revealed at once when all have committed to theirs.
        "committed" if dispute().reveals(now) => now,
        "committed" => dispute().commit_until,
        _ => panic!("{moment} is no moment"),
    }
}

/// The account of an agent's owner.
pub(crate) fn wallet(agent: AgentId) -> Wallet {
    Wallet([agent.0 as u8; 20])
}

/// What the provider delivers.
fn work() -> Delivery {
    Delivery {
        by: Doer::Agent(PROVIDER),
        attempt: Attempt::default(),
        ..delivery(crate::sample::FIRST, Attempt::default())
    }
}

/// What an enclave says: of capital that is traded, or that is traded no more, by a word. Everything is later than what was
/// said last, except what is said `again`, and what goes `back` to an earlier instant.
fn valuation(word: &str, hire: &Hire, now: Timestamp) -> Valuation {
    let (at, sequence) = match (word, hire.valuation) {
        (_, None) => (now, 1),
        ("value-again", Some(last)) => (last.at, last.sequence),
        ("value-back", Some(last)) => (last.at + Millis(-1), last.sequence + 1),
        (_, Some(last)) => (now.max(last.at + Millis(1)), last.sequence + 1),
    };
    let (value, reason) = match word {
        "value" | "value-again" | "value-back" => (1_000_000_000, None),
        "value-up" => (TARGET, None),
        "value-down" => (STOP_LOSS, None),
        "close-up" => (TARGET + 1, Some(ClosedReason::Target)),
        "close-at-target" => (TARGET, Some(ClosedReason::Target)),
        "close-down" => (STOP_LOSS - 1, Some(ClosedReason::StopLoss)),
        "close-at-stop-loss" => (STOP_LOSS, Some(ClosedReason::StopLoss)),
        "close-between" => (TARGET - 1, Some(ClosedReason::Deadline)),
        _ => unreachable!("{word} says nothing of capital"),
    };
    let closed = reason.map(|reason| Closed { reason, deliverable: REPORT });
    Valuation { at, sequence, report: Sha256([sequence as u8; 32]), value, closed }
}

/// What binds an agent to a vote here. The core compares commitments, and never makes one.
pub(crate) fn commitment(agent: AgentId, vote: Vote) -> ContentHash {
    let mut bytes = [agent.0 as u8; 32];
    bytes[0] = vote.number();
    ContentHash(bytes)
}

/// `commit-1-uphold`, `reveal-3-overturn`, or by a stranger, who has the number 0.
fn vote(word: &str, hire: &Hire) -> Option<Step> {
    let (what, rest) = word.split_once('-')?;
    let (number, vote) = rest.split_once('-')?;
    let number: usize = number.parse().ok()?;
    let seated = hire.dispute.as_ref().and_then(|dispute| dispute.jurors[number.checked_sub(1)?]);
    let agent =
        if number == 0 { STRANGER } else { seated.map_or(JURORS[number - 1], |juror| juror.seat.agent) };
    let vote = match vote {
        "uphold" => Vote::Uphold,
        "overturn" => Vote::Overturn,
        _ => return None,
    };
    let commitment = commitment(agent, vote);
    match what {
        "commit" => Some(Step::Commit { agent, commitment }),
        "reveal" => Some(Step::Reveal { agent, vote, salt: ContentHash([0; 32]), commitment }),
        _ => None,
    }
}
