//! Jobs, their terms and those around them. Ways through a life are written as words: `fund assign submit`.

use docket_core::agent::capital::Worth;
use docket_core::change::{Change, Claim};
use docket_core::command::{Canceller, Charge, Command};
use docket_core::decide::decide;
use docket_core::event::{Conduct, Delivery, Fault, Usage, Voucher};
use docket_core::feature::{Feature, Features};
use docket_core::hash::{ContentHash, Sha256};
use docket_core::id::{Attempt, ClientId, Dialect, JobId, PublicId, Version, WorkerId};
use docket_core::job::{Ask, Job, Skill, Speed};
use docket_core::ledger::{Account, NetworkId, Transfer};
use docket_core::money::{Amount, Asset, BasisPoints, Split};
use docket_core::policy::{Arbitration, Evaluation, Judge, Lapse, Policy, Ruling, Source, Verdict};
use docket_core::refusal::Refusal;
use docket_core::time::{Millis, Timestamp};
use docket_store::{Documents, Leaf, Payload, ResultDocument, SnapshotDocument, Write};
use std::sync::Arc;

/// When everything happens that does not wait for a deadline.
pub(crate) const NOW: Timestamp = Timestamp(1_800_000_000_000);
/// What a sample may cost.
pub(crate) const PRICE: Amount = Amount::new(1_000, Asset::USDC);
/// The one who is asked first.
pub(crate) const FIRST: WorkerId = WorkerId([1; 32]);
/// The one who is asked next.
pub(crate) const SECOND: WorkerId = WorkerId([2; 32]);

/// Terms with every state in them: judged, disputable, and with a second attempt. Test money pays.
pub(crate) fn terms() -> Policy {
    Policy {
        source: Source::Minted(testnet()),
        split: Split { evaluator: BasisPoints(300), platform: BasisPoints(200), burned: BasisPoints(100) },
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
        staked: Some(BasisPoints(200)),
        tier: None,
    }
}

/// Terms of work that is paid when it arrives, by the client.
pub(crate) fn paid_at_once() -> Policy {
    Policy { source: Source::Client, evaluation: None, dispute_window: Millis(0), ..terms() }
}

/// Where test money comes from.
pub(crate) fn testnet() -> NetworkId {
    NetworkId("ledger:testnet".into())
}

/// A job of ann's that does not exist yet.
pub(crate) fn job(number: u64, policy: Policy) -> Job {
    let public_id = PublicId { dialect: Dialect::Agents, text: format!("job-{number}").into() };
    let wanted: &[Feature] = if number.is_multiple_of(2) { &[Feature::Tools, Feature::Seed] } else { &[] };
    let needs: Features = wanted.iter().copied().collect();
    let ask =
        Ask { skill: Skill::Infer, model: Some("tiny".into()), speed: Speed::Fast, private: true, needs };
    let client = ClientId("ann".into());
    let job = Job::new(JobId(number), public_id, client, Arc::new(ask), PRICE, Arc::new(policy), NOW);
    let request = number.is_multiple_of(3).then(|| Sha256::of(&number.to_le_bytes()));
    Job { request, ..job }
}

/// The command that a word stands for, as it fits the job at this moment.
pub(crate) fn order(word: &str, job: &Job) -> Command {
    let (holder, attempt) = job.holder().unwrap_or((FIRST, Attempt { epoch: 1, number: 1 }));
    let next = if job.tried.contains(&FIRST) { SECOND } else { FIRST };
    match word {
        "create" => Command::Create,
        "fund" => Command::Fund,
        "assign" => Command::Assign { worker: next, epoch: 1, accept_within: None },
        "offer" => Command::Assign { worker: next, epoch: 1, accept_within: Some(Millis::seconds(5)) },
        "accept" => Command::Accept { attempt },
        "lose" => Command::Return { attempt, reason: Fault::WorkerLost },
        "submit" => Command::Submit { delivery: delivery(holder, attempt), charge: Charge::Whole },
        "submit-part" => Command::Submit {
            delivery: Delivery { voucher: Voucher::Coordinator, ..delivery(holder, attempt) },
            charge: Charge::Portion { delivered: 2, covered: 7 },
        },
        "cancel" => Command::Cancel { by: Canceller::Client },
        "give-up" => Command::GiveUp { reason: Fault::NoTrustedWorker },
        "complete" => Command::Evaluate { verdict: Verdict::Complete, judgement: None },
        "reject" => Command::Evaluate { verdict: Verdict::Reject, judgement: None },
        "dispute" => Command::Dispute { claim: Some(Sha256([9; 32])), filing: None },
        "rule-for-worker" => Command::Rule { ruling: Ruling::ForWorker, by: Judge::Arbiter, stake: 0 },
        "rule-for-client" => Command::Rule { ruling: Ruling::ForClient, by: Judge::Arbiter, stake: 0 },
        "rule-divided" => Command::Rule {
            ruling: Ruling::Divided { client: BasisPoints(2_500) },
            by: Judge::Arbiter,
            stake: 0,
        },
        "lapse" => Command::Lapse { treasury: 0 },
        _ => panic!("{word} is no order"),
    }
}

fn delivery(worker: WorkerId, attempt: Attempt) -> Delivery {
    Delivery {
        by: worker.into(),
        attempt,
        output: ContentHash([3; 32]),
        receipt: Sha256([4; 32]),
        voucher: Voucher::Worker,
        usage: Usage { input: 5, output: 8 },
        conduct: Conduct { placing: Some(BasisPoints(7_000)), staked: true, blamed: false },
    }
}

/// What must be written when a job obeys a word; `lapse` waits until it is due.
pub(crate) fn write(job: &Job, word: &str) -> Result<Write, Refusal> {
    let now = if word == "lapse" { job.state.deadline().unwrap_or(NOW) } else { NOW };
    let event = decide(job, &order(word, job), now)?;
    Ok(with_leaf(Change::of(job, event, now), documents(job, word)))
}

fn documents(job: &Job, word: &str) -> Documents {
    Documents {
        payload: (job.version == Version::NONE).then(|| Payload { body: payload(job), echo: echo(job) }),
        result: word.starts_with("submit").then(|| result(job)),
        ..Documents::default()
    }
}

/// What the client of a job asks.
pub(crate) fn payload(job: &Job) -> Arc<[u8]> {
    format!("what {} asks", job.public_id.text).into_bytes().into()
}

/// What the answer to every other job repeats of its request.
pub(crate) fn echo(job: &Job) -> Option<Arc<str>> {
    job.id.0.is_multiple_of(2).then(|| format!("{{\"asked\":\"{}\"}}", job.public_id.text).into())
}

/// What the worker of a job answers; the bytes are no text.
pub(crate) fn result(job: &Job) -> ResultDocument {
    ResultDocument {
        output: [&[0, 0xff], job.public_id.text.as_bytes()].concat().into(),
        receipt: format!("signed {}", job.public_id.text).into_bytes().into(),
        decision: "{\"chosen\":\"the first\"}".into(),
    }
}

/// A change with the leaf that it needs, whose entry says what moved.
pub(crate) fn with_leaf(change: Change, documents: Documents) -> Write {
    let entry = format!("{:?} {:?}", change.job_id(), change.transfers);
    let leaf = change.moves_money().then(|| Leaf::new(entry.into_bytes()));
    Write { change, documents, leaf }
}

/// What an enclave has said of a job's capital, for which nobody vouches, under a key of its own.
pub(crate) fn unattested(job: &Job, key: &str) -> Write {
    let report: Arc<str> = format!("{{\"job_id\":\"{}\",\"key\":\"{key}\"}}", job.public_id.text).into();
    let claim = Claim {
        key: format!("snapshot {key}").into(),
        request: Sha256::of(report.as_bytes()),
        answer: job.public_id.clone(),
    };
    let snapshot = SnapshotDocument {
        job: job.id,
        received_at: NOW,
        worth: Worth::Unattested,
        flaw: Some("attestation.missing".into()),
        report,
        attestation: None,
    };
    let documents = Documents { snapshot: Some(snapshot), ..Documents::default() };
    with_leaf(Change::of_claim(claim, NOW), documents)
}

/// Money that comes in from outside, under a key.
pub(crate) fn credit(to: Account, amount: Amount, key: &str) -> Write {
    let claim = Claim {
        key: key.into(),
        request: Sha256::of(format!("{to} {amount:?}").as_bytes()),
        answer: PublicId { dialect: Dialect::Credits, text: key.into() },
    };
    let transfer = Transfer { from: Account::Outside(testnet()), to, amount };
    with_leaf(Change::of_transfer(transfer, claim, NOW), Documents::default())
}

/// A client's account.
pub(crate) fn client(name: &str) -> Account {
    Account::Client(ClientId(name.into()))
}
