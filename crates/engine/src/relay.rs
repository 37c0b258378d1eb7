//! Answers that are still being given, as far as they have arrived, for those who follow them.
//!
//! They live in memory only: what counts is the delivery. Of an answer that breaks off, what somebody was told of it is
//! the delivery. A worker sends its answer in numbered pieces, and after a broken connection all of them again.

mod written;

use crate::engine::Engine;
use crate::error::EngineError;
use crate::roster::Connection;
use crate::told::ToldAnswer;
use docket_core::command::Command;
use docket_core::id::{Attempt, JobId, WorkerId};
use docket_core::job::Job;
use docket_core::refusal::Refusal;
use docket_protocol::answer::Extras;
use docket_protocol::digest::Digest;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::watch;
use written::Written;

/// The longest text that is relayed, in bytes.
const LONGEST: usize = 1 << 20;

/// A piece of an answer, as a worker sent it.
#[derive(Clone, Debug)]
pub struct Piece<'a> {
    /// Under which attempt.
    pub attempt: Attempt,
    /// Its number, from 0.
    pub number: u32,
    /// The new text; empty where there is a delta.
    pub text: &'a str,
    /// What comes beside text, as JSON.
    pub delta: Option<&'a str>,
    /// The digest of everything up to its end.
    pub running_hash: Digest,
    /// How many tokens the answer has up to its end, if the worker counts.
    pub tokens: Option<u32>,
}

/// As much of an answer as somebody was told.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Told {
    pub(crate) text: String,
    pub(crate) extras: Extras,
    /// By the worker's count, but at most one for each byte; pieces where it counts none.
    pub(crate) tokens: u64,
}

/// A place in an answer as it came: texts and deltas, one behind the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Mark {
    /// How often the answer had begun from nothing before.
    pub beginning: u32,
    /// How many bytes of it lie before. In an answer that is only text, a place in the text.
    pub bytes: usize,
}

/// What somebody who follows an answer learns next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum News {
    /// More text, and the place after it.
    Text(String, Mark),
    /// Something beside text, a [`docket_protocol::answer::Delta`] as JSON, and the place after it.
    Delta(String, Mark),
    /// Another worker, or the same once more, begins from nothing: what was told before does not count.
    Again,
}

/// The texts that somebody writes or follows.
#[derive(Default)]
pub(crate) struct Relay {
    texts: Mutex<HashMap<JobId, Arc<Text>>>,
}

struct Text {
    written: Mutex<Written>,
    grown: watch::Sender<()>,
    /// The whole answer, once it is proven.
    told: OnceLock<ToldAnswer>,
}

impl Relay {
    fn texts(&self) -> MutexGuard<'_, HashMap<JobId, Arc<Text>>> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn text(&self, job: JobId) -> Arc<Text> {
        self.texts().entry(job).or_insert_with(|| Arc::new(Text::new())).clone()
    }

    /// Whether anybody follows an answer.
    pub(crate) fn is_followed(&self, job: JobId) -> bool {
        self.texts().get(&job).is_some_and(|text| text.grown.receiver_count() > 0)
    }

    /// The answer is proven, and is told whole.
    pub(crate) fn tell(&self, answer: &ToldAnswer) {
        let Some(text) = self.texts().get(&answer.job.id).cloned() else { return };
        text.told.set(answer.clone()).ok(); // Told once more, it is the same.
        text.end();
    }

    /// The job has its answer, or will never have one.
    pub(crate) fn end(&self, job: JobId) {
        if let Some(text) = self.texts().remove(&job) {
            text.end();
        }
    }

    /// No job is answered any more.
    pub(crate) fn end_all(&self) {
        let texts = std::mem::take(&mut *self.texts());
        texts.into_values().for_each(|text| text.end());
    }

    /// Whether an answer is what was relayed of it, if anything was.
    pub(crate) fn agrees(&self, job: JobId, answer: &str, extras: &Extras) -> bool {
        let text = self.texts().get(&job).cloned();
        text.is_none_or(|text| text.written().agrees(answer, extras))
    }

    /// How many texts are kept.
    pub(crate) fn len(&self) -> usize {
        self.texts().len()
    }
}

impl Text {
    fn new() -> Self {
        Self { written: Mutex::default(), grown: watch::Sender::new(()), told: OnceLock::new() }
    }

    fn end(&self) {
        self.written().over = true;
        self.grown.send_replace(());
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who follows an answer. Who is slow holds up nobody.
pub struct Follower {
    text: Arc<Text>,
    grown: watch::Receiver<()>,
    place: Mark,
}

impl Follower {
    /// What comes next; `None` once the answer is proven, or there will never be one. Can be dropped at any point.
    pub async fn next(&mut self) -> Option<News> {
        loop {
            self.grown.mark_unchanged();
            {
                let mut written = self.text.written();
                let news = written.after(&mut self.place);
                if news.is_some() || written.over {
                    return news;
                }
            }
            self.grown.changed().await.ok()?;
        }
    }

    /// The whole answer, if it was proven when there was no more to tell; it is settled in a moment.
    pub fn told(&self) -> Option<ToldAnswer> {
        self.text.told.get().cloned()
    }

    /// How many bytes of text have arrived, and everything beside text.
    pub fn relayed(&self) -> (usize, Extras) {
        self.text.written().relayed()
    }
}

impl Engine {
    /// Takes a piece of an answer. Pieces that do not fit together fail the attempt.
    pub async fn relay(
        &self,
        connection: Connection,
        name: &str,
        piece: Piece<'_>,
    ) -> Result<(), EngineError> {
        let in_hand = self.in_hand(connection, name)?;
        if in_hand.attempt != piece.attempt {
            return Err(Refusal::StaleAttempt.into());
        }
        let text = self.open_text(in_hand.job).ok_or(Refusal::StaleAttempt)?;
        let (taken, first) = {
            let mut written = text.written();
            (written.take(in_hand.worker, &piece), written.has_begun())
        };
        if taken.is_ok() && first {
            self.roster.fleet().first_text(&in_hand.worker, in_hand.job, self.clock.now());
            self.begin_stream(in_hand.job, piece.attempt).await?;
        }
        text.grown.send_replace(());
        match taken {
            Ok(()) => Ok(()),
            Err(fault) => self.hand_back(connection, name, fault).await,
        }
    }

    /// An answer that is given as it comes has more time once it comes.
    async fn begin_stream(&self, job: JobId, attempt: Attempt) -> Result<(), EngineError> {
        let streams = self.store.open_job(job).is_some_and(|job| job.policy.stream_within.is_some());
        if streams {
            self.execute(job, &Command::Stream { attempt }).await?;
        }
        Ok(())
    }

    /// Follows the answer to a job from a place on; `None` if the job has its answer, or will never have one.
    pub fn follow(&self, job: JobId, place: Mark) -> Option<Follower> {
        let text = self.open_text(job)?;
        Some(Follower { grown: text.grown.subscribe(), text, place })
    }

    /// Follows an answer from a place of which only the bytes are known: of an answer that somebody was told a part of,
    /// no worker begins again.
    pub fn follow_from(&self, job: JobId, bytes: usize) -> Option<Follower> {
        let text = self.open_text(job)?;
        let place = text.written().place(bytes);
        Some(Follower { grown: text.grown.subscribe(), text, place })
    }

    /// Nobody is told more of what a worker writes than he was so far; `None` if that is nothing.
    pub(crate) fn break_off(&self, job: JobId, worker: WorkerId) -> Option<Told> {
        self.open_text(job)?.written().break_off(worker)
    }

    /// The text of a job that has no answer yet, and may still have one.
    fn open_text(&self, job: JobId) -> Option<Arc<Text>> {
        let text = self.relay.text(job);
        // Its end is told once. If that was before there was anybody to be told, it is seen here.
        let is_over = |job: Arc<Job>| job.state.is_answered() || self.store.stopped().is_some();
        if self.store.open_job(job).is_none_or(is_over) {
            self.relay.end(job);
            return None;
        }
        Some(text)
    }
}
