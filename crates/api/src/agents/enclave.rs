//! A **simulated** enclave that trades entrusted capital on a **simulated** exchange, behind the routes that the
//! reference has for a real one. Every answer says so.

use super::errors::{Code, Problem};
use super::jobs::NamedJob;
use super::query::flag;
use super::signed::Signed;
use super::wire::{Answer, success};
use crate::app::App;
use crate::enclave::SimulatedEnclave;
use crate::limits::read_body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use docket_attestation::{Attestation, Report};
use docket_core::agent::capital::TIME_TO_DELIVER;
use docket_core::agent::hire::Hire;
use docket_core::id::PublicId;
use docket_core::job::{Job, State as JobState};
use docket_core::refusal::Refusal;
use docket_core::time::{Millis, Timestamp};
use docket_enclave::{
    AttestationAnswer, JobAnswer, JobRequest, MAX_ORDER, Opening, Order, OrderAnswer,
    Refusal as EnclaveRefusal, StatusAnswer,
};
use docket_protocol::canonical;
use docket_protocol::wallet::{Action, Address};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// How often the enclave is asked what its jobs are worth.
const LOOK_EVERY: Duration = Duration::from_secs(30);

impl From<EnclaveRefusal> for Problem {
    fn from(refusal: EnclaveRefusal) -> Self {
        let code = match &refusal {
            EnclaveRefusal::NotTheProvider { .. } => Code::BadSignature,
            EnclaveRefusal::UnknownJob => Code::JobNotFound,
            EnclaveRefusal::JobDiffers => Code::JobDiffers,
            EnclaveRefusal::Full | EnclaveRefusal::Failed => Code::Internal,
            EnclaveRefusal::Closed => Code::WrongState,
            EnclaveRefusal::Malformed(_)
            | EnclaveRefusal::NotForUs(_)
            | EnclaveRefusal::NonceUsed { .. }
            | EnclaveRefusal::TooManyTrades { .. }
            | EnclaveRefusal::SymbolNotAllowed
            | EnclaveRefusal::TooManyResting { .. }
            | EnclaveRefusal::Unaffordable => Code::InvalidRequest,
        };
        Self::new(code, format!("The simulated enclave refuses ({}): {refusal}.", refusal.code()))
    }
}

fn enclave(app: &App) -> Result<&SimulatedEnclave, Problem> {
    let words =
        "This market serves no enclave. Its operator can serve a simulated one with `simulated_enclave`.";
    app.settings.enclave.as_deref().ok_or_else(|| Problem::new(Code::NoEnclave, words))
}

/// `GET /api/v1/tee/attestation`.
pub(super) async fn attestation(State(app): State<Arc<App>>) -> Answer<AttestationAnswer> {
    success(enclave(&app)?.with(|enclave| enclave.attestation()))
}

/// `POST /api/v1/tee/jobs`: the client entrusts its account, encrypted to the enclave.
pub(super) async fn entrust(State(app): State<Arc<App>>, request: Request) -> Answer<JobAnswer> {
    let (parts, body) = request.into_parts();
    let body = read_body(body, app.settings.limits.body).await?;
    let wanted = JobRequest::parse(&body)?;
    let Signed { word, .. } = Signed::judge(&app, &parts.headers, body, Action::TEE_JOBS, &wanted.job_id)?;
    let served = enclave(&app)?;
    let id = super::jobs::job_id(&wanted.job_id)?;
    let job = app.engine.hired(&id).await?;
    let hire = job.hire.as_deref().ok_or(Refusal::NoSuchJob)?;
    if hire.client.owner != word.by {
        return Err(Refusal::NotTheOwner.into());
    }
    let opening = opening(&job, hire, &wanted)?;
    let now = app.engine.clock().now();
    let answer = served.with(|enclave| enclave.create_job(&wanted, opening, now))?;
    look(&app, served, &id).await?;
    success(answer)
}

/// What the market knows of a job that is to be traded, if what is asked for agrees with that.
fn opening(job: &Job, hire: &Hire, wanted: &JobRequest) -> Result<Opening, Problem> {
    let capital = hire.order.capital.ok_or(Refusal::NoCapital)?;
    let provider = hire.provider.filter(|_| matches!(job.state, JobState::Funded { .. }));
    let words =
        "Capital is entrusted once the job is funded and has a provider, before anything is delivered.";
    let provider = provider.ok_or_else(|| Problem::new(Code::WrongState, words))?;
    let (stop_loss, target) = (u32::from(capital.stop_loss.0), u32::from(capital.target_return.0));
    let params = &wanted.params;
    if params.stop_loss_bps != stop_loss || params.target_return_bps != Some(target) {
        let words =
            format!("The job's bounds are {stop_loss} and {target} basis points, and hold here as well.");
        return Err(Problem::invalid(words));
    }
    let last = closes_by(job, hire);
    if wanted.deadline > last {
        let words = format!(
            "`deadline` is at most {}: the provider needs time to deliver what the closing report says.",
            last.0
        );
        return Err(Problem::invalid(words));
    }
    Ok(Opening { capital: capital.entrusted, provider: Address(provider.owner.0) })
}

/// When the capital is closed at the latest.
fn closes_by(job: &Job, hire: &Hire) -> Timestamp {
    let given = hire.order.deadline.since(job.created_at);
    hire.order.deadline + Millis(-TIME_TO_DELIVER.0.min(given.0 / 10))
}

/// `POST /api/v1/tee/jobs/{jobId}/orders`: signed by the provider, whoever brings it.
pub(super) async fn order(
    State(app): State<Arc<App>>,
    NamedJob(id): NamedJob,
    request: Request,
) -> Answer<OrderAnswer> {
    let served = enclave(&app)?;
    let body = read_body(request.into_body(), app.settings.limits.body).await?;
    if body.len() > MAX_ORDER + 1_024 {
        return Err(Problem::invalid("An order and its signature have at most 5 KiB."));
    }
    let strict = canonical::parse_strict(&body, 4);
    let strict = strict.map_err(|error| Problem::invalid(format!("An order is strict JSON: {error}.")))?;
    let Value::Object(fields) = strict.get("order").cloned().unwrap_or_default() else {
        return Err(Problem::invalid("`order` must be an object."));
    };
    let signature = strict.get("provider_signature").and_then(Value::as_str);
    let signature = signature.ok_or_else(|| Problem::invalid("`provider_signature` is missing."))?;
    let order = Order::from_fields(fields)?;
    let now = app.engine.clock().now();
    let answer = served.with(|enclave| enclave.order(&id.text, &order, signature, now))?;
    success(answer)
}

/// How a status is asked for.
#[derive(Deserialize)]
pub(super) struct Asked {
    verify: Option<String>,
}

/// How a job's capital stands, and whether the report was verified, if that was asked for.
#[derive(Serialize)]
pub(super) struct StatusView {
    #[serde(flatten)]
    status: StatusAnswer,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<bool>,
}

/// `GET /api/v1/tee/jobs/{jobId}/status`: a report of this moment, and the closing one ever after.
pub(super) async fn status(
    State(app): State<Arc<App>>,
    NamedJob(id): NamedJob,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Answer<StatusView> {
    let Query(asked) = asked?;
    let verify = flag("verify", asked.verify.as_deref())?;
    let status = look(&app, enclave(&app)?, &id).await?;
    let verified = verify.filter(|verify| *verify).map(|_| {
        let now = app.engine.clock().now();
        let verifier = &app.engine.enclaves().verifier;
        said(&status).is_some_and(|(report, attestation)| verifier.verify(&report, &attestation, now).is_ok())
    });
    success(StatusView { status, verified })
}

fn said(status: &StatusAnswer) -> Option<(Report, Attestation)> {
    let report = Report::from_value(status.report.clone()).ok()?;
    Some((report, Attestation::from_value(status.attestation.clone()).ok()?))
}

/// Asks the enclave how a job stands, and takes its report as a snapshot where one is due: the first, one after each
/// interval, and the closing one.
async fn look(app: &App, served: &SimulatedEnclave, id: &PublicId) -> Result<StatusAnswer, Problem> {
    let now = app.engine.clock().now();
    let status = served.with(|enclave| enclave.status(&id.text, now))?;
    let job = app.engine.hired(id).await?;
    let known = job.hire.as_ref().and_then(|hire| hire.valuation);
    let is_due = known.is_none_or(|known| {
        let interval = app.engine.enclaves().schedule.interval;
        known.closed.is_none() && (status.closed_reason.is_some() || now.since(known.at) >= interval)
    });
    let is_taken = is_due && matches!(job.state, JobState::Funded { .. });
    if let Some((report, attestation)) = said(&status).filter(|_| is_taken)
        && let Err(error) = app.engine.take_snapshot(id, report, Some(attestation), None).await
    {
        tracing::warn!(job = &*id.text, %error, "no snapshot was taken; it is tried again");
    }
    Ok(status)
}

/// Looks after the jobs of the simulated enclave until it is dropped, if one is served.
pub async fn keep_snapshots(app: Arc<App>) {
    let Some(served) = app.settings.enclave.clone() else { return };
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        look_after(&app, &served).await;
    }
}

/// Looks at all jobs once, and forgets those that have come to their end.
async fn look_after(app: &App, served: &SimulatedEnclave) {
    for name in served.with(|enclave| enclave.jobs()) {
        let Ok(id) = super::jobs::job_id(&name) else { continue };
        if let Err(problem) = look(app, served, &id).await {
            tracing::warn!(job = name, ?problem, "no snapshot was taken");
        }
        let ended = app.engine.hired(&id).await.is_ok_and(|job| job.state.is_final());
        if ended {
            served.with(|enclave| enclave.forget(&name));
        }
    }
}
