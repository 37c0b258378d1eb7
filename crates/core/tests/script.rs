//! Runs of commands at any times under any terms, made from numbers that proptest chooses and shortens.

use crate::sample::{self, LAPSE, after, job, outcome};
use docket_core::change::Change;
use docket_core::command::{Canceller, Charge, Command};
use docket_core::event::{Conduct, Delivery, Event, Fault};
use docket_core::id::{Attempt, WorkerId};
use docket_core::job::Job;
use docket_core::ledger::Transfer;
use docket_core::money::{Amount, Asset, BasisPoints, Split};
use docket_core::policy::{Arbitration, Evaluation, Judge, Lapse, Policy, Ruling, Source, Tier, Verdict};
use docket_core::refusal::Refusal;
use docket_core::time::{Millis, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;

/// How many deadlines a job can let pass before it is final: an offer or a judgement, then what follows it.
pub(crate) const MOST_LAPSES: u32 = 2;

/// One command, and all that came of it.
pub(crate) struct Step {
    pub(crate) before: Job,
    pub(crate) command: Command,
    pub(crate) at: Timestamp,
    pub(crate) outcome: Result<Change, Refusal>,
}

impl Step {
    fn of(before: Job, command: Command, at: Timestamp) -> Self {
        Self { outcome: outcome(&before, &command, at), before, command, at }
    }

    pub(crate) fn event(&self) -> Option<&Event> {
        self.outcome.as_ref().ok()?.job.as_ref().map(|change| &change.event)
    }

    pub(crate) fn transfers(&self) -> &[Transfer] {
        self.outcome.as_ref().map_or(&[], |change| &change.transfers)
    }

    pub(crate) fn after(&self) -> Job {
        self.outcome.as_ref().map_or_else(|_| self.before.clone(), after)
    }
}

/// A job, and what it is told.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    job: Job,
    lines: Vec<Line>,
}

/// One command of a few, and when it comes.
#[derive(Clone, Debug)]
struct Line {
    /// What may come.
    offered: Vec<Command>,
    /// Whether they name the present holder, and the first that is allowed comes; else the first comes as it is.
    apt: bool,
    when: When,
}

#[derive(Clone, Copy, Debug)]
enum When {
    /// So much after the one before; a clock that was set back makes it less.
    After(i64),
    /// At the deadline, give or take.
    Around(i64),
}

/// Scripts of one to fifteen commands.
pub(crate) fn scripts() -> impl Strategy<Value = Script> {
    (any::<u64>(), vec(any::<u64>(), 1..16)).prop_map(|(terms, lines)| {
        let mut dice = Dice(terms);
        let policy = dice.policy();
        let price = Amount::new(dice.units(), Asset::USDC);
        Script { job: job(policy, price), lines: lines.into_iter().map(|line| Dice(line).line()).collect() }
    })
}

impl Script {
    /// What comes of the script, and of waiting afterwards until nothing is due any more.
    pub(crate) fn play(&self) -> Vec<Step> {
        let mut step = Step::of(self.job.clone(), Command::Create, sample::START);
        let mut steps = Vec::new();
        for line in &self.lines {
            let next = line.step(step.after(), step.at);
            steps.push(std::mem::replace(&mut step, next));
        }
        for _ in 0..MOST_LAPSES {
            let job = step.after();
            let Some(by) = job.state.deadline() else { break };
            steps.push(std::mem::replace(&mut step, Step::of(job, LAPSE, by)));
        }
        steps.push(step);
        steps
    }
}

impl Line {
    fn step(&self, job: Job, last: Timestamp) -> Step {
        let at = match (self.when, job.state.deadline()) {
            (When::After(span), _) | (When::Around(span), None) => last + Millis(span),
            (When::Around(span), Some(by)) => by + Millis(span),
        };
        let mut fitting = self.offered.iter().map(|command| fit(command.clone(), &job));
        let allowed = fitting.find(|command| self.apt && outcome(&job, command, at).is_ok());
        let command = allowed.unwrap_or_else(|| self.offered[0].clone());
        Step::of(job, command, at)
    }
}

/// Puts the attempt and the worker of the present holder into a command.
fn fit(mut command: Command, job: &Job) -> Command {
    let Some((holder, current)) = job.holder() else { return command };
    match &mut command {
        Command::Accept { attempt } | Command::Return { attempt, .. } | Command::Stream { attempt } => {
            *attempt = current;
        }
        Command::Submit { delivery, .. } | Command::BreakOff { delivery, .. } => {
            (delivery.by, delivery.attempt) = (holder.into(), current)
        }
        Command::Create
        | Command::Fund
        | Command::Assign { .. }
        | Command::Cancel { .. }
        | Command::GiveUp { .. }
        | Command::Evaluate { .. }
        | Command::Dispute { .. }
        | Command::Rule { .. }
        | Command::Lapse { .. }
        | Command::Hire(_)
        | Command::Recover { .. } => {}
    }
    command
}

/// Makes anything from a number, and the same from the same.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// One of so many sides, from 0.
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        // The constants of SplitMix64, whose every state gives another number.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    pub(crate) fn pick<T: Clone>(&mut self, among: &[T]) -> T {
        let at = self.roll(among.len() as u64) as usize;
        among[at].clone()
    }

    pub(crate) fn between(&mut self, from: i64, to: i64) -> i64 {
        from + self.roll((to - from).unsigned_abs()) as i64
    }

    fn share(&mut self, most: u16) -> BasisPoints {
        BasisPoints(self.roll(u64::from(most) + 1) as u16)
    }

    /// Often none, a few, or very many.
    fn units(&mut self) -> u128 {
        let most = self.pick(&[1, 20, 20, 1 << 20, u64::MAX]);
        u128::from(self.roll(most)) << self.pick(&[0, 0, 30])
    }

    pub(crate) fn span(&mut self) -> Millis {
        let most = self.pick(&[1, 10, 50, 50, 50, 50]);
        Millis(self.between(0, most))
    }

    fn policy(&mut self) -> Policy {
        let evaluator = self.share(10_000);
        let platform = self.share(10_000 - evaluator.0);
        let burned = self.share(10_000 - evaluator.0 - platform.0);
        let judge = Evaluation { within: self.span(), silence: self.verdict() };
        Policy {
            source: self.pick(&[Source::Client, Source::Minted(sample::testnet())]),
            split: Split { evaluator, platform, burned },
            fund_within: self.span(),
            match_within: self.span(),
            rematch_within: self.span(),
            run_within: self.span(),
            finish_within: Millis(self.pick(&[20, 100, 400])),
            attempts: self.roll(4) as u32,
            lapse: self.pick(&[Lapse::Failed, Lapse::Refunded, Lapse::Expired]),
            evaluation: self.pick(&[Some(judge), None]),
            dispute_window: self.span(),
            arbitration: Arbitration { within: self.span(), default: self.ruling() },
            stream_within: self.pick(&[None, Some(Millis(60))]),
            metering: None,
            staked: self.pick(&[None, Some(platform)]).map(|platform| BasisPoints(platform.0 / 2)),
            tier: self.pick(&[
                None,
                Some(Tier { least: 1, is_challenge: false }),
                Some(Tier { least: 2, is_challenge: true }),
            ]),
        }
    }

    fn line(&mut self) -> Line {
        let when = match self.roll(15) {
            0 => When::After(self.between(-20, 40)),
            1 => When::Around(self.between(-1, 2)),
            _ => When::After(self.between(0, 4)),
        };
        Line { offered: (0..8).map(|_| self.command()).collect(), apt: self.roll(8) > 0, when }
    }

    fn command(&mut self) -> Command {
        match self.roll(106) {
            0..15 => Command::Fund,
            15..33 => Command::Assign {
                worker: self.worker(),
                epoch: self.between(1, 3) as u32,
                accept_within: Some(self.span()).filter(|span| span.0 % 2 == 0),
            },
            33..43 => Command::Accept { attempt: self.attempt() },
            43..51 => Command::Return { attempt: self.attempt(), reason: self.pick(&Fault::ALL) },
            51..71 => Command::Submit { delivery: self.delivery(), charge: self.charge() },
            71..78 => Command::Evaluate { verdict: self.verdict(), judgement: None },
            78..85 => Command::Dispute { claim: None, filing: None },
            85..91 => Command::Rule { ruling: self.ruling(), by: Judge::Arbiter, stake: self.units() },
            91..94 => LAPSE,
            94..96 => Command::Recover { grace: self.span() },
            96..98 => Command::Create,
            100..103 => Command::Stream { attempt: self.attempt() },
            103..106 => Command::BreakOff {
                delivery: self.delivery(),
                charge: self.charge(),
                reason: self.pick(&Fault::ALL),
            },
            98 => Command::Cancel { by: self.pick(&[Canceller::Client, Canceller::Operator]) },
            _ => Command::GiveUp { reason: self.pick(&[Fault::NoWorker, Fault::NoTrustedWorker]) },
        }
    }

    fn delivery(&mut self) -> Delivery {
        let delivery = sample::delivery(self.worker(), self.attempt());
        let conduct = Conduct { staked: self.roll(2) > 0, ..delivery.conduct };
        Delivery { conduct, ..delivery }
    }

    fn worker(&mut self) -> WorkerId {
        WorkerId([self.between(1, 6) as u8; 32])
    }

    fn attempt(&mut self) -> Attempt {
        Attempt { epoch: self.between(1, 3) as u32, number: self.between(0, 5) as u32 }
    }

    fn verdict(&mut self) -> Verdict {
        self.pick(&[Verdict::Complete, Verdict::Reject])
    }

    fn ruling(&mut self) -> Ruling {
        let divided = Ruling::Divided { client: self.share(10_000) };
        self.pick(&[Ruling::ForWorker, Ruling::ForClient, divided])
    }

    fn charge(&mut self) -> Charge {
        let asset = self.pick(&[Asset::USDC, Asset::USDC, Asset::USDC, Asset::ETH]);
        let exactly = Charge::Exactly(Amount::new(self.units(), asset));
        let portion = Charge::Portion { delivered: self.roll(12), covered: self.roll(12) };
        self.pick(&[Charge::Whole, exactly, portion])
    }
}
