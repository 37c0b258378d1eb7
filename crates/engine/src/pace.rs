//! How long the answers of each model take.

use docket_core::event::Event;
use docket_core::job::Job;
use docket_core::time::Millis;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// Of so many answers the median is taken.
const REMEMBERED: usize = 101;
/// More models than any market has; a model that is asked for by name only after that has no median.
const MODELS: usize = 4_096;

/// The last answers of each model.
#[derive(Default)]
pub(crate) struct Pace {
    models: Mutex<HashMap<Arc<str>, VecDeque<Millis>>>,
}

impl Pace {
    /// An answer has come: the time from the request to it counts.
    pub(crate) fn note(&self, before: &Job, event: &Event, after: &Job) {
        let (Event::Settled { broken: None, .. }, Some(model)) = (event, &before.ask.model) else { return };
        let Some(ended) = after.ended_at else { return };
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        if models.len() >= MODELS && !models.contains_key(model) {
            return;
        }
        let spans = models.entry(model.clone()).or_default();
        spans.push_back(ended.since(before.created_at));
        if spans.len() > REMEMBERED {
            spans.pop_front();
        }
    }

    /// The median of a model's last answers; `None` if nobody has asked it yet.
    pub(crate) fn median(&self, model: &str) -> Option<Millis> {
        let models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        let mut spans: Vec<_> = models.get(model)?.iter().copied().collect();
        spans.sort_unstable();
        spans.get(spans.len() / 2).copied()
    }
}
