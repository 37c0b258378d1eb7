//! The text of answers that are still being given, as far as it has arrived, for those who follow them.
//!
//! It lives in memory only: what counts is the delivery. Of an answer that breaks off, what somebody was told of it is the delivery. A worker sends its text in numbered
//! pieces, and after a broken connection all of them again.

use crate::engine::Engine;
use crate::error::EngineError;
use crate::roster::Connection;
use docket_core::command::Command;
use docket_core::event::Fault;
use docket_core::id::{Attempt, JobId, WorkerId};
use docket_core::refusal::Refusal;
use docket_protocol::digest::{Digest, RunningHash};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The longest text that is relayed, in bytes.
const LONGEST: usize = 1 << 20;

/// A piece of an answer, as a worker sent it.
#[derive(Clone, Debug)]
pub struct Piece<'a> {
    /// Under which attempt.
    pub attempt: Attempt,
    /// Its number, from 0.
    pub number: u32,
    /// The new text.
    pub text: &'a str,
    /// The digest of all text up to its end.
    pub running_hash: Digest,
    /// How many tokens all text up to its end has, if the worker counts.
    pub tokens: Option<u32>,
}

/// As much of an answer as somebody was told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Told {
    pub(crate) text: String,
    /// By the worker's count, but at most one for each byte; pieces where it counts none.
    pub(crate) tokens: u64,
}

/// A place in the text of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Mark {
    /// How often the text had begun from nothing before.
    pub beginning: u32,
    /// How many bytes of it lie before.
    pub bytes: usize,
}

/// What somebody who follows an answer learns next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum News {
    /// More text, and the place after it.
    Text(String, Mark),
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
}

/// What has arrived so far.
#[derive(Default)]
struct Written {
    by: Option<WorkerId>,
    text: String,
    /// Where each piece ends.
    ends: Vec<usize>,
    /// How many tokens there are up to each end.
    tokens: Vec<u64>,
    /// As far as anybody was told.
    told: usize,
    hash: RunningHash,
    /// Counts how often it began from nothing.
    beginning: u32,
    over: bool,
}

impl Relay {
    fn texts(&self) -> MutexGuard<'_, HashMap<JobId, Arc<Text>>> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn text(&self, job: JobId) -> Arc<Text> {
        self.texts().entry(job).or_insert_with(|| Arc::new(Text::new())).clone()
    }

    /// The job has its answer, or will never have one.
    pub(crate) fn end(&self, job: JobId) {
        if let Some(text) = self.texts().remove(&job) {
            text.written().over = true;
            text.grown.send_replace(());
        }
    }

    /// Nobody is told more of a text than he was so far; `None` if that is nothing.
    pub(crate) fn break_off(&self, job: JobId) -> Option<Told> {
        let text = self.texts().get(&job).cloned()?;
        text.written().break_off()
    }

    /// Whether an answer is what was relayed of it, if anything was.
    pub(crate) fn agrees(&self, job: JobId, answer: &str) -> bool {
        let text = self.texts().get(&job).cloned();
        text.is_none_or(|text| {
            let written = text.written();
            written.text.is_empty() || written.text == answer
        })
    }

    /// How many texts are kept.
    pub(crate) fn len(&self) -> usize {
        self.texts().len()
    }
}

impl Text {
    fn new() -> Self {
        Self { written: Mutex::default(), grown: watch::Sender::new(()) }
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Written {
    /// Takes a piece; the fault that the worker has shown, if the pieces do not fit together.
    fn take(&mut self, worker: WorkerId, piece: &Piece<'_>) -> Result<(), Fault> {
        let number = piece.number as usize;
        if self.by != Some(worker) || (number == 0 && self.piece(0).is_some_and(|first| first != piece.text))
        {
            self.begin_again(worker);
        }
        if let Some(known) = self.piece(number) {
            return if known == piece.text { Ok(()) } else { Err(Fault::WorkerError) };
        }
        let fits = number == self.ends.len() && self.text.len() + piece.text.len() <= LONGEST;
        if !fits || self.hash.push(piece.text) != piece.running_hash {
            return Err(Fault::WorkerError);
        }
        self.text.push_str(piece.text);
        self.ends.push(self.text.len());
        let before = self.tokens.last().copied().unwrap_or_default();
        let counted = piece.tokens.map_or(before + 1, u64::from);
        self.tokens.push(counted.max(before).min(self.text.len() as u64));
        Ok(())
    }

    fn piece(&self, number: usize) -> Option<&str> {
        let end = *self.ends.get(number)?;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.text.get(start..end)
    }

    /// What follows a place, if there is more.
    fn after(&mut self, place: &mut Mark) -> Option<News> {
        if place.beginning != self.beginning {
            *place = Mark { beginning: self.beginning, bytes: 0 };
            return Some(News::Again);
        }
        // A place that no follower was ever told of is taken for the last one before it.
        let start = self.text.floor_char_boundary(place.bytes);
        place.bytes = self.text.len();
        self.told = self.text.len();
        (start < self.text.len()).then(|| News::Text(self.text[start..].to_owned(), *place))
    }

    /// Forgets what nobody was told. What somebody was told ends with a piece, because who is told, is told all.
    fn break_off(&mut self) -> Option<Told> {
        let pieces = self.ends.partition_point(|end| *end <= self.told);
        let tokens = pieces.checked_sub(1).map_or(0, |last| self.tokens[last]);
        self.text.truncate(self.told);
        self.ends.truncate(pieces);
        self.tokens.truncate(pieces);
        (self.told > 0).then(|| Told { text: self.text.clone(), tokens })
    }

    fn begin_again(&mut self, worker: WorkerId) {
        let beginning = self.beginning + u32::from(!self.text.is_empty());
        *self = Self { by: Some(worker), beginning, ..Self::default() };
    }
}

/// Somebody who follows an answer. Who is slow holds up nobody.
pub struct Follower {
    text: Arc<Text>,
    grown: watch::Receiver<()>,
    place: Mark,
}

impl Follower {
    /// What comes next; `None` once the job has its answer, or will never have one. Can be dropped at any point.
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
        let (taken, first, says_first) = {
            let mut written = text.written();
            let taken = written.take(in_hand.worker, &piece);
            let says_first = !piece.text.is_empty() && written.text.len() == piece.text.len();
            (taken, written.ends.len() == 1, says_first)
        };
        if taken.is_ok() && says_first {
            self.roster.fleet().first_text(&in_hand.worker, in_hand.job, self.clock.now());
        }
        if taken.is_ok() && first {
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

    /// The text of a job that has no answer yet.
    fn open_text(&self, job: JobId) -> Option<Arc<Text>> {
        let text = self.relay.text(job);
        // Its end is told once. If that was before there was anybody to be told, it is seen here.
        if self.store.open_job(job).is_none_or(|job| job.state.is_answered()) {
            self.relay.end(job);
            return None;
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: WorkerId = WorkerId([1; 32]);
    const BOB: WorkerId = WorkerId([2; 32]);

    /// Takes the pieces of a text from their first on, each with the running hash that belongs to it.
    fn take(written: &mut Written, worker: WorkerId, pieces: &[&str]) -> Result<(), Fault> {
        let mut hash = RunningHash::default();
        (0..).zip(pieces).try_for_each(|(number, text)| {
            let piece = Piece {
                attempt: Attempt::default(),
                number,
                text,
                running_hash: hash.push(text),
                tokens: None,
            };
            written.take(worker, &piece)
        })
    }

    #[test]
    fn what_is_sent_again_is_told_once() {
        let (mut written, mut place) = (Written::default(), Mark::default());
        take(&mut written, ANN, &["Grü", "ße"]).unwrap();
        let told = News::Text("Grüße".to_owned(), Mark { beginning: 0, bytes: 7 });
        assert_eq!(written.after(&mut place), Some(told));
        take(&mut written, ANN, &["Grü", "ße", "!"]).unwrap();
        let told = News::Text("!".to_owned(), Mark { beginning: 0, bytes: 8 });
        assert_eq!((written.after(&mut place), written.after(&mut place)), (Some(told), None));
    }

    #[test]
    fn what_nobody_was_told_is_no_part_of_a_broken_answer() {
        let (mut written, mut place) = (Written::default(), Mark::default());
        take(&mut written, ANN, &["one ", "two "]).unwrap();
        assert_eq!(written.break_off(), None);
        take(&mut written, BOB, &["eins ", "zwei "]).unwrap();
        let told = News::Text("eins zwei ".to_owned(), Mark { beginning: 0, bytes: 10 });
        assert_eq!(written.after(&mut place), Some(told), "of the first nobody ever heard");
        take(&mut written, BOB, &["eins ", "zwei ", "drei"]).unwrap();
        let part = Told { text: "eins zwei ".to_owned(), tokens: 2 };
        assert_eq!(written.break_off(), Some(part));
        assert_eq!(written.after(&mut place), None, "nobody is told what is not paid");
    }

    #[test]
    fn who_begins_from_nothing_is_told_from_nothing() {
        let (mut written, mut place) = (Written::default(), Mark::default());
        take(&mut written, ANN, &["one ", "two"]).unwrap();
        written.after(&mut place);
        for (beginning, worker, text) in [(1, BOB, "eins"), (2, BOB, "uno"), (3, ANN, "uno")] {
            take(&mut written, worker, &[text]).unwrap();
            assert_eq!(written.after(&mut place), Some(News::Again));
            let told = News::Text(text.to_owned(), Mark { beginning, bytes: text.len() });
            assert_eq!((written.after(&mut place), written.after(&mut place)), (Some(told), None));
        }
    }

    #[test]
    fn pieces_that_do_not_fit_together_are_a_fault() {
        let fault = Err(Fault::WorkerError);
        let text = "one".to_owned();
        let piece = |number, text, hash: &str| Piece {
            attempt: Attempt::default(),
            number,
            text,
            running_hash: Digest::of(hash.as_bytes()),
            tokens: None,
        };
        let mut written = Written::default();
        take(&mut written, ANN, &[&text, "two"]).unwrap();
        assert_eq!(written.take(ANN, &piece(3, "four", "onetwofour")), fault, "a gap");
        assert_eq!(written.take(ANN, &piece(1, "zwei", "onezwei")), fault, "another second piece");
        assert_eq!(written.take(ANN, &piece(2, "three", "onetwo")), fault, "another hash");
        let long = "x".repeat(LONGEST);
        assert_eq!(take(&mut Written::default(), ANN, &[&long, "y"]), fault, "too long");
    }

    #[test]
    fn a_place_in_the_middle_of_a_character_is_taken_for_the_one_before() {
        let mut written = Written::default();
        take(&mut written, ANN, &["aü"]).unwrap();
        let mut place = Mark { beginning: 0, bytes: 2 };
        let told = News::Text("ü".to_owned(), Mark { beginning: 0, bytes: 3 });
        assert_eq!(written.after(&mut place), Some(told));
    }
}
