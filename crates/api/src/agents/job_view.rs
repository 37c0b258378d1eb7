//! What this dialect says of a job, in its own names and forms. Amounts are minor units in decimal digits; `onchain…` are
//! Unix seconds in decimal digits, all other instants ISO 8601.

use super::disputes::DisputeView;
use super::errors::Problem;
use super::offers::OfferView;
use super::snapshots::{SnapshotView, ValuationView};
use super::status::{job_status, level, role, strategy};
use super::wire::{CapabilityView, Known, PoolView, ScoreView, address, shown_name};
use crate::app::App;
use docket_core::agent::capital::Capital;
use docket_core::agent::hire::{Hire, Seat};
use docket_core::agent::role::Role;
use docket_core::hash::ContentHash;
use docket_core::job::Job;
use docket_core::refusal::Refusal;
use docket_core::time::Timestamp;
use docket_engine::{EngineError, LogPlace};
use docket_protocol::instant;
use serde::Serialize;

/// How many of its snapshots a job is shown with.
const SNAPSHOTS: u32 = 20;

/// A job with all that belongs to it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobView {
    job_id: String,
    status: &'static str,
    strategy_type: &'static str,
    client_id: String,
    provider_id: Option<String>,
    evaluator_id: Option<String>,
    /// Whom the client has asked to do it, and who has not agreed yet.
    invited_id: Option<String>,
    budget: String,
    escrow_balance: String,
    title: String,
    description: String,
    program_hash: Option<String>,
    rubric_hash: Option<String>,
    verification_level: Option<&'static str>,
    borderline: Option<bool>,
    deliverable_hash: Option<String>,
    passed: Option<bool>,
    platform_fee: Option<String>,
    evaluator_fee: Option<String>,
    provider_payment: Option<String>,
    onchain_created_at: String,
    onchain_deadline: String,
    onchain_submitted_at: Option<String>,
    onchain_settled_at: Option<String>,
    client: PartyView,
    provider: Option<PartyView>,
    evaluator: Option<PartyView>,
    stake_locks: Vec<LockView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cex_config: Option<CapitalView>,
    /// What the capital is worth, by its last attested snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    valuation: Option<ValuationView>,
    snapshots: Vec<SnapshotView>,
    dispute: Option<DisputeView>,
    offers: Vec<OfferView>,
    lifecycle: Lifecycle,
}

/// Somebody who takes part.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PartyView {
    agent_id: String,
    owner_address: String,
    name: Option<String>,
    source: &'static str,
    reputation: ScoreView,
    staking_pool: PoolView,
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluator_capability: Option<CapabilityView>,
}

/// What is locked for the job.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LockView {
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<String>,
    agent_id: String,
    role: &'static str,
    amount: String,
    active: bool,
    locked_at: String,
    released_at: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CapitalView {
    /// What is entrusted; not documented.
    capital: String,
    stop_loss_bps: u16,
    target_return_bps: u16,
}

/// Where the log has what has happened.
#[derive(Serialize)]
struct Lifecycle {
    created: Option<Place>,
    submitted: Option<Place>,
    settled: Option<Place>,
    disputed: Option<Place>,
}

/// A place in the log, in the forms of a chain.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Place {
    pub(super) tx_hash: String,
    pub(super) block_number: String,
}

impl JobView {
    /// A job with all that is to be read of it.
    pub(super) async fn of(app: &App, job: &Job) -> Result<Self, Problem> {
        Self::with_snapshots(app, job, SNAPSHOTS).await
    }

    /// The same among others, with its last snapshot alone: each may be large.
    pub(super) async fn listed(app: &App, job: &Job) -> Result<Self, Problem> {
        Self::with_snapshots(app, job, 1).await
    }

    async fn with_snapshots(app: &App, job: &Job, snapshots: u32) -> Result<Self, Problem> {
        let hire = job.hire.as_deref().ok_or(Refusal::NoSuchJob)?;
        let offers = app.engine.offers(job).await?.iter().map(|offer| OfferView::of(offer, job)).collect();
        let places = app.engine.store().log_places(job.id).await.map_err(EngineError::from)?;
        let dispute = match hire.dispute.as_deref() {
            Some(_) => Some(DisputeView::of(app, job).await?),
            None => None,
        };
        let order = &hire.order;
        let agent = |seat: &Option<Seat>| seat.map(|seat| seat.agent.0.to_string());
        let shares = hire.shares(job);
        let units = |amount: docket_core::money::Amount| amount.units.to_string();
        Ok(Self {
            job_id: job.public_id.text.to_string(),
            status: job_status(&job.state),
            strategy_type: strategy(order.strategy),
            client_id: hire.client.agent.0.to_string(),
            provider_id: agent(&hire.provider),
            evaluator_id: agent(&hire.evaluator).or(order.judge.map(|judge| judge.0.to_string())),
            invited_id: hire.invited.map(|agent| agent.0.to_string()),
            budget: job.price.units.to_string(),
            escrow_balance: job.escrow.units.saturating_add(job.vesting.units).to_string(),
            title: hire.title.to_string(),
            description: hire.description.to_string(),
            program_hash: order.program.as_ref().map(hash),
            rubric_hash: order.rubric.as_ref().map(hash),
            verification_level: hire.judgement.map(|judgement| level(judgement.level)),
            borderline: hire.judgement.map(|judgement| judgement.borderline),
            deliverable_hash: job.delivery().map(|delivery| hash(&delivery.output)),
            passed: Hire::passed(&job.state),
            platform_fee: shares.map(|parts| units(parts.platform)),
            evaluator_fee: shares.map(|parts| units(parts.evaluator)),
            provider_payment: shares.map(|parts| units(parts.worker)),
            onchain_created_at: seconds(job.created_at),
            onchain_deadline: seconds(order.deadline),
            onchain_submitted_at: hire.delivered_at.map(seconds),
            onchain_settled_at: job.ended_at.map(seconds),
            client: PartyView::of(app, &hire.client, Role::Client).await?,
            provider: PartyView::maybe(app, hire.provider.as_ref(), Role::Provider).await?,
            evaluator: PartyView::maybe(app, hire.evaluator.as_ref(), Role::Evaluator).await?,
            stake_locks: hire.seats().map(|(role, seat)| LockView::of(None, role, seat)).collect(),
            cex_config: order.capital.map(|Capital { entrusted, stop_loss, target_return }| CapitalView {
                capital: entrusted.to_string(),
                stop_loss_bps: stop_loss.0,
                target_return_bps: target_return.0,
            }),
            valuation: order
                .capital
                .zip(hire.valuation)
                .map(|(capital, valuation)| ValuationView::of(app, &capital, &valuation)),
            snapshots: SnapshotView::last_of(app, job, snapshots).await?,
            dispute,
            offers,
            lifecycle: Lifecycle::of(&places),
        })
    }
}

impl PartyView {
    async fn maybe(app: &App, seat: Option<&Seat>, role: Role) -> Result<Option<Self>, Problem> {
        Ok(match seat {
            Some(seat) => Some(Self::of(app, seat, role).await?),
            None => None,
        })
    }

    async fn of(app: &App, seat: &Seat, role: Role) -> Result<Self, Problem> {
        let agent = app.engine.agent(seat.agent).await?;
        let known = Known::of(app, seat.agent).await?;
        Ok(Self {
            agent_id: agent.id.0.to_string(),
            owner_address: address(agent.owner),
            name: shown_name(&agent.profile),
            source: "AACP",
            reputation: ScoreView::of(&known.standing),
            staking_pool: PoolView::of(&known),
            evaluator_capability: agent
                .capability
                .filter(|_| role == Role::Evaluator)
                .map(CapabilityView::of),
        })
    }
}

impl LockView {
    pub(super) fn of(job: Option<&Job>, seat_role: Role, seat: &Seat) -> Self {
        Self {
            job_id: job.map(|job| job.public_id.text.to_string()),
            agent_id: seat.agent.0.to_string(),
            role: role(seat_role),
            amount: seat.lock.to_string(),
            active: seat.released.is_none(),
            locked_at: instant::format(seat.since.0),
            released_at: seat.released.map(|at| instant::format(at.0)),
        }
    }

    pub(super) const fn is_active(&self) -> bool {
        self.active
    }
}

impl Lifecycle {
    fn of(places: &[LogPlace]) -> Self {
        let last = |events: &[&str]| {
            let mut places = places.iter().rev();
            let index = places.find(|place| events.contains(&&*place.event))?.index;
            Some(place(index))
        };
        Self {
            created: last(&["created"]),
            submitted: last(&["submitted"]),
            settled: last(&["completed", "rejected", "ruled", "cancelled", "expired"]),
            disputed: last(&["disputed"]),
        }
    }
}

/// A place in the log.
pub(super) fn place(index: u64) -> Place {
    Place { tx_hash: format!("ledger:{index}"), block_number: index.to_string() }
}

/// Thirty-two bytes as this dialect writes them.
pub(super) fn hash(hash: &ContentHash) -> String {
    format!("0x{hash}")
}

pub(super) fn seconds(at: Timestamp) -> String {
    at.0.div_euclid(1_000).to_string()
}
