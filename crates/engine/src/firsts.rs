//! How soon workers give the first text of an answer, model by model, so that each can be placed among the others.

use docket_core::id::WorkerId;
use docket_core::job::Job;
use docket_core::money::BasisPoints;
use docket_core::reputation::placing;
use docket_core::time::Millis;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Of so many answers the marks are taken.
const REMEMBERED: usize = 128;
/// With fewer there is nothing to compare with.
const ENOUGH: usize = 8;
/// The marks are taken anew after so many answers.
const RENEWED: usize = 16;
/// More models than any market has; one that comes after that has no marks.
const MODELS: usize = 4_096;

/// The last first texts of each model, in memory only: after a restart they are gathered anew.
#[derive(Default)]
pub(crate) struct Firsts(Mutex<HashMap<Arc<str>, Field>>);

/// Those who answer for one model.
#[derive(Default)]
struct Field {
    spans: VecDeque<(WorkerId, Millis)>,
    since_marked: usize,
    marks: Option<Marks>,
}

/// The median and the 95th percentile.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Marks {
    median: Millis,
    late: Millis,
}

impl Firsts {
    fn models(&self) -> MutexGuard<'_, HashMap<Arc<str>, Field>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a span stands among those of the job's model; `None` as long as nobody else has answered for it.
    pub(crate) fn place(&self, job: &Job, span: Option<Millis>) -> Option<BasisPoints> {
        let (model, span) = (job.ask.model.as_ref()?, span?);
        let Marks { median, late } = self.models().get(model)?.marks?;
        Some(placing(span, median, late))
    }

    /// An answer has been taken.
    pub(crate) fn note(&self, job: &Job, worker: WorkerId, span: Option<Millis>) {
        let (Some(model), Some(span)) = (&job.ask.model, span) else { return };
        let mut models = self.models();
        if models.len() < MODELS || models.contains_key(model) {
            models.entry(model.clone()).or_default().note(worker, span);
        }
    }
}

impl Field {
    fn note(&mut self, worker: WorkerId, span: Millis) {
        self.spans.push_back((worker, span));
        if self.spans.len() > REMEMBERED {
            self.spans.pop_front();
        }
        self.since_marked += 1;
        if self.marks.is_none() || self.since_marked >= RENEWED {
            self.since_marked = 0;
            self.marks = self.taken();
        }
    }

    fn taken(&self) -> Option<Marks> {
        let first = self.spans.front()?.0;
        let alone = self.spans.iter().all(|(worker, _)| *worker == first);
        if alone || self.spans.len() < ENOUGH {
            return None;
        }
        let mut spans: Vec<_> = self.spans.iter().map(|(_, span)| *span).collect();
        spans.sort_unstable();
        let at = |percent: usize| spans.get(spans.len() * percent / 100).copied();
        Some(Marks { median: at(50)?, late: at(95)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: WorkerId = WorkerId([1; 32]);
    const BOB: WorkerId = WorkerId([2; 32]);

    #[test]
    fn a_worker_alone_is_not_compared() {
        let mut field = Field::default();
        (0..50).for_each(|span| field.note(ANN, Millis(span)));
        assert_eq!(field.marks, None);
        field.note(BOB, Millis(7));
        assert!(field.marks.is_some());
    }

    #[test]
    fn the_marks_follow_the_last_answers() {
        let mut field = Field::default();
        for span in 0..200 {
            field.note(if span % 2 == 0 { ANN } else { BOB }, Millis(span));
        }
        let Marks { median, late } = field.marks.unwrap();
        // Taken up to fifteen answers ago, of the 128 before.
        assert!((120..=136).contains(&median.0) && (178..=194).contains(&late.0), "{median:?} {late:?}");
        assert_eq!(field.spans.len(), REMEMBERED);
    }
}
