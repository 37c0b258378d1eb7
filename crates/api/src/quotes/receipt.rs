//! The file that proves a job, for `docket verify`.

use super::errors::Problem;
use super::routes::{JobName, find};
use crate::app::App;
use crate::log;
use crate::workers::Receipts;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use docket_core::job::Job;
use docket_engine::EngineError;
use docket_protocol::receipt::{Bundle, BundleForm, SignedBy};
use std::sync::Arc;

/// What nobody but the coordinator says where the worker signed only the short receipt.
const ONLY_OURS: [&str; 4] = ["client", "price", "request", "usage"];

/// `GET /v1/jobs/{id}/receipt`: receipts, output and the place in the log. As with the job itself,
/// whoever knows the id may read it.
pub(super) async fn receipt(
    State(app): State<Arc<App>>,
    JobName(id): JobName,
) -> Result<Json<Bundle>, Problem> {
    let job = find(&app.engine, &id).await?;
    if !job.state.is_answered() {
        return Err(Problem::new(StatusCode::CONFLICT, "job_not_finished"));
    }
    let no_receipt = || Problem::new(StatusCode::NOT_FOUND, "no_receipt");
    bundle(&app, &job).await?.map(Json).ok_or_else(no_receipt)
}

/// The bundle of a job; `None` if nothing was delivered for it.
async fn bundle(app: &App, job: &Job) -> Result<Option<Bundle>, EngineError> {
    if job.delivery().is_none() {
        return Ok(None);
    }
    let Some(answer) = app.engine.answer(job.id).await? else { return Ok(None) };
    let Some(receipts) = Receipts::parse(&answer.receipt) else { return Ok(None) };
    let vouched = if receipts.full.is_none() { &ONLY_OURS[..] } else { &[] };
    Ok(Some(Bundle {
        format: BundleForm::V1,
        signed_by: SignedBy::Worker,
        receipt: receipts.full,
        signature: receipts.signature,
        dispatch: receipts.dispatch,
        output: String::from_utf8(answer.output.to_vec()).ok(),
        vouched: vouched.iter().map(|&name| name.to_owned()).collect(),
        log: log::prove(app, job.id, "settled").await?,
    }))
}
