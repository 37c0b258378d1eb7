//! Who is waiting for which answer. A client may come back to the answer that he left, within a grace; an answer
//! that nobody comes back to is withdrawn.

use crate::app::App;
use docket_core::command::{Canceller, Command};
use docket_core::hash::Sha256;
use docket_core::id::{Dialect, JobId};
use docket_core::job::Job;
use docket_core::key::KeyId;
use docket_core::time::{Millis, Timestamp};
use docket_engine::{Engine, RESUME_GRACE};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long an answer whose client has gone waits for his retry. Stock clients come back within seconds, and obey no
/// longer wait than a minute.
const RETRY_WITHIN: Millis = Millis::seconds(60);
/// Beyond so many answers that were left, the one that was left first is forgotten.
const MOST_LEFT: usize = 65_536;

/// A request, as far as two of them may be the same one.
pub(super) type Sameness = (KeyId, Sha256);

/// Everybody who waits, or did so lately.
#[derive(Default)]
pub(crate) struct Attendance(Mutex<Attended>);

#[derive(Default)]
struct Attended {
    jobs: HashMap<JobId, Attending>,
    /// The jobs of each request to which a retry may be led.
    left_of: HashMap<Sameness, Left>,
    /// Which were left when, the first first. One that was come back to and left again stands here twice.
    left: VecDeque<(Timestamp, JobId)>,
}

struct Attending {
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

/// The jobs of one request that nobody waits for, and to which no retry was led.
#[derive(Default)]
struct Left {
    /// Those that were left before the answer was whole.
    unserved: BTreeSet<JobId>,
    /// The others, by when they were left.
    served: BTreeSet<(Timestamp, JobId)>,
}

impl Attendance {
    /// Everybody has left whom the last coordinator on this store had to leave: whoever waited then may come back now.
    /// Which of the answers were handed over nobody knows, so those that were there count as such.
    pub(crate) fn after_start(engine: &Engine) -> Self {
        let now = engine.clock().now();
        let mut left: Vec<_> =
            engine.store().open_jobs().iter().filter_map(|job| cut_off(job, now)).collect();
        left.sort_unstable_by_key(|(job, known)| (known.left_at, *job));
        let mut attended = Attended::default();
        for (job, known) in left {
            attended.jobs.insert(job, known);
            attended.leave(job);
        }
        attended.forget(now);
        Self(Mutex::new(attended))
    }

    fn attended(&self) -> MutexGuard<'_, Attended> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The job to which a retry is led: the oldest for the same request that its client left before the answer was
    /// whole, and to which none was led. Where there is none, the one whose whole answer was handed over last: that it
    /// arrived nobody here can know.
    pub(super) fn left_behind(&self, request: Sameness, now: Timestamp) -> Option<JobId> {
        let mut attended = self.attended();
        attended.forget(now);
        let left = attended.left_of.get(&request)?;
        let job = left.unserved.first().or_else(|| left.served.last().map(|(_, job)| job)).copied()?;
        attended.take_up(job);
        attended.jobs.get_mut(&job)?.retried = true;
        Some(job)
    }
}

/// A job whose client has gone with the last coordinator, if a retry may still come.
fn cut_off(job: &Job, now: Timestamp) -> Option<(JobId, Attending)> {
    let request = (job.key?, job.request.filter(|_| job.public_id.dialect == Dialect::Credits)?);
    let left_at = job.ended_at.unwrap_or(now);
    let known = Attending { clients: 0, served: job.state.is_answered(), retried: false, request, left_at };
    (now < left_at + RETRY_WITHIN).then_some((job.id, known))
}

impl Attended {
    /// Nobody waits for a job any more, since when it says itself.
    fn leave(&mut self, job: JobId) {
        let Some(known) = self.jobs.get(&job) else { return };
        self.left.push_back((known.left_at, job));
        if known.retried {
            return;
        }
        let left = self.left_of.entry(known.request).or_default();
        match known.served {
            true => left.served.insert((known.left_at, job)),
            false => left.unserved.insert(job),
        };
    }

    /// A job is no longer one to which a retry may be led.
    fn take_up(&mut self, job: JobId) {
        let Some(known) = self.jobs.get(&job) else { return };
        let Some(left) = self.left_of.get_mut(&known.request) else { return };
        left.unserved.remove(&job);
        left.served.remove(&(known.left_at, job));
        if left.unserved.is_empty() && left.served.is_empty() {
            self.left_of.remove(&known.request);
        }
    }

    /// Forgets what was left too long ago, or before too many others.
    fn forget(&mut self, now: Timestamp) {
        while let Some(&(at, job)) = self.left.front() {
            if now < at + RETRY_WITHIN && self.left.len() <= MOST_LEFT {
                return;
            }
            self.left.pop_front();
            if self.jobs.get(&job).is_none_or(|known| known.clients > 0 || known.left_at != at) {
                continue; // Somebody has come back to it.
            }
            self.take_up(job);
            self.jobs.remove(&job);
        }
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
        let mut attended = app.attendance.attended();
        attended.forget(now);
        attended.take_up(job);
        let nobody = Attending { clients: 0, served: false, retried: false, request, left_at: now };
        attended.jobs.entry(job).or_insert(nobody).clients += 1;
        Self { app: app.clone(), job }
    }
}

impl Present {
    /// The whole answer was handed over.
    pub(super) fn served(self) {
        if let Some(known) = self.app.attendance.attended().jobs.get_mut(&self.job) {
            known.served = true;
        }
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        let now = self.app.engine.clock().now();
        {
            let mut attended = self.app.attendance.attended();
            if let Some(known) = attended.jobs.get_mut(&self.job) {
                known.clients -= 1;
                known.left_at = now;
                if known.clients > 0 {
                    return;
                }
                let served = known.served;
                attended.leave(self.job);
                if served {
                    return; // It is settled in a moment, if it is not yet.
                }
            }
        }
        let engine = &self.app.engine;
        let open = engine.store().open_job(self.job).is_some_and(|job| !job.state.is_answered());
        // Whom a coordinator that ends has to leave comes back to the next one.
        let withdraws = open && !engine.is_draining();
        if let (true, Ok(runtime)) = (withdraws, tokio::runtime::Handle::try_current()) {
            runtime.spawn(withdraw(self.app.clone(), self.job));
        }
    }
}

/// Withdraws the job unless somebody comes back in time.
async fn withdraw(app: Arc<App>, job: JobId) {
    grace().await;
    withdraw_if_left(&app, job).await;
}

/// Withdraws what clients waited for at the end of the last coordinator, and to which none has come back in time.
pub async fn withdraw_forsaken(app: Arc<App>) {
    let unserved = |(job, known): (&JobId, &Attending)| (!known.served).then_some(*job);
    let left: Vec<_> = app.attendance.attended().jobs.iter().filter_map(unserved).collect();
    grace().await;
    for job in left {
        withdraw_if_left(&app, job).await;
    }
}

async fn grace() {
    tokio::time::sleep(Duration::from_millis(RESUME_GRACE.0.unsigned_abs())).await;
}

/// What the client has of the answer is settled.
async fn withdraw_if_left(app: &App, job: JobId) {
    let is_back = app.attendance.attended().jobs.get(&job).is_some_and(|known| known.clients > 0);
    let is_open = app.engine.store().open_job(job).is_some_and(|job| !job.state.is_answered());
    if is_back || !is_open || app.engine.is_draining() {
        return;
    }
    let command = Command::Cancel { by: Canceller::Client };
    if let Err(error) = app.engine.execute(job, &command).await {
        tracing::debug!(job = job.0, %error, "a job that its client has left was not withdrawn");
    }
}
