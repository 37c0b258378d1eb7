//! Jobs for which one agent hires another, their offers, and what is known of agents: as rows and back.

use crate::error::StoreError;
use crate::value::{Columns, Value, corrupt};
use crate::writer::Moved;
use docket_core::agent::capital::{Capital, Closed, ClosedReason, Valuation};
use docket_core::agent::court::{Outcome, Vote};
use docket_core::agent::flags::Verdicts;
use docket_core::agent::hire::dispute::{Dispute, Juror, Revealed};
use docket_core::agent::hire::{Hire, Judgement, Order, Seat};
use docket_core::agent::identity::Wallet;
use docket_core::agent::offer::Offer;
use docket_core::agent::penalty::{Offence, Violations};
use docket_core::agent::record::Record;
use docket_core::agent::role::{Level, Role, Strategy};
use docket_core::agent::score::Score;
use docket_core::agent::standing::Standing;
use docket_core::agent::tally::Tally;
use docket_core::hash::{ContentHash, Sha256};
use docket_core::id::{AgentId, JobId, Version};
use docket_core::job::Job;
use docket_core::money::BasisPoints;
use docket_core::reputation::Reputation;
use docket_core::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// All that lists do not look at. Amounts are texts, instants milliseconds.
#[derive(Serialize, Deserialize)]
struct Body {
    strategy: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    program: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rubric: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    capital: Option<(u16, u16)>,
    /// Absent in rows from before capital was valued. Their jobs go on without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entrusted: Option<String>,
    deadline: i64,
    grace: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    judge: Option<u64>,
    rewards_early: bool,
    title: String,
    description: String,
    client: SeatBody,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    invited: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provider: Option<SeatBody>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    evaluator: Option<SeatBody>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    begun: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valuation: Option<ValuationBody>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delivered: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    judgement: Option<JudgementBody>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dispute: Option<DisputeBody>,
}

#[derive(Serialize, Deserialize)]
struct SeatBody {
    agent: u64,
    owner: String,
    lock: String,
    since: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    released: Option<i64>,
    violations: u32,
    rejections: u32,
}

#[derive(Serialize, Deserialize)]
struct ValuationBody {
    at: i64,
    sequence: u64,
    report: String,
    value: String,
    /// Why it is final, and what is delivered with that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    closed: Option<(String, String)>,
}

#[derive(Serialize, Deserialize)]
struct JudgementBody {
    level: String,
    borderline: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proof: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct DisputeBody {
    initiator: String,
    deposit: String,
    filed: i64,
    commit_until: i64,
    jurors: [Option<JurorBody>; 3],
    #[serde(default, skip_serializing_if = "Option::is_none")]
    settled: Option<(String, i64)>,
}

#[derive(Serialize, Deserialize)]
struct JurorBody {
    seat: SeatBody,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commitment: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revealed: Option<(u8, String, i64)>,
}

/// The columns of a hire; nothing for a job of another kind.
pub(crate) fn hire(job: &Job) -> Option<Vec<Value<'_>>> {
    let hire = job.hire.as_ref()?;
    let agent = |seat: Option<&Seat>| seat.map_or(Value::Null, |seat| Value::count(seat.agent.0));
    let owner = |seat: Option<&Seat>| seat.map_or(Value::Null, |seat| Value::text(seat.owner));
    let initiator = hire.dispute.as_ref().and_then(|dispute| hire.seat(dispute.initiator));
    Some(vec![
        Value::job(job.id),
        Value::count(number(job)),
        Value::name(job.state.name()),
        Value::name(hire.order.strategy.name()),
        agent(Some(&hire.client)),
        owner(Some(&hire.client)),
        agent(hire.provider.as_ref()),
        owner(hire.provider.as_ref()),
        agent(hire.evaluator.as_ref()),
        owner(hire.evaluator.as_ref()),
        agent(initiator),
        // Texts, numbers and lists can be written.
        Value::text(serde_json::to_string(&encode(hire)).unwrap_or_default()),
        Value::count(job.version.0),
    ])
}

/// What such a job is called; the greatest number for what has no number.
pub(crate) fn number(job: &Job) -> u64 {
    job.public_id.text.parse().unwrap_or(u64::MAX)
}

/// Reads what [`hire`] has written.
pub(crate) fn parse(text: &str) -> Result<Arc<Hire>, StoreError> {
    let body: Body = serde_json::from_str(text).map_err(|_| corrupt("a hire"))?;
    decode(body).map(Arc::new).ok_or_else(|| corrupt("a hire"))
}

fn encode(hire: &Hire) -> Body {
    let order = &hire.order;
    let hash = |hash: &Option<ContentHash>| hash.map(|hash| hash.to_string());
    Body {
        strategy: order.strategy.name().to_owned(),
        program: hash(&order.program),
        rubric: hash(&order.rubric),
        capital: order.capital.map(|capital| (capital.stop_loss.0, capital.target_return.0)),
        entrusted: order.capital.map(|capital| capital.entrusted.to_string()),
        deadline: order.deadline.0,
        grace: order.grace.0,
        judge: order.judge.map(|agent| agent.0),
        rewards_early: order.rewards_early,
        title: hire.title.to_string(),
        description: hire.description.to_string(),
        client: encode_seat(&hire.client),
        invited: hire.invited.map(|agent| agent.0),
        provider: hire.provider.as_ref().map(encode_seat),
        evaluator: hire.evaluator.as_ref().map(encode_seat),
        begun: hire.begun_at.map(|at| at.0),
        valuation: hire.valuation.as_ref().map(encode_valuation),
        due: hire.due.map(|at| at.0),
        delivered: hire.delivered_at.map(|at| at.0),
        judgement: hire.judgement.as_ref().map(|judgement| JudgementBody {
            level: judgement.level.name().to_owned(),
            borderline: judgement.borderline,
            fault: judgement.fault.map(|fault| fault.name().to_owned()),
            proof: hash(&judgement.proof),
        }),
        dispute: hire.dispute.as_deref().map(encode_dispute),
    }
}

fn encode_seat(seat: &Seat) -> SeatBody {
    SeatBody {
        agent: seat.agent.0,
        owner: seat.owner.to_string(),
        lock: seat.lock.to_string(),
        since: seat.since.0,
        released: seat.released.map(|at| at.0),
        violations: seat.violations,
        rejections: seat.rejections,
    }
}

fn encode_valuation(valuation: &Valuation) -> ValuationBody {
    let closed = valuation.closed;
    ValuationBody {
        at: valuation.at.0,
        sequence: valuation.sequence,
        report: valuation.report.to_string(),
        value: valuation.value.to_string(),
        closed: closed.map(|closed| (closed.reason.name().to_owned(), closed.deliverable.to_string())),
    }
}

fn encode_dispute(dispute: &Dispute) -> DisputeBody {
    let juror = |juror: Juror| JurorBody {
        seat: encode_seat(&juror.seat),
        commitment: juror.commitment.map(|hash| hash.to_string()),
        revealed: juror.revealed.map(|vote| (vote.vote.number(), vote.salt.to_string(), vote.at.0)),
    };
    DisputeBody {
        initiator: dispute.initiator.name().to_owned(),
        deposit: dispute.deposit.to_string(),
        filed: dispute.filed_at.0,
        commit_until: dispute.commit_until.0,
        jurors: dispute.jurors.map(|seat| seat.map(juror)),
        settled: dispute.settled.map(|(outcome, at)| (outcome.name().to_owned(), at.0)),
    }
}

/// `None` inside means that what is there cannot be read.
fn maybe<A, B>(value: Option<A>, read: impl FnOnce(A) -> Option<B>) -> Option<Option<B>> {
    value.map_or(Some(None), |value| read(value).map(Some))
}

fn decode(body: Body) -> Option<Hire> {
    let hash = |text: Option<String>| maybe(text, |text| ContentHash::parse(&text));
    let order = Order {
        strategy: Strategy::parse(&body.strategy)?,
        program: hash(body.program)?,
        rubric: hash(body.rubric)?,
        capital: maybe(body.entrusted.zip(body.capital), |(entrusted, (stop_loss, target_return))| {
            let (stop_loss, target_return) = (BasisPoints(stop_loss), BasisPoints(target_return));
            Some(Capital { entrusted: entrusted.parse().ok()?, stop_loss, target_return })
        })?,
        deadline: Timestamp(body.deadline),
        grace: Millis(body.grace),
        judge: body.judge.map(AgentId),
        rewards_early: body.rewards_early,
    };
    Some(Hire {
        order: Arc::new(order),
        title: body.title.into(),
        description: body.description.into(),
        client: decode_seat(body.client)?,
        invited: body.invited.map(AgentId),
        provider: maybe(body.provider, decode_seat)?,
        evaluator: maybe(body.evaluator, decode_seat)?,
        begun_at: body.begun.map(Timestamp),
        valuation: maybe(body.valuation, decode_valuation)?,
        due: body.due.map(Timestamp),
        delivered_at: body.delivered.map(Timestamp),
        judgement: maybe(body.judgement, |judgement| {
            Some(Judgement {
                level: Level::parse(&judgement.level)?,
                borderline: judgement.borderline,
                fault: maybe(judgement.fault, |fault| Offence::parse(&fault))?,
                proof: hash(judgement.proof)?,
            })
        })?,
        dispute: maybe(body.dispute, decode_dispute)?.map(Arc::new),
    })
}

fn decode_seat(body: SeatBody) -> Option<Seat> {
    Some(Seat {
        agent: AgentId(body.agent),
        owner: Wallet::parse(&body.owner)?,
        lock: body.lock.parse().ok()?,
        since: Timestamp(body.since),
        released: body.released.map(Timestamp),
        violations: body.violations,
        rejections: body.rejections,
    })
}

fn decode_valuation(body: ValuationBody) -> Option<Valuation> {
    Some(Valuation {
        at: Timestamp(body.at),
        sequence: body.sequence,
        report: Sha256::parse(&body.report)?,
        value: body.value.parse().ok()?,
        closed: maybe(body.closed, |(reason, deliverable)| {
            let deliverable = ContentHash::parse(&deliverable)?;
            Some(Closed { reason: ClosedReason::parse(&reason)?, deliverable })
        })?,
    })
}

fn decode_dispute(body: DisputeBody) -> Option<Dispute> {
    let [first, second, third] = body.jurors;
    Some(Dispute {
        initiator: Role::parse(&body.initiator)?,
        deposit: body.deposit.parse().ok()?,
        filed_at: Timestamp(body.filed),
        commit_until: Timestamp(body.commit_until),
        jurors: [maybe(first, decode_juror)?, maybe(second, decode_juror)?, maybe(third, decode_juror)?],
        settled: maybe(body.settled, |(outcome, at)| Some((Outcome::parse(&outcome)?, Timestamp(at))))?,
    })
}

fn decode_juror(body: JurorBody) -> Option<Juror> {
    Some(Juror {
        seat: decode_seat(body.seat)?,
        commitment: maybe(body.commitment, |text| ContentHash::parse(&text))?,
        revealed: maybe(body.revealed, |(vote, salt, at)| {
            let (vote, salt) = (Vote::from_number(vote)?, ContentHash::parse(&salt)?);
            Some(Revealed { vote, salt, at: Timestamp(at) })
        })?,
    })
}

/// The columns of an offer.
pub(crate) const OFFERS: &str =
    "SELECT job_id, agent_id, owner, created_ms, withdrawn_ms, version FROM offer";

/// All columns of an offer.
pub(crate) fn offer(offer: &Offer) -> Vec<Value<'static>> {
    vec![
        Value::job(offer.job),
        Value::count(offer.agent.0),
        Value::text(offer.owner),
        offer.created_at.into(),
        offer.withdrawn_at.into(),
        Value::count(offer.version.0),
    ]
}

/// Reads a row of [`OFFERS`].
pub(crate) fn parse_offer(row: &dyn Columns) -> Result<Offer, StoreError> {
    Ok(Offer {
        job: JobId(row.count(0)?),
        agent: AgentId(row.count(1)?),
        owner: Wallet::parse(&row.text(2)?).ok_or_else(|| corrupt("a wallet"))?,
        created_at: row.instant(3)?,
        withdrawn_at: row.int_or_null(4)?.map(Timestamp),
        version: Version(row.count(5)?),
    })
}

/// Reads what was counted in an hour: its name, the hour, the sum.
pub(crate) fn tally(row: &dyn Columns) -> Result<((Tally, i64), i128), StoreError> {
    let name = Tally::parse(&row.text(0)?).ok_or_else(|| corrupt("the name of a count"))?;
    let sum = row.text(2)?.parse().map_err(|_| corrupt("a count"))?;
    Ok(((name, row.int(1)?), sum))
}

/// A count of an hour.
pub(crate) fn new_tally<'a>(((name, hour), moved): (&'a (Tally, i64), &'a Moved)) -> Vec<Value<'a>> {
    vec![Value::name(name.name()), Value::Int(*hour), Value::text(moved.after)]
}

/// The columns of what is known of an agent.
pub(crate) const STANDINGS: &str = "SELECT agent_id, score, jobs, completed, on_time, judged, approved, filed, won, \
     level_sum, violations, clean, rejections, verdicts, passed, overturned, borderline, compared, deviation_sum, sat, \
     locked_units, rep_paid, rep_lost, rep_hour FROM agent_standing";

/// All columns of what is known of an agent. Its history has nothing but jobs paid and lost.
pub(crate) fn standing((agent, standing): (&AgentId, &Standing)) -> Vec<Value<'static>> {
    let Standing { score, history, record, violations, rejections, verdicts, disputes, locked } = standing;
    vec![
        Value::count(agent.0),
        Value::Int(score.points().into()),
        Value::count(record.total),
        Value::count(record.completed),
        Value::count(record.on_time),
        Value::count(record.judged),
        Value::count(record.approved),
        Value::count(record.disputes),
        Value::count(record.dispute_wins),
        Value::count(record.level_sum),
        Value::Int(violations.count.into()),
        Value::Int(violations.clean.into()),
        Value::Int((*rejections).into()),
        Value::count(verdicts.judged),
        Value::count(verdicts.passed),
        Value::count(verdicts.overturned),
        Value::count(verdicts.borderline),
        Value::count(verdicts.compared),
        Value::count(verdicts.deviation_sum),
        Value::count(*disputes),
        Value::text(locked),
        Value::count(history.paid),
        Value::count(history.lost),
        Value::Int(history.hour),
    ]
}

/// Reads a row of [`STANDINGS`].
pub(crate) fn parse_standing(row: &dyn Columns) -> Result<(AgentId, Standing), StoreError> {
    let score = u8::try_from(row.int(1)?).map_err(|_| corrupt("a score"))?;
    let standing = Standing {
        score: Score::new(score),
        history: Reputation {
            paid: row.count(21)?,
            lost: row.count(22)?,
            hour: row.int(23)?,
            ..Reputation::default()
        },
        record: Record {
            total: row.count(2)?,
            completed: row.count(3)?,
            on_time: row.count(4)?,
            judged: row.count(5)?,
            approved: row.count(6)?,
            disputes: row.count(7)?,
            dispute_wins: row.count(8)?,
            level_sum: row.count(9)?,
        },
        violations: Violations { count: row.small(10)?, clean: row.small(11)? },
        rejections: row.small(12)?,
        verdicts: Verdicts {
            judged: row.count(13)?,
            passed: row.count(14)?,
            overturned: row.count(15)?,
            borderline: row.count(16)?,
            compared: row.count(17)?,
            deviation_sum: row.count(18)?,
        },
        disputes: row.count(19)?,
        locked: row.text(20)?.parse().map_err(|_| corrupt("a lock"))?,
    };
    Ok((AgentId(row.count(0)?), standing))
}
