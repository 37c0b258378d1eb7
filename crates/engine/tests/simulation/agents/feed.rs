//! Somebody follows what is told of jobs among agents, over all lives of the coordinator: each step once, and in order.

use super::super::Found;
use super::super::coordinator::Coordinator;
use super::super::disk::let_others_go_first;
use super::super::market::Market;
use super::record::Record;
use docket_core::id::{AgentId, JobId};
use docket_store::FeedRow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// What the task is called in which somebody follows.
pub(crate) const FOLLOWING_FEED: &str = "following the feed";
/// So many rows are asked for at once.
const PAGE: u32 = 7;

/// What was told so far, and how much of it there was when the coordinator's present life began.
#[derive(Clone, Default)]
pub(super) struct Followed(Rc<RefCell<Vec<FeedRow>>>, Rc<Cell<usize>>);

impl Followed {
    fn last(&self) -> i64 {
        self.0.borrow().last().map_or(0, |row| row.number)
    }
}

impl Market {
    /// Follows from where it had stopped, in a new life of the coordinator.
    pub(in super::super) fn follow_feed(&mut self) {
        let (engine, followed) = (self.coordinator.engine.clone(), self.agents.followed.clone());
        followed.1.set(all_fed(&self.coordinator).len());
        self.coordinator.tasks.spawn(FOLLOWING_FEED.to_owned(), async move {
            let mut fed = engine.fed();
            loop {
                fed.mark_unchanged();
                match engine.feed(followed.last(), PAGE).await {
                    Ok(rows) if rows.is_empty() => {
                        if fed.changed().await.is_err() {
                            return;
                        }
                    }
                    Ok(rows) => followed.0.borrow_mut().extend(rows),
                    Err(_) if engine.store().stopped().is_some() => return,
                    Err(_) => let_others_go_first().await,
                }
            }
        });
    }

    /// In quiet, who follows has been told everything.
    pub(super) fn check_followed(&self) -> Found {
        let last = self.coordinator.read(|reader| reader.last_fed());
        let told = self.agents.followed.last();
        if told != last {
            return Err(format!("who follows was told up to {told}, and there is {last}"));
        }
        // Whoever waits is woken for each of them, also where its caller has hung up.
        let happened = self.agents.followed.0.borrow().len() - self.agents.followed.1.get();
        let woken = *self.coordinator.engine.fed().borrow();
        if woken == happened as u64 {
            Ok(())
        } else {
            Err(format!("who follows was woken {woken} times for {happened} things"))
        }
    }

    /// What is told is what has happened, and what was told is still there.
    pub(super) fn check_feed(&self, record: &Record) -> Found {
        let feed = &record.feed;
        let told = self.agents.followed.0.borrow();
        if feed.get(..told.len()) != Some(&told[..]) {
            let other = told.iter().zip(feed).find(|(told, row)| told != row);
            return Err(format!("who follows was told {} things, of {}: {other:?}", told.len(), feed.len()));
        }
        let mut steps: BTreeMap<JobId, Vec<&FeedRow>> = BTreeMap::new();
        let mut offers: BTreeMap<(JobId, AgentId), &str> = BTreeMap::new();
        for (row, before) in feed.iter().zip([None].into_iter().chain(feed.iter().map(Some))) {
            if before.is_some_and(|before| before.number >= row.number) {
                return Err(format!("{row:?} comes after {before:?}"));
            }
            let Some(agent) = row.agent else {
                steps.entry(row.job).or_default().push(row);
                continue;
            };
            let last = offers.insert((row.job, agent), &row.event).unwrap_or("withdrawn");
            if last == row.event {
                return Err(format!("{row:?} is told twice"));
            }
        }
        for (id, (job, journal)) in &record.hires {
            let name = &job.public_id.text;
            let steps = steps.remove(id).unwrap_or_default();
            let told: Vec<&str> = steps.iter().map(|row| row.event.as_str()).collect();
            let done: Vec<&str> = journal.iter().map(|row| row.event.as_str()).collect();
            if told != done {
                return Err(format!("of job {name} {told:?} is told, and there was {done:?}"));
            }
            let mut state = "";
            for row in steps {
                if row.before != state {
                    return Err(format!("job {name} was {state:?} before {row:?}"));
                }
                state = &row.after;
            }
            if state != job.state.name() {
                return Err(format!("job {name} is told to be {state}, and is {}", job.state.name()));
            }
        }
        if steps.is_empty() {
            Ok(())
        } else {
            Err(format!("of jobs that are not there it is told {steps:?}"))
        }
    }
}

/// All that there is to be told.
pub(super) fn all_fed(coordinator: &Coordinator) -> Vec<FeedRow> {
    let mut rows: Vec<FeedRow> = Vec::new();
    loop {
        let after = rows.last().map_or(0, |row| row.number);
        let page = coordinator.read(|reader| reader.feed(after, 500));
        if page.is_empty() {
            return rows;
        }
        rows.extend(page);
    }
}
