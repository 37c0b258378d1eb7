//! One job, its terms, and those around it. Ways through its life are written as words: `create fund assign`.

use docket_core::change::Change;
use docket_core::command::{Canceller, Charge, Command};
use docket_core::decide::decide;
use docket_core::event::{Conduct, Delivery, Fault, Usage, Voucher};
use docket_core::feature::Features;
use docket_core::hash::{ContentHash, Sha256};
use docket_core::id::{Attempt, ClientId, Dialect, JobId, PublicId, WorkerId};
use docket_core::job::{Ask, Job, Skill, Speed};
use docket_core::ledger::NetworkId;
use docket_core::money::{Amount, Asset, BasisPoints, Split};
use docket_core::policy::{Arbitration, Evaluation, Judge, Lapse, Policy, Ruling, Source, Verdict};
use docket_core::refusal::Refusal;
use docket_core::time::{Millis, Timestamp};
use std::sync::Arc;

/// When every sample begins.
pub(crate) const START: Timestamp = Timestamp(1_000_000);
/// What the sample may cost.
pub(crate) const PRICE: Amount = Amount::new(1_000, Asset::USDC);
/// The one who is asked first.
pub(crate) const FIRST: WorkerId = WorkerId([1; 32]);
/// The one who is asked next.
pub(crate) const SECOND: WorkerId = WorkerId([2; 32]);
/// What the timer says.
pub(crate) const LAPSE: Command = Command::Lapse { treasury: 0 };

/// Terms with every state in them: judged, disputable, and with a second attempt.
pub(crate) fn terms() -> Policy {
    Policy {
        source: Source::Client,
        split: Split { evaluator: BasisPoints(300), platform: BasisPoints(200), ..Split::default() },
        fund_within: Millis::hours(1),
        match_within: Millis::seconds(30),
        rematch_within: Millis::seconds(20),
        run_within: Millis::seconds(60),
        finish_within: Millis::seconds(600),
        attempts: 2,
        lapse: Lapse::Refunded,
        evaluation: Some(Evaluation { within: Millis::hours(48), silence: Verdict::Complete }),
        dispute_window: Millis::hours(24),
        arbitration: Arbitration { within: Millis::hours(72), default: Ruling::ForWorker },
        stream_within: None,
        metering: None,
        staked: None,
        tier: None,
    }
}

/// Terms of work that nobody judges and nobody can dispute: it is paid when it arrives.
pub(crate) fn paid_at_once() -> Policy {
    Policy { evaluation: None, dispute_window: Millis(0), ..terms() }
}

/// Where test money comes from.
pub(crate) fn testnet() -> NetworkId {
    NetworkId("ledger:testnet".into())
}

/// A job that does not exist yet.
pub(crate) fn job(policy: Policy, price: Amount) -> Job {
    let public_id = PublicId { dialect: Dialect::Agents, text: "job-1".into() };
    let ask =
        Ask { skill: Skill::Infer, model: None, speed: Speed::Fast, private: false, needs: Features::NONE };
    let client = ClientId("ann".into());
    Job::new(JobId(1), public_id, client, Arc::new(ask), price, Arc::new(policy), START)
}

/// What a worker delivers under an attempt.
pub(crate) fn delivery(worker: WorkerId, attempt: Attempt) -> Delivery {
    Delivery {
        by: worker.into(),
        attempt,
        output: ContentHash([3; 32]),
        receipt: Sha256([4; 32]),
        voucher: Voucher::Worker,
        usage: Usage { input: 5, output: 8 },
        conduct: Conduct::default(),
    }
}

/// Every command in every form whose outcome may differ.
pub(crate) const ORDERS: [&str; 35] = [
    "create",
    "fund",
    "assign",
    "assign-to-accept",
    "assign-one-who-tried",
    "accept",
    "accept-stale",
    "return-lost",
    "return-draining",
    "return-stale",
    "submit",
    "submit-part",
    "submit-nothing",
    "submit-free",
    "submit-over-the-hold",
    "submit-other-asset",
    "submit-stale",
    "submit-other-worker",
    "stream",
    "stream-stale",
    "break-off",
    "break-off-nothing",
    "break-off-stale",
    "break-off-other-worker",
    "cancel",
    "give-up",
    "evaluate-complete",
    "evaluate-reject",
    "dispute",
    "rule-for-worker",
    "rule-for-client",
    "rule-divided",
    "lapse",
    "recover",
    "recover-briefly",
];

/// The command that a word of [`ORDERS`] stands for, as it fits the job at this moment.
pub(crate) fn order(word: &str, job: &Job) -> Command {
    let (holder, attempt) = job.holder().unwrap_or((FIRST, Attempt { epoch: 1, number: 1 }));
    let stale = Attempt { epoch: attempt.epoch - 1, ..attempt };
    let next = if job.tried.contains(&FIRST) { SECOND } else { FIRST };
    let other = if holder == FIRST { SECOND } else { FIRST };
    let assign = |worker, accept_within| Command::Assign { worker, epoch: 1, accept_within };
    let give_back = |reason| Command::Return { attempt, reason };
    let submit = |charge| Command::Submit { delivery: delivery(holder, attempt), charge };
    let break_off = |worker, attempt, delivered| Command::BreakOff {
        delivery: delivery(worker, attempt),
        charge: Charge::Portion { delivered, covered: 7 },
        reason: Fault::WorkerLost,
    };
    match word {
        "create" => Command::Create,
        "fund" => Command::Fund,
        "assign" => assign(next, None),
        "assign-to-accept" => assign(next, Some(Millis::seconds(5))),
        "assign-one-who-tried" => assign(*job.tried.first().unwrap_or(&FIRST), None),
        "accept" => Command::Accept { attempt },
        "accept-stale" => Command::Accept { attempt: stale },
        "return-lost" => give_back(Fault::WorkerLost),
        "return-draining" => give_back(Fault::HandedBack),
        "return-stale" => Command::Return { attempt: stale, reason: Fault::WorkerLost },
        "submit" => submit(Charge::Whole),
        "submit-part" => submit(Charge::Portion { delivered: 2, covered: 7 }),
        "submit-nothing" => submit(Charge::Portion { delivered: 0, covered: 0 }),
        "submit-free" => submit(Charge::Exactly(job.price.with_units(0))),
        "submit-over-the-hold" => submit(Charge::Exactly(job.price.with_units(job.price.units + 1))),
        "submit-other-asset" => submit(Charge::Exactly(Amount::new(1, Asset::ETH))),
        "submit-stale" => Command::Submit { delivery: delivery(holder, stale), charge: Charge::Whole },
        "submit-other-worker" => {
            Command::Submit { delivery: delivery(other, attempt), charge: Charge::Whole }
        }
        "stream" => Command::Stream { attempt },
        "stream-stale" => Command::Stream { attempt: stale },
        "break-off" => break_off(holder, attempt, 2),
        "break-off-nothing" => break_off(holder, attempt, 0),
        "break-off-stale" => break_off(holder, stale, 2),
        "break-off-other-worker" => break_off(other, attempt, 2),
        "cancel" => Command::Cancel { by: Canceller::Client },
        "give-up" => Command::GiveUp { reason: Fault::NoTrustedWorker },
        "evaluate-complete" => Command::Evaluate { verdict: Verdict::Complete, judgement: None },
        "evaluate-reject" => Command::Evaluate { verdict: Verdict::Reject, judgement: None },
        "dispute" => Command::Dispute { claim: Some(Sha256([9; 32])), filing: None },
        "rule-for-worker" => Command::Rule { ruling: Ruling::ForWorker, by: Judge::Arbiter, stake: 0 },
        "rule-for-client" => Command::Rule { ruling: Ruling::ForClient, by: Judge::Arbiter, stake: 0 },
        "rule-divided" => Command::Rule {
            ruling: Ruling::Divided { client: BasisPoints(5_000) },
            by: Judge::Arbiter,
            stake: 0,
        },
        "lapse" => Command::Lapse { treasury: 0 },
        "recover" => Command::Recover { grace: Millis::seconds(45) },
        "recover-briefly" => Command::Recover { grace: Millis::seconds(5) },
        _ => panic!("{word} is not among the orders"),
    }
}

/// All that follows from a command.
pub(crate) fn outcome(job: &Job, command: &Command, at: Timestamp) -> Result<Change, Refusal> {
    decide(job, command, at).map(|event| Change::of(job, event, at))
}

/// The job after a change of it.
pub(crate) fn after(change: &Change) -> Job {
    change.job.as_ref().map(|job| Job::clone(&job.after)).expect("the change is about a job")
}

/// The job after one command of [`ORDERS`].
pub(crate) fn obey(job: &Job, word: &str, at: Timestamp) -> Result<Job, Refusal> {
    outcome(job, &order(word, job), at).map(|change| after(&change))
}

/// Goes a way through a job's life without losing time, except that each `lapse` waits until it is due.
pub(crate) fn reach(job: Job, way: &str) -> Result<(Job, Timestamp), Refusal> {
    way.split_whitespace().try_fold((job, START), |(job, now), word| {
        let at = if word == "lapse" { job.state.deadline().unwrap_or(now) } else { now };
        Ok((obey(&job, word, at)?, at))
    })
}

/// The sample at the end of a way, which must be open to it, at the moment when it began.
pub(crate) fn reached(policy: Policy, way: &str) -> Job {
    reach(job(policy, PRICE), way).map(|(job, _)| job).expect("the way is open")
}
