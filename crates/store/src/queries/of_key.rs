//! The jobs of an API key, through filters. They are looked at in stretches, so that no query takes long, however few fit.

use super::{Database, PAGE, Queries, jobs_where};
use crate::error::StoreError;
use crate::read::{Cursor, KeyJobs, Stretch};
use crate::stage::Stage;
use crate::value::Value;
use docket_core::id::JobId;
use std::collections::HashMap;
use std::sync::LazyLock;

/// So many jobs of a key are looked at in one query.
pub(crate) const STRETCH: u32 = 1_000;

/// As the index of these rows has it.
const ASTRAY: &str = "(j.outcome IS NOT NULL OR j.state = 'rejected')";

/// The queries in one direction, by what they ask for.
struct Way {
    /// The jobs of a stretch that fit.
    rows: HashMap<Option<Stage>, String>,
    /// Where a stretch over all jobs ends, unless it reaches the end of all.
    end: String,
    /// The same over those that came to something else than a settlement.
    end_astray: String,
}

/// The newest first.
static DOWN: LazyLock<Way> = LazyLock::new(|| Way::new("<", ">=", "DESC"));
/// The oldest first.
static UP: LazyLock<Way> = LazyLock::new(|| Way::new(">", "<=", "ASC"));

impl Way {
    fn new(beyond: &str, upto: &str, order: &str) -> Self {
        let rows = |condition: &str| {
            jobs_where(&format!(
                "j.api_key = $1 AND j.job_id {beyond} $2 AND j.job_id {upto} $3 AND ($4 = '' OR j.model = $4) \
                 {condition} ORDER BY j.job_id {order} LIMIT $5"
            ))
        };
        let end = |condition: &str| {
            format!(
                "SELECT j.job_id FROM job j WHERE j.api_key = $1 AND j.job_id {beyond} $2 {condition} \
                 ORDER BY j.job_id {order} LIMIT 1 OFFSET {}",
                STRETCH - 1
            )
        };
        let known = Stage::ALL.into_iter().filter_map(|stage| {
            let astray = if stage.is_astray() { format!("AND {ASTRAY} ") } else { String::new() };
            Some((Some(stage), rows(&format!("{astray}AND {}", stage.condition()?))))
        });
        Self {
            rows: known.chain([(None, rows(""))]).collect(),
            end: end(""),
            end_astray: end(&format!("AND {ASTRAY}")),
        }
    }

    fn end(&self, stage: Option<Stage>) -> &str {
        if stage.is_some_and(Stage::is_astray) { &self.end_astray } else { &self.end }
    }
}

impl<D: Database> Queries<D> {
    /// The jobs of one stretch that fit. What only memory knows is not found.
    pub(super) async fn sift(
        &self,
        which: &KeyJobs<'_>,
        cursor: Cursor,
        limit: u32,
    ) -> Result<Stretch, StoreError> {
        let (way, first, farthest) = match cursor {
            Cursor::Newest => (&*DOWN, Value::Int(i64::MAX), Value::Int(0)),
            Cursor::Before(job) => (&*DOWN, Value::job(job), Value::Int(0)),
            Cursor::After(job) => (&*UP, Value::job(job), Value::Int(i64::MAX)),
        };
        let Some(rows) = way.rows.get(&which.stage) else { return Ok(Stretch::default()) };
        let (key, limit) = (Value::text(which.key.0), limit.min(PAGE));
        let end = match which.model.is_none() && which.stage.is_none() {
            true => None, // Every job fits, so none is looked at in vain.
            false => {
                let params = vec![key.clone(), first.clone()];
                self.one(way.end(which.stage), params, |row| row.count(0).map(JobId)).await?
            }
        };
        let upto = end.map_or(farthest, Value::job);
        let model = Value::name(which.model.unwrap_or_default());
        let jobs = self.jobs(rows, vec![key, first, upto, model, Value::Int(limit.into())]).await?;
        Ok(Stretch::new(jobs, end, cursor, limit))
    }
}

/// Every query that a list may cause.
#[cfg(test)]
pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    [&*DOWN, &*UP]
        .into_iter()
        .flat_map(|way| way.rows.values().chain([&way.end, &way.end_astray]).map(String::as_str))
}
