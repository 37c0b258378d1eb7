//! The file that proves a job, for `docket verify`.

use super::errors::Problem;
use super::routes::{JobName, find};
use crate::app::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use docket_protocol::receipt::Bundle;
use std::sync::Arc;

/// `GET /v1/jobs/{id}/receipt`: receipts, output and the place in the log. As with the job itself,
/// whoever knows the id may read it.
pub(crate) async fn receipt(
    State(app): State<Arc<App>>,
    JobName(id): JobName,
) -> Result<Json<Bundle>, Problem> {
    let job = find(&app.engine, &id).await?;
    if !job.state.is_answered() {
        return Err(Problem::new(StatusCode::CONFLICT, "job_not_finished"));
    }
    let no_receipt = || Problem::new(StatusCode::NOT_FOUND, "no_receipt");
    crate::workers::bundle(&app, &job).await?.map(Json).ok_or_else(no_receipt)
}
