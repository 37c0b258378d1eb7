//! What enclaves have said of the capital of jobs: as rows and back.

use crate::batch::SnapshotDocument;
use crate::error::StoreError;
use crate::read::SnapshotRow;
use crate::value::{Columns, Value, corrupt};
use docket_core::agent::capital::Worth;
use docket_core::id::JobId;

/// The columns of a snapshot.
pub(crate) const SNAPSHOTS: &str = "SELECT s.job_id, s.received_ms, s.standing, s.flaw, s.report, s.attestation, \
     j.leaf_index FROM snapshot s JOIN journal j ON j.journal_id = s.journal_id";

/// All columns of a snapshot.
pub(crate) fn snapshot((journal_id, document): &(i64, SnapshotDocument)) -> Vec<Value<'_>> {
    let SnapshotDocument { job, received_at, worth, flaw, report, attestation } = document;
    vec![
        Value::Int(*journal_id),
        Value::job(*job),
        (*received_at).into(),
        Value::name(worth.name()),
        flaw.as_deref().map_or(Value::Null, Value::name),
        Value::name(report),
        attestation.as_deref().map_or(Value::Null, Value::name),
    ]
}

/// Reads a row of [`SNAPSHOTS`].
pub(crate) fn parse_snapshot(row: &dyn Columns) -> Result<SnapshotRow, StoreError> {
    let document = SnapshotDocument {
        job: JobId(row.count(0)?),
        received_at: row.instant(1)?,
        worth: Worth::parse(&row.text(2)?).ok_or_else(|| corrupt("what a snapshot is worth"))?,
        flaw: row.text_or_null(3)?.map(Into::into),
        report: row.text(4)?.into(),
        attestation: row.text_or_null(5)?.map(Into::into),
    };
    Ok(SnapshotRow { document, leaf_index: row.int_or_null(6)?.map(i64::unsigned_abs) })
}
