//! One job on an engine, from its request to its outcome, as reports to whoever keeps the jobs.

use crate::engine::{Delta, Engine, EngineError, Engines, Outcome, Request, Said};
use futures::FutureExt;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// So many pieces of text may wait before the engine is slowed down.
const WAITING: usize = 64;

/// News of a job that runs.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) job_id: Arc<str>,
    /// Which run of the job: what an abandoned one still had to say does not count.
    pub(crate) run: u64,
    pub(crate) news: News,
}

/// What is new.
#[derive(Debug)]
pub(crate) enum News {
    /// More of the answer.
    Said(Vec<Delta>),
    /// The end.
    Done(Result<Outcome, EngineError>),
}

/// Where the reports of a job go, and under which name.
pub(crate) struct Reporter {
    pub(crate) job_id: Arc<str>,
    pub(crate) run: u64,
    pub(crate) reports: mpsc::Sender<Report>,
}

impl Reporter {
    async fn tell(&self, news: News) {
        let report = Report { job_id: self.job_id.clone(), run: self.run, news };
        self.reports.send(report).await.ok(); // nobody hears it only where the whole worker has gone
    }
}

/// Starts a job. Dropping what is returned stops the work.
pub(crate) fn start(engines: Arc<Engines>, request: Request, reporter: Reporter) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        let outcome = carry_out(&engines, request, &reporter).await;
        reporter.tell(News::Done(outcome)).await;
    }))
}

/// Pieces that are ready together, neighbouring texts as one.
fn joined(pieces: impl Iterator<Item = Delta>) -> News {
    let mut all: Vec<Delta> = Vec::new();
    for piece in pieces {
        match (all.last_mut(), piece) {
            (
                Some(Delta { said: Said::Text(text), tokens }),
                Delta { said: Said::Text(more), tokens: with_it },
            ) => {
                text.push_str(&more);
                *tokens = with_it;
            }
            (_, piece) => all.push(piece),
        }
    }
    News::Said(all)
}

/// Lets the tasks that are ready go first. Unlike the runtime's `yield_now`, it does not ask the system for more of them.
async fn others_first() {
    let mut waited = false;
    poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

async fn carry_out(engines: &Engines, request: Request, reporter: &Reporter) -> Result<Outcome, EngineError> {
    let cancel = CancellationToken::new();
    let _cancelled_when_dropped = cancel.clone().drop_guard();
    let (sink, mut deltas) = mpsc::channel(WAITING);
    // A broken engine must end its job, and not leave it hanging until its deadline.
    let mut outcome = pin!(AssertUnwindSafe(engines.run(request, sink, cancel)).catch_unwind());
    let mut ready = Vec::new();
    let mut open = true;
    loop {
        tokio::select! {
            biased;
            done = &mut outcome => {
                ready.extend(std::iter::from_fn(|| deltas.try_recv().ok()));
                if !ready.is_empty() {
                    reporter.tell(joined(ready.into_iter())).await;
                }
                return done.unwrap_or_else(|_| Err(EngineError::Failed("it panicked".into())));
            }
            // What a server sent in one go comes piece by piece from the task that reads its connection: that one goes
            // first, and as soon as it has nothing more, or there is enough, all of it is told.
            count = deltas.recv_many(&mut ready, WAITING), if open && ready.len() < WAITING => {
                open = count > 0;
                others_first().await;
            }
            () = std::future::ready(()), if !ready.is_empty() => reporter.tell(joined(ready.drain(..))).await,
        }
    }
}
