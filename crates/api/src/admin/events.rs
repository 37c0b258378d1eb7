//! A job's states as they come, as server-sent events.

use super::jobs::find;
use super::problem::{Named, Problem};
use super::views::JobView;
use crate::app::App;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use docket_core::event::Fault;
use docket_core::id::{JobId, Version};
use docket_core::job::{Job, State as JobState};
use docket_engine::Engine;
use futures::stream::{self, Stream};
use serde::Serialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// How often a job is looked at while nothing wakes the watcher: a look is a look-up in memory.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// What one event tells.
#[derive(Serialize)]
struct Change {
    #[serde(flatten)]
    job: JobView,
    /// Why it failed, in words.
    failure: Option<String>,
}

/// `GET /admin/v1/jobs/{id}/events`: the job as it stands and after each change, until it is final.
/// States that last for less than a look may be left out; the last one never is.
pub(super) async fn follow(
    State(app): State<Arc<App>>,
    Named(id): Named,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let job = find(&app, &id).await?;
    let watcher = Watcher { engine: app.engine.clone(), job: job.id, shown: None, over: false };
    let events = stream::unfold(watcher, |mut watcher| async move {
        let job = watcher.next().await?;
        let change = Change { failure: failure(&job), job: JobView::from(&*job) };
        let event = Event::default().event("job").json_data(&change);
        Some((Ok(event.unwrap_or_else(|_| Event::default().event("job"))), watcher))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

struct Watcher {
    engine: Arc<Engine>,
    job: JobId,
    shown: Option<Version>,
    over: bool,
}

impl Watcher {
    /// The job after its next change; `None` once it was shown as final, or cannot be read.
    async fn next(&mut self) -> Option<Arc<Job>> {
        while !self.over {
            let answered = self.engine.answered(self.job);
            let job = self.engine.store().job(self.job).await.ok().flatten()?;
            if self.shown != Some(job.version) {
                self.shown = Some(job.version);
                self.over = job.state.is_final();
                return Some(job);
            }
            tokio::time::timeout(LOOK_AGAIN, answered).await.ok(); // Woken or not, it is looked at.
        }
        None
    }
}

/// Why a job ended without work, in words.
pub(super) fn failure(job: &Job) -> Option<String> {
    let JobState::Closed { reason, .. } = &job.state else { return None };
    let words = match reason {
        Fault::NoWorker => "no connected worker fitted in time",
        Fault::NoTrustedWorker => "it is private, and no worker that the client trusts could take it",
        Fault::Declined => "the workers declined it",
        Fault::NotAccepted => "no worker accepted it in time",
        Fault::WorkerLost => "its worker disconnected and did not come back in time",
        Fault::WorkerError => "the workers that tried it failed",
        Fault::BadReceipt => "the receipts that came with the work prove nothing",
        Fault::TimedOut => "the work was not there in time",
        Fault::ByClient => "the client withdrew it",
        Fault::ByOperator => "the operator withdrew it",
        Fault::ByEvaluator => "the evaluator stepped back",
        Fault::HandedBack => "its worker shut down",
        Fault::NotFunded => "it was never funded",
    };
    Some(format!("{words} ({} of {} attempts)", job.attempts, job.policy.attempts))
}
