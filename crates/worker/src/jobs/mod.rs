//! The jobs that a worker has, running or finished, and what is still to be said about them.
//!
//! It knows no socket: a session brings what the coordinator says and takes the frames that come of it. Work outlives
//! connections; it is kept until the coordinator has judged it.

mod held;
mod orders;
mod parted;
mod progress;
#[cfg(test)]
mod tests;

use crate::completion::sign_full_receipts;
use crate::engine::Engines;
use crate::event::{Event, Listener};
use crate::work::Report;
use docket_protocol::frames::{FrameError, FromWorker, JobComplete, Resume, encode};
use docket_protocol::keys::SigningKey;
use held::{Held, Stage};
use parted::Parted;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use tokio::sync::mpsc;

/// A registration names at most so many jobs.
const MOST_RESUMED: usize = 256;
/// The reason with which a worker that is about to stop gives jobs back. The coordinator knows it, and does not hold
/// it against the worker.
const DRAINING: &str = "draining";
/// So many answers may wait for a coordinator that speaks and does not listen.
const MOST_ANSWERS: usize = 1024;

/// All jobs of a worker.
pub(crate) struct Jobs {
    key: Arc<SigningKey>,
    engines: Arc<Engines>,
    concurrency: usize,
    accept: bool,
    listener: Listener,
    reports: mpsc::Sender<Report>,
    held: HashMap<Arc<str>, Held>,
    running: usize,
    kept_bytes: usize,
    /// Numbers runs, and finished work in its order.
    counter: u64,
    /// Whether new jobs are taken.
    open: bool,
    /// Short answers for the present connection.
    answers: VecDeque<FromWorker>,
    /// What is told once the frames are on their way, which wait for nothing.
    news: Vec<Event>,
    /// Jobs of the present connection that may have a frame to send, each at most once.
    speakers: VecDeque<Arc<str>>,
    parted: Parted,
}

impl Jobs {
    pub(crate) fn new(
        key: Arc<SigningKey>,
        engines: Arc<Engines>,
        concurrency: u16,
        accept: bool,
        listener: Listener,
    ) -> (Self, mpsc::Receiver<Report>) {
        let (reports, inbox) = mpsc::channel(usize::from(concurrency) * 2);
        let jobs = Self {
            key,
            engines,
            concurrency: concurrency.into(),
            accept,
            listener,
            reports,
            held: HashMap::new(),
            running: 0,
            kept_bytes: 0,
            counter: 0,
            open: true,
            answers: VecDeque::new(),
            news: Vec::new(),
            speakers: VecDeque::new(),
            parted: Parted::default(),
        };
        (jobs, inbox)
    }

    /// How many run.
    pub(crate) fn running(&self) -> usize {
        self.running
    }

    /// Whether there is nothing left to do or to deliver.
    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Whether more may be heard from the coordinator.
    pub(crate) fn can_answer(&self) -> bool {
        self.answers.len() < MOST_ANSWERS
    }

    /// Whether new jobs are taken from now on.
    pub(crate) fn set_open(&mut self, open: bool) {
        self.open = open;
    }

    /// What a new connection is told: running jobs first, then finished ones, the newest first.
    pub(crate) fn resumable(&self) -> Vec<Resume> {
        let mut jobs: Vec<_> = self.held.values().collect();
        jobs.sort_by_key(|held| match held.stage {
            Stage::Running { .. } => None,
            Stage::Finished { order, .. } => Some(Reverse(order)),
        });
        let resume =
            |held: &Held| Resume { job_id: held.assign.job_id.clone(), attempt: held.assign.attempt };
        jobs.into_iter().take(MOST_RESUMED).map(resume).collect()
    }

    /// Begins a connection. What runs and is not wanted any more is stopped; finished work waits to be judged, and
    /// everything else for its assignment.
    pub(crate) fn attach(&mut self, resumed: &[String]) {
        let resumed: HashSet<&str> = resumed.iter().map(String::as_str).collect();
        for job_id in self.running_jobs() {
            if !resumed.contains(&*job_id) {
                self.drop_job(&job_id, "the coordinator does not go on with it");
            }
        }
    }

    /// Drops everything.
    pub(crate) fn abandon(&mut self, reason: &str) {
        let all: Vec<_> = self.held.keys().cloned().collect();
        for job_id in all {
            self.drop_job(&job_id, reason);
        }
    }

    /// Ends a connection. Jobs go on.
    pub(crate) fn detach(&mut self) {
        self.answers.clear();
        self.speakers.clear();
        self.parted = Parted::default();
        for held in self.held.values_mut() {
            held.attached = false;
            held.speaks = false;
        }
    }

    /// The next frames for the coordinator, at most so many; none if there is nothing to say for now. The completions
    /// among them are signed together.
    pub(crate) fn next_frames(&mut self, most: usize) -> Vec<String> {
        let mut frames: Vec<FromWorker> = Vec::new();
        while frames.len() < most {
            let Some(frame) = self.next_frame() else { break };
            frames.push(frame);
        }
        let completions = frames.iter_mut().filter_map(|frame| match frame {
            FromWorker::JobComplete(complete) if complete.full_signature.is_none() => Some(&mut **complete),
            _ => None,
        });
        let mut unsigned: Vec<&mut JobComplete> = completions.collect();
        sign_full_receipts(&self.key, unsigned.iter_mut().map(|complete| &mut **complete));
        for complete in unsigned {
            if let (Some(held), Some(signature)) =
                (self.held.get_mut(&*complete.job_id), complete.full_signature)
            {
                held.keep(signature, complete.full_batch.clone());
            }
        }
        frames.iter().map(encode).collect()
    }

    /// The next frame, where it is a completion perhaps without the signature over its full receipt.
    fn next_frame(&mut self) -> Option<FromWorker> {
        loop {
            if let Some(answer) = self.answers.pop_front() {
                return Some(answer);
            }
            let job_id = self.speakers.pop_front()?;
            let Some(held) = self.held.get_mut(&job_id) else { continue };
            held.speaks = false;
            if let Some(chunk) = held.next_chunk() {
                // To the end of the line, so that a long answer does not hold up the others.
                self.let_speak(&job_id);
                return Some(FromWorker::JobChunk(chunk));
            }
            if held.is_larger_than_a_frame() {
                self.parted.push(job_id);
                continue;
            }
            match held.completion(&self.key) {
                None => {}
                Some(Ok(complete)) => return Some(FromWorker::JobComplete(Box::new(complete))),
                Some(Err(error)) => self.fail_to_send(&job_id, &error),
            }
        }
    }

    fn fail_to_send(&mut self, job_id: &Arc<str>, error: &FrameError) {
        self.fail(job_id, format!("the output cannot be sent: {error}"));
    }

    fn running_jobs(&self) -> Vec<Arc<str>> {
        let running = self.held.iter().filter(|(_, held)| matches!(held.stage, Stage::Running { .. }));
        running.map(|(job_id, _)| job_id.clone()).collect()
    }

    fn let_speak(&mut self, job_id: &Arc<str>) {
        if let Some(held) = self.held.get_mut(job_id).filter(|held| held.attached && !held.speaks) {
            held.speaks = true;
            self.speakers.push_back(job_id.clone());
        }
    }

    fn drop_job(&mut self, job_id: &str, reason: &str) {
        if self.remove(job_id).is_some() {
            self.tell(Event::JobDropped { job_id: job_id.into(), reason: reason.to_owned() });
        }
    }

    /// Every job that goes, goes through here; one that runs is stopped by it.
    fn remove(&mut self, job_id: &str) -> Option<Held> {
        let held = self.held.remove(job_id)?;
        self.parted.drop_job(job_id);
        match held.stage {
            Stage::Running { .. } => self.running -= 1,
            Stage::Finished { .. } => self.kept_bytes -= held.weight(),
        }
        Some(held)
    }

    fn count(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// Whether something waits to be told.
    pub(crate) fn has_news(&self) -> bool {
        !self.news.is_empty()
    }

    /// Tells what has waited for frames that are on their way now.
    pub(crate) fn report(&mut self) {
        self.news.drain(..).for_each(|event| (self.listener)(event));
    }

    fn tell(&mut self, event: Event) {
        self.report();
        (self.listener)(event);
    }
}
