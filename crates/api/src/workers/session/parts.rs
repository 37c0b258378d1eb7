//! A completion that is larger than a frame: its parts, put together for jobs that may have such outputs, and for no others.

use super::super::room::Taken;
use super::{Session, deliver, is_error, report};
use docket_core::event::Fault;
use docket_core::refusal::Refusal;
use docket_engine::EngineError;
use docket_protocol::frames::{JobComplete, JobPart, MAX_PARTED_BYTES, decode_parted};
use docket_protocol::receipt::SignedDispatch;

/// What has come of a completion.
pub(super) struct Gathered {
    job: String,
    text: String,
    parts: u32,
    room: Taken,
}

/// Why a completion is not gathered any further.
enum Unwanted {
    /// The worker does not have the job, or lost it meanwhile.
    Stale,
    /// The worker may not, or goes on in another way than it has begun.
    Wrong,
    /// Too much of the kind is on its way, which is not the worker's fault.
    NoRoom,
}

impl Gathered {
    pub(super) fn is_of(&self, job: &str) -> bool {
        self.job == job
    }
}

impl Session {
    /// Takes in a part. One completion is gathered at a time: the first part of another takes its place.
    pub(super) fn take_part(&mut self, part: JobPart) {
        let (job, is_last) = (part.job_id.clone(), part.last);
        match self.gather(part) {
            Ok(()) if is_last => {
                if let Some(gathered) = self.gathered.take() {
                    self.deliver_gathered(*gathered);
                }
            }
            Ok(()) => {}
            Err(unwanted) => {
                self.gathered = None;
                match unwanted {
                    Unwanted::Stale => report::<()>(Err(Refusal::StaleAttempt.into()), &job),
                    Unwanted::Wrong => self.hand_back(job, Fault::WorkerError),
                    Unwanted::NoRoom => {
                        tracing::warn!(%job, "too many large outputs are on their way; the job goes back in line");
                        self.hand_back(job, Fault::HandedBack);
                    }
                }
            }
        }
    }

    fn gather(&mut self, part: JobPart) -> Result<(), Unwanted> {
        let room = self.app.room.take(part.text.len());
        if part.seq == 0 {
            let job = self.app.engine.held_job(self.connection(), &part.job_id).ok_or(Unwanted::Stale)?;
            if !job.ask.is_of_vectors() {
                return Err(Unwanted::Wrong);
            }
            let room = room.ok_or(Unwanted::NoRoom)?;
            self.gathered = Some(Box::new(Gathered { job: part.job_id, text: part.text, parts: 1, room }));
            return Ok(());
        }
        // What is taken from the worker is dropped at once, and what it still says of it is late.
        let gathered = self.gathered.as_mut().filter(|gathered| gathered.is_of(&part.job_id));
        let gathered = gathered.ok_or(Unwanted::Stale)?;
        if gathered.parts != part.seq || gathered.text.len() + part.text.len() > MAX_PARTED_BYTES {
            return Err(Unwanted::Wrong);
        }
        gathered.room.add(room.ok_or(Unwanted::NoRoom)?);
        gathered.text.push_str(&part.text);
        gathered.parts += 1;
        Ok(())
    }

    /// Reads and judges what was gathered, beside whatever else the connection does. Its receipts must be in it.
    fn deliver_gathered(&self, gathered: Gathered) {
        let Gathered { job, text, room, .. } = gathered;
        let Some(wanted) = self.wanted.get(&*job).cloned() else {
            return report::<()>(Err(Refusal::StaleAttempt.into()), &job);
        };
        let (app, connection, key) = (self.app.clone(), self.connection(), self.registered.key);
        let shared = self.shared.clone();
        self.tasks.spawn(async move {
            // It takes tens of milliseconds.
            let read = tokio::task::spawn_blocking(move || decode_parted(&text)).await;
            let complete = read.ok().and_then(Result::ok).filter(|complete| complete.job_id == job);
            let result: Result<(), EngineError> = match complete.and_then(delivered) {
                Some((complete, receipt)) => {
                    deliver(&app, connection, &key, &shared, &wanted, complete, receipt).await
                }
                None => app.engine.hand_back(connection, &job, Fault::WorkerError).await,
            };
            report(result, &job);
            drop(room);
        });
    }
}

/// A completion and its short receipt, if it has one; `None` if it is none.
fn delivered(mut complete: JobComplete) -> Option<(JobComplete, Option<SignedDispatch>)> {
    let short = complete.receipt.take().zip(complete.receipt_signature.take());
    let short = short.map(|(receipt, signature)| SignedDispatch { receipt, signature });
    (!is_error(&complete)).then_some((complete, short))
}
