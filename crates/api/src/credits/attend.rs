//! Who is waiting for which answer. A client may come back to the answer that he left, within a grace; an answer
//! that nobody comes back to is withdrawn.

use crate::app::App;
use docket_core::command::{Canceller, Command};
use docket_core::hash::Sha256;
use docket_core::id::JobId;
use docket_core::key::KeyId;
use docket_core::time::{Millis, Timestamp};
use docket_engine::RESUME_GRACE;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long an answer whose client has gone waits for his retry.
const RETRY_WITHIN: Millis = Millis::seconds(600);

/// A request, as far as two of them may be the same one.
pub(super) type Sameness = (KeyId, Sha256);

/// Everybody who waits, or did so lately.
#[derive(Default)]
pub(crate) struct Attendance {
    jobs: Mutex<BTreeMap<JobId, Attended>>,
}

struct Attended {
    /// How many clients wait for it now.
    clients: u32,
    /// Whether the whole answer was handed over.
    served: bool,
    /// Whether a retry was led to it.
    retried: bool,
    request: Sameness,
    /// When it was last left.
    left_at: Timestamp,
}

impl Attendance {
    fn jobs(&self) -> MutexGuard<'_, BTreeMap<JobId, Attended>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The job to which a retry is led: the oldest for the same request that its client left before the answer was
    /// whole, and to which none was led. Where there is none, the one whose whole answer was handed over last: that it
    /// arrived nobody here can know.
    pub(super) fn left_behind(&self, request: Sameness) -> Option<JobId> {
        let mut jobs = self.jobs();
        let mut left: Vec<_> = jobs
            .iter_mut()
            .filter(|(_, attended)| attended.request == request && attended.clients == 0 && !attended.retried)
            .collect();
        let unserved = left.iter().position(|(_, attended)| !attended.served);
        let last = || (0..left.len()).max_by_key(|&place| (left[place].1.left_at, *left[place].0));
        let (job, attended) = left.swap_remove(unserved.or_else(last)?);
        attended.retried = true;
        Some(*job)
    }
}

/// A client who waits for an answer, until this is dropped.
pub(super) struct Present {
    app: Arc<App>,
    job: JobId,
}

impl Present {
    pub(super) fn new(app: &Arc<App>, job: JobId, request: Sameness) -> Self {
        let now = app.engine.clock().now();
        let mut jobs = app.attendance.jobs();
        jobs.retain(|_, attended| attended.clients > 0 || now < attended.left_at + RETRY_WITHIN);
        let attended = jobs.entry(job).or_insert(Attended {
            clients: 0,
            served: false,
            retried: false,
            request,
            left_at: now,
        });
        attended.clients += 1;
        Self { app: app.clone(), job }
    }
}

impl Present {
    /// The whole answer was handed over.
    pub(super) fn served(self) {
        if let Some(attended) = self.app.attendance.jobs().get_mut(&self.job) {
            attended.served = true;
        }
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        if let Some(attended) = self.app.attendance.jobs().get_mut(&self.job) {
            attended.clients -= 1;
            attended.left_at = self.app.engine.clock().now();
            if attended.clients > 0 {
                return;
            }
        }
        let open = self.app.engine.store().open_job(self.job).is_some_and(|job| !job.state.is_answered());
        if let (true, Ok(runtime)) = (open, tokio::runtime::Handle::try_current()) {
            runtime.spawn(withdraw(self.app.clone(), self.job));
        }
    }
}

/// Withdraws the job unless somebody comes back in time. What he has of the answer is settled.
async fn withdraw(app: Arc<App>, job: JobId) {
    tokio::time::sleep(Duration::from_millis(RESUME_GRACE.0.unsigned_abs())).await;
    if app.attendance.jobs().get(&job).is_some_and(|attended| attended.clients > 0) {
        return;
    }
    let command = Command::Cancel { by: Canceller::Client };
    if let Err(error) = app.engine.execute(job, &command).await {
        tracing::debug!(job = job.0, %error, "a job that its client has left was not withdrawn");
    }
}
