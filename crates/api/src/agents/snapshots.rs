//! What enclaves say of the capital of jobs.

use super::errors::Problem;
use super::job_view::{hash, place};
use super::jobs::{NamedJob, Pages};
use super::paging::Numbered;
use super::profile::Fields;
use super::signed::Signed;
use super::wire::{Answer, page, success};
use crate::app::App;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use docket_attestation::{Attestation, MAX_ATTESTATION, MAX_REPORT, Mark, Report};
use docket_core::agent::capital::{Capital, Outcome, Valuation};
use docket_core::job::Job;
use docket_engine::{Page, SnapshotRow};
use docket_protocol::canonical;
use docket_protocol::instant;
use docket_protocol::wallet::Action;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

/// How deep a snapshot's JSON may be nested: a report or an attestation, and the object around it.
const MAX_DEPTH: usize = 9;

/// A snapshot. What is not documented tells what it is worth, and why it settles nothing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SnapshotView {
    reported_value: String,
    snapshot_ts: String,
    tx_hash: Option<String>,
    block_number: Option<String>,
    balance_report: Value,
    /// The attestation's JSON in hexadecimal.
    attestation: Option<String>,
    sequence: String,
    state: String,
    closed_reason: Option<String>,
    standing: &'static str,
    flaw: Option<String>,
    received_at: String,
}

impl SnapshotView {
    fn of(row: &SnapshotRow) -> Option<Self> {
        let document = &row.document;
        let report = Report::parse(document.report.as_bytes()).ok()?;
        let place = row.leaf_index.map(place);
        let (tx_hash, block_number) = place.map(|place| (place.tx_hash, place.block_number)).unzip();
        Some(Self {
            reported_value: report.reported_value().to_string(),
            snapshot_ts: instant::format(report.at().0),
            tx_hash,
            block_number,
            balance_report: report.balance().as_value().clone(),
            attestation: document.attestation.as_ref().map(|text| format!("0x{}", hex::encode(&**text))),
            sequence: report.sequence().to_string(),
            state: report.state().name().to_owned(),
            closed_reason: report.state().closed_reason().map(|reason| reason.name().to_owned()),
            standing: document.worth.name(),
            flaw: document.flaw.as_ref().map(ToString::to_string),
            received_at: instant::format(document.received_at.0),
        })
    }

    /// The last so many of a job.
    pub(super) async fn last_of(app: &App, job: &Job, limit: u32) -> Result<Vec<Self>, Problem> {
        let rows = app.engine.snapshots(job, Page { skip: 0, limit }).await?;
        Ok(rows.iter().filter_map(Self::of).collect())
    }
}

/// What the capital of a job is worth, by its last attested snapshot.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ValuationView {
    reported_value: String,
    snapshot_ts: String,
    outcome: &'static str,
    closed_reason: Option<&'static str>,
    /// What the provider delivers once the capital is closed.
    deliverable_hash: Option<String>,
    /// How many snapshots of capital that is traded should have come since.
    overdue_snapshots: u32,
}

impl ValuationView {
    pub(super) fn of(app: &App, capital: &Capital, valuation: &Valuation) -> Self {
        let overdue = app.engine.enclaves().schedule.overdue(Mark::of(valuation), app.engine.clock().now());
        Self {
            reported_value: valuation.value.to_string(),
            snapshot_ts: instant::format(valuation.at.0),
            outcome: match capital.outcome(valuation.value) {
                Outcome::StopLoss => "STOP_LOSS",
                Outcome::Target => "TARGET",
                Outcome::Neither => "BETWEEN",
            },
            closed_reason: valuation.closed.map(|closed| closed.reason.name()),
            deliverable_hash: valuation.closed.map(|closed| hash(&closed.deliverable)),
            overdue_snapshots: if valuation.closed.is_none() { overdue } else { 0 },
        }
    }
}

/// `GET /api/v1/jobs/{jobId}/snapshots`: the newest first.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    NamedJob(id): NamedJob,
    pages: Result<Query<Pages>, QueryRejection>,
) -> Answer<Vec<SnapshotView>> {
    let Query(pages) = pages?;
    let numbered = Numbered::parse(pages.page.as_deref(), pages.limit.as_deref())?;
    let job = app.engine.hired(&id).await?;
    let rows = app.engine.snapshots(&job, numbered.page()).await?;
    let total = app.engine.count_snapshots(&job).await?;
    page(rows.iter().filter_map(SnapshotView::of).collect(), numbered.of(total))
}

/// `POST /api/v1/jobs/{jobId}/snapshots`: a report, and who vouches for it. Anybody may bring one that is attested.
pub(super) async fn bring(
    State(app): State<Arc<App>>,
    NamedJob(id): NamedJob,
    request: Request,
) -> Answer<SnapshotView> {
    let signed = Signed::read(&app, request, Action::POST_SNAPSHOT, &id.text).await?;
    let (report, attestation) = read(&signed.body)?;
    let row = app.engine.take_snapshot(&id, report, attestation, Some(signed.word.by)).await?;
    success(SnapshotView::of(&row).ok_or_else(|| Problem::invalid("`report` cannot be shown."))?)
}

/// Reads `{"report": …, "attestation": …}` strictly: what is signed must have one meaning.
fn read(body: &[u8]) -> Result<(Report, Option<Attestation>), Problem> {
    if body.len() > MAX_REPORT + MAX_ATTESTATION + 1_024 {
        return Err(Problem::invalid("A snapshot has at most 117 KiB."));
    }
    let strict = canonical::parse_strict(body, MAX_DEPTH);
    let strict = strict.map_err(|error| Problem::invalid(format!("A snapshot is strict JSON: {error}.")))?;
    Fields::parse(body)?;
    let report = Report::from_value(strict.get("report").cloned().unwrap_or_default());
    let report = report.map_err(|error| Problem::invalid(format!("`report`: {error}.")))?;
    let attestation = strict.get("attestation").filter(|value| !value.is_null()).cloned();
    let attestation = attestation.map(Attestation::from_value).transpose();
    Ok((report, attestation.map_err(|error| Problem::invalid(format!("`attestation`: {error}.")))?))
}
