//! Disputes about a verdict: opened, listed, and decided by votes. A dispute has the number of its job.

use super::errors::{Code, Problem};
use super::hire::needed;
use super::job_view::{JobView, hash};
use super::jobs::{NamedJob, agent};
use super::paging::Numbered;
use super::profile::Fields;
use super::signed::Signed;
use super::status::role;
use super::wire::{Answer, address, page, shown_name, success};
use crate::app::App;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use docket_core::agent::court::{Outcome, Vote};
use docket_core::agent::hire::dispute::{Dispute, Juror};
use docket_core::job::{Job, State as JobState};
use docket_core::refusal::Refusal;
use docket_core::time::Timestamp;
use docket_engine::{HireFilter, Page, Wish};
use docket_protocol::instant;
use docket_protocol::wallet::Action;
use serde::Deserialize;
use serde::Serialize;
use std::sync::Arc;

/// A dispute.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DisputeView {
    dispute_id: String,
    job_id: String,
    status: &'static str,
    initiator: Initiator,
    deposit: String,
    borderline: bool,
    protocol_initiated: bool,
    created_at: String,
    commit_deadline: String,
    reveal_deadline: Option<String>,
    settled_at: Option<String>,
    outcome: Option<&'static str>,
    votes: Vec<VoteView>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Initiator {
    agent_id: String,
    owner_address: String,
    role: &'static str,
}

/// A seat, and what was said from it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VoteView {
    seat_index: usize,
    arbitrator: Option<ArbitratorView>,
    commitment: Option<String>,
    vote: Option<u8>,
    salt: Option<String>,
    revealed: bool,
    revealed_at: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArbitratorView {
    agent_id: String,
    owner_address: String,
    name: Option<String>,
}

impl DisputeView {
    pub(super) async fn of(app: &App, job: &Job) -> Result<Self, Problem> {
        let none = || Problem::new(Code::DisputeNotFound, "The job has no dispute.");
        let hire = job.hire.as_deref().ok_or_else(none)?;
        let dispute = hire.dispute.as_deref().ok_or_else(none)?;
        let initiator = hire.seat(dispute.initiator).ok_or_else(none)?;
        let mut votes = Vec::with_capacity(dispute.jurors.len());
        for (seat, juror) in dispute.jurors.iter().enumerate() {
            votes.push(VoteView::of(app, seat, juror.as_ref()).await?);
        }
        let at = |at: Timestamp| instant::format(at.0);
        Ok(Self {
            dispute_id: job.public_id.text.to_string(),
            job_id: job.public_id.text.to_string(),
            status: status(dispute, app.engine.clock().now()),
            initiator: Initiator {
                agent_id: initiator.agent.0.to_string(),
                owner_address: address(initiator.owner),
                role: role(dispute.initiator),
            },
            deposit: dispute.deposit.to_string(),
            borderline: hire.judgement.is_some_and(|judgement| judgement.borderline),
            protocol_initiated: false,
            created_at: at(dispute.filed_at),
            commit_deadline: at(dispute.commit_until),
            reveal_deadline: match job.state {
                JobState::Disputed { by, .. } => Some(at(by)),
                _ => None,
            },
            settled_at: dispute.settled.map(|(_, settled)| at(settled)),
            outcome: dispute.settled.map(|(outcome, _)| match outcome {
                Outcome::Upheld => "UPHELD",
                Outcome::Overturned => "OVERTURNED",
                Outcome::NoQuorum => "NO_QUORUM",
            }),
            votes,
        })
    }
}

impl VoteView {
    async fn of(app: &App, seat_index: usize, juror: Option<&Juror>) -> Result<Self, Problem> {
        let arbitrator = match juror {
            Some(juror) => {
                let agent = app.engine.agent(juror.seat.agent).await?;
                Some(ArbitratorView {
                    agent_id: agent.id.0.to_string(),
                    owner_address: address(juror.seat.owner),
                    name: shown_name(&agent.profile),
                })
            }
            None => None,
        };
        let revealed = juror.and_then(|juror| juror.revealed);
        Ok(Self {
            seat_index,
            arbitrator,
            commitment: juror.and_then(|juror| juror.commitment).as_ref().map(hash),
            vote: revealed.map(|revealed| revealed.vote.number()),
            salt: revealed.as_ref().map(|revealed| hash(&revealed.salt)),
            revealed: revealed.is_some(),
            revealed_at: revealed.map(|revealed| instant::format(revealed.at.0)),
        })
    }
}

/// `OPEN` until somebody commits to a vote, then `VOTING`, `REVEAL` and `SETTLED`.
fn status(dispute: &Dispute, now: Timestamp) -> &'static str {
    let mut seated = dispute.jurors.iter().flatten().peekable();
    if dispute.settled.is_some() {
        "SETTLED"
    } else if seated.peek().is_some() && dispute.reveals(now) {
        "REVEAL"
    } else if seated.any(|juror| juror.commitment.is_some()) {
        "VOTING"
    } else {
        "OPEN"
    }
}

/// `GET /api/v1/jobs/{jobId}/dispute`: `null` where there is none.
pub(super) async fn of_job(
    State(app): State<Arc<App>>,
    NamedJob(id): NamedJob,
) -> Answer<Option<DisputeView>> {
    let job = app.engine.hired(&id).await?;
    let is_disputed = job.hire.as_ref().is_some_and(|hire| hire.dispute.is_some());
    success(if is_disputed { Some(DisputeView::of(&app, &job).await?) } else { None })
}

/// `GET /api/v1/disputes/{disputeId}`.
pub(super) async fn show(State(app): State<Arc<App>>, NamedJob(id): NamedJob) -> Answer<DisputeView> {
    let job = app.engine.hired(&id).await.map_err(|error| match error {
        docket_engine::EngineError::Refused(Refusal::NoSuchJob) => {
            Problem::new(Code::DisputeNotFound, "There is no such dispute.")
        }
        error => error.into(),
    })?;
    success(DisputeView::of(&app, &job).await?)
}

/// What a list may be asked for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wanted {
    status: Option<String>,
    initiator: Option<String>,
    job_id: Option<String>,
    page: Option<String>,
    limit: Option<String>,
}

/// How many open disputes are looked at for those of one status.
const LOOKED_AT: u32 = 10_000;

/// `GET /api/v1/disputes`: the newest jobs first.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Answer<Vec<DisputeView>> {
    let Query(wanted) = wanted?;
    let numbered = Numbered::parse(wanted.page.as_deref(), wanted.limit.as_deref())?;
    let initiator = agent("initiator", wanted.initiator.as_deref())?;
    let all = HireFilter { disputed: true, initiator, ..HireFilter::default() };
    let (jobs, total) = match (wanted.status.as_deref(), &wanted.job_id) {
        (None, None) => app.engine.hires(&all, numbered.page()).await?,
        (Some("SETTLED"), None) => {
            let settled = HireFilter { states: Some(vec!["arbitrated"]), ..all };
            app.engine.hires(&settled, numbered.page()).await?
        }
        (None | Some("OPEN" | "VOTING" | "REVEAL" | "SETTLED"), _) => {
            // How an open dispute stands depends on the time. There are few of them.
            let looked_at = Page { skip: 0, limit: LOOKED_AT };
            let (mut jobs, _) = app.engine.hires(&all, looked_at).await?;
            let now = app.engine.clock().now();
            jobs.retain(|job| {
                let dispute = job.hire.as_ref().and_then(|hire| hire.dispute.as_ref());
                dispute.is_some_and(|dispute| {
                    wanted.status.as_deref().is_none_or(|wanted| status(dispute, now) == wanted)
                }) && wanted.job_id.as_deref().is_none_or(|id| &*job.public_id.text == id)
            });
            let total = jobs.len() as u64;
            let Page { skip, limit } = numbered.page();
            let skip = usize::try_from(skip).unwrap_or(usize::MAX);
            (jobs.into_iter().skip(skip).take(limit as usize).collect(), total)
        }
        (Some(_), _) => {
            return Err(Problem::invalid("`status` must be OPEN, VOTING, REVEAL or SETTLED."));
        }
    };
    let mut views = Vec::with_capacity(jobs.len());
    for job in &jobs {
        views.push(DisputeView::of(&app, job).await?);
    }
    page(views, numbered.of(total))
}

/// `POST /api/v1/jobs/{jobId}/dispute`.
pub(super) async fn file(
    State(app): State<Arc<App>>,
    NamedJob(id): NamedJob,
    request: Request,
) -> Answer<JobView> {
    let signed = Signed::read(&app, request, Action::FILE_DISPUTE, &id.text).await?;
    let job = app.engine.step(&id, Wish::Dispute, signed.word).await?;
    success(JobView::of(&app, &job).await?)
}

/// `POST /api/v1/disputes/{disputeId}/commit`.
pub(super) async fn commit(
    State(app): State<Arc<App>>,
    NamedJob(id): NamedJob,
    request: Request,
) -> Answer<DisputeView> {
    let signed = Signed::read(&app, request, Action::COMMIT_VOTE, &id.text).await?;
    let fields = Fields::parse(&signed.body)?;
    let commitment = needed(fields.hash("commitment")?, "commitment")?;
    let job = app.engine.step(&id, Wish::Commit { commitment }, signed.word).await?;
    success(DisputeView::of(&app, &job).await?)
}

/// `POST /api/v1/disputes/{disputeId}/reveal`.
pub(super) async fn reveal(
    State(app): State<Arc<App>>,
    NamedJob(id): NamedJob,
    request: Request,
) -> Answer<DisputeView> {
    let signed = Signed::read(&app, request, Action::REVEAL_VOTE, &id.text).await?;
    let fields = Fields::parse(&signed.body)?;
    let vote = fields.number("vote")?.and_then(|vote| u8::try_from(vote).ok()).and_then(Vote::from_number);
    let vote = vote.ok_or_else(|| Problem::invalid("`vote` must be 0, to uphold, or 1, to overturn."))?;
    let salt = needed(fields.hash("salt")?, "salt")?;
    let job = app.engine.step(&id, Wish::Reveal { vote, salt }, signed.word).await?;
    success(DisputeView::of(&app, &job).await?)
}
