//! The jobs for which one agent hires another, by all that lists ask for: sets of their numbers in memory, so that any
//! combination of filters is answered with an exact count and without a look at rows that do not fit.
//!
//! The writer adds what it has written before anybody is answered. What was there before is read once, in pages; a job
//! that the writer has added meanwhile is newer than what is read of it.

use crate::error::StoreError;
use crate::read::{HireRow, Page, Reader};
use crate::rows::hire::number;
use docket_core::agent::identity::Wallet;
use docket_core::agent::role::Strategy;
use docket_core::id::{AgentId, JobId};
use docket_core::job::Job;
use roaring::RoaringBitmap;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// Which jobs a list shows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HireFilter {
    /// Only those in one of these states, by their names.
    pub states: Option<Vec<&'static str>>,
    /// Only those that are judged so.
    pub strategy: Option<Strategy>,
    /// Only those that this agent asks for.
    pub client: Option<AgentId>,
    /// Only those that this agent does.
    pub provider: Option<AgentId>,
    /// Only those that this agent judges.
    pub evaluator: Option<AgentId>,
    /// Only those in which this agent has any of these roles, or a seat in a dispute.
    pub party: Option<AgentId>,
    /// Only those in which an agent of this wallet has any of these roles, or a seat in a dispute.
    pub owner: Option<Wallet>,
    /// Only those that have a provider, or only those that have none.
    pub engaged: Option<bool>,
    /// Only those that were ever disputed.
    pub disputed: bool,
    /// Only those that this agent has disputed.
    pub initiator: Option<AgentId>,
}

/// The index.
#[derive(Default)]
pub(crate) struct Hires {
    index: Mutex<Index>,
    read: OnceCell<()>,
}

#[derive(Default)]
struct Index {
    jobs: HashMap<u32, JobId>,
    all: RoaringBitmap,
    engaged: RoaringBitmap,
    disputed: RoaringBitmap,
    states: HashMap<&'static str, RoaringBitmap>,
    strategies: HashMap<Strategy, RoaringBitmap>,
    clients: HashMap<AgentId, RoaringBitmap>,
    providers: HashMap<AgentId, RoaringBitmap>,
    evaluators: HashMap<AgentId, RoaringBitmap>,
    initiators: HashMap<AgentId, RoaringBitmap>,
    jurors: HashMap<AgentId, RoaringBitmap>,
    owners: HashMap<Wallet, RoaringBitmap>,
}

impl Hires {
    fn index(&self) -> std::sync::MutexGuard<'_, Index> {
        // Sets that lack a number because of a panic elsewhere are put right by the next start.
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds jobs as they are on disk now.
    pub(crate) fn publish<'a>(&self, written: impl Iterator<Item = &'a Arc<Job>>) {
        let rows: Vec<_> = written.filter_map(|job| HireRow::of(job)).collect();
        if rows.is_empty() {
            return;
        }
        let mut index = self.index();
        rows.iter().for_each(|row| index.put(row));
    }

    /// Reads what was there before this process; once, however many ask.
    pub(crate) async fn read(&self, reader: &dyn Reader) -> Result<(), StoreError> {
        let read = async || {
            let mut after = None;
            loop {
                let rows = reader.hire_rows(after).await?;
                let Some(last) = rows.last() else { return Ok(()) };
                after = Some(last.number);
                let mut index = self.index();
                rows.iter().for_each(|row| index.put_old(row));
            }
        };
        self.read.get_or_try_init(read).await.copied()
    }

    /// A page of the jobs that fit, the newest first, and how many fit in all.
    pub(crate) fn find(&self, filter: &HireFilter, page: Page) -> (Vec<JobId>, u64) {
        let index = self.index();
        let fitting = index.fitting(filter);
        let count = fitting.len();
        let wanted = (page.skip..count.min(page.skip.saturating_add(page.limit.into())))
            .map_while(|place| u32::try_from(count - 1 - place).ok());
        let numbers = wanted.filter_map(|place| fitting.select(place));
        (numbers.filter_map(|number| index.jobs.get(&number).copied()).collect(), count)
    }

    /// How many jobs fit.
    pub(crate) fn count(&self, filter: &HireFilter) -> u64 {
        self.index().fitting(filter).len()
    }
}

impl Index {
    fn put_old(&mut self, row: &HireRow) {
        if !self.jobs.contains_key(&row.number) {
            self.put(row);
        }
    }

    /// A job's strategy and client never change, its other roles are given once; only its state is taken from it.
    fn put(&mut self, row: &HireRow) {
        let number = row.number;
        let is_new = match self.jobs.entry(number) {
            Entry::Vacant(vacant) => {
                vacant.insert(row.job);
                true
            }
            Entry::Occupied(_) => false,
        };
        if is_new {
            self.all.insert(number);
            self.strategies.entry(row.strategy).or_default().insert(number);
        } else {
            self.states.values_mut().for_each(|state| {
                state.remove(number);
            });
        }
        self.states.entry(row.state).or_default().insert(number);
        let roles = [
            (&mut self.clients, Some(row.client)),
            (&mut self.providers, row.provider),
            (&mut self.evaluators, row.evaluator),
        ];
        for (agents, seat) in roles {
            if let Some((agent, owner)) = seat {
                agents.entry(agent).or_default().insert(number);
                self.owners.entry(owner).or_default().insert(number);
            }
        }
        if row.provider.is_some() {
            self.engaged.insert(number);
        }
        if let Some(initiator) = row.initiator {
            self.disputed.insert(number);
            self.initiators.entry(initiator).or_default().insert(number);
        }
        for (juror, owner) in &row.jurors {
            self.jurors.entry(*juror).or_default().insert(number);
            self.owners.entry(*owner).or_default().insert(number);
        }
    }

    fn fitting(&self, filter: &HireFilter) -> RoaringBitmap {
        let mut sets = Sets::default();
        if let Some(states) = &filter.states {
            sets.any(states.iter().map(|state| self.states.get(state)));
        }
        if let Some(strategy) = filter.strategy {
            sets.add(self.strategies.get(&strategy));
        }
        let roles = [
            (&self.clients, filter.client),
            (&self.providers, filter.provider),
            (&self.evaluators, filter.evaluator),
            (&self.initiators, filter.initiator),
        ];
        for (agents, wanted) in roles {
            if let Some(agent) = wanted {
                sets.add(agents.get(&agent));
            }
        }
        if let Some(party) = filter.party {
            let roles = [&self.clients, &self.providers, &self.evaluators, &self.jurors];
            sets.any(roles.map(|agents| agents.get(&party)));
        }
        if let Some(owner) = &filter.owner {
            sets.add(self.owners.get(owner));
        }
        if filter.engaged == Some(true) {
            sets.add(Some(&self.engaged));
        }
        if filter.disputed {
            sets.add(Some(&self.disputed));
        }
        let mut fitting = sets.all_of(&self.all);
        if filter.engaged == Some(false) {
            fitting -= &self.engaged;
        }
        fitting
    }
}

/// Sets of which a job must be in each.
#[derive(Default)]
struct Sets<'a> {
    whole: Vec<&'a RoaringBitmap>,
    made: Vec<RoaringBitmap>,
    /// One of them has nothing.
    is_empty: bool,
}

impl<'a> Sets<'a> {
    fn add(&mut self, set: Option<&'a RoaringBitmap>) {
        match set {
            Some(set) => self.whole.push(set),
            None => self.is_empty = true,
        }
    }

    /// A job must be in one of these.
    fn any(&mut self, sets: impl IntoIterator<Item = Option<&'a RoaringBitmap>>) {
        let sets: Vec<_> = sets.into_iter().flatten().collect();
        match sets.as_slice() {
            [only] => self.whole.push(only),
            sets => self.made.push(sets.iter().fold(RoaringBitmap::new(), |all, set| all | *set)),
        }
    }

    /// What is in all of them; `all` where there are none. The smallest is taken first, so that the rest is cheap.
    fn all_of(self, all: &RoaringBitmap) -> RoaringBitmap {
        if self.is_empty {
            return RoaringBitmap::new();
        }
        let mut sets: Vec<_> = self.whole.into_iter().chain(&self.made).collect();
        sets.sort_unstable_by_key(|set| set.len());
        let mut sets = sets.into_iter();
        let first = sets.next().unwrap_or(all).clone();
        sets.fold(first, |fitting, set| fitting & set)
    }
}

impl HireRow {
    /// What lists look at of a job; nothing for a job of another kind, or one whose number does not fit.
    fn of(job: &Job) -> Option<Self> {
        let hire = job.hire.as_ref()?;
        let seat = |seat: &docket_core::agent::hire::Seat| (seat.agent, seat.owner);
        Some(Self {
            job: job.id,
            number: u32::try_from(number(job)).ok()?,
            state: job.state.name(),
            strategy: hire.order.strategy,
            client: seat(&hire.client),
            provider: hire.provider.as_ref().map(seat),
            evaluator: hire.evaluator.as_ref().map(seat),
            initiator: hire
                .dispute
                .as_ref()
                .and_then(|dispute| hire.seat(dispute.initiator))
                .map(|seat| seat.agent),
            jurors: hire.dispute.iter().flat_map(|dispute| dispute.seated()).map(seat).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: u32, state: &'static str, client: u64, provider: Option<u64>) -> HireRow {
        let seat = |agent: u64| (AgentId(agent), Wallet([u8::try_from(agent).unwrap_or(0); 20]));
        HireRow {
            job: JobId(number.into()),
            number,
            state,
            strategy: Strategy::Rubric,
            client: seat(client),
            provider: provider.map(seat),
            evaluator: None,
            initiator: None,
            jurors: Vec::new(),
        }
    }

    fn found(hires: &Hires, filter: HireFilter) -> Vec<u64> {
        hires.find(&filter, Page { skip: 0, limit: 100 }).0.into_iter().map(|job| job.0).collect()
    }

    #[test]
    fn a_job_is_found_by_what_it_is_now_and_by_nothing_that_it_was() {
        let hires = Hires::default();
        hires.index().put(&row(1, "open", 7, None));
        hires.index().put(&row(2, "open", 8, None));
        hires.index().put(&row(1, "funded", 7, Some(8)));
        let state = |name| HireFilter { states: Some(vec![name]), ..HireFilter::default() };
        assert_eq!(found(&hires, state("open")), [2]);
        assert_eq!(found(&hires, state("funded")), [1]);
        assert_eq!(found(&hires, HireFilter { party: Some(AgentId(8)), ..HireFilter::default() }), [2, 1]);
        let of_seven = HireFilter { client: Some(AgentId(7)), ..state("funded") };
        assert_eq!(found(&hires, of_seven), [1]);
        assert!(found(&hires, HireFilter { client: Some(AgentId(9)), ..HireFilter::default() }).is_empty());
        assert_eq!(found(&hires, HireFilter { engaged: Some(false), ..HireFilter::default() }), [2]);
        assert!(found(&hires, HireFilter { states: Some(Vec::new()), ..HireFilter::default() }).is_empty());
    }

    #[test]
    fn what_is_read_late_does_not_undo_what_was_written() {
        let hires = Hires::default();
        hires.index().put(&row(1, "funded", 7, Some(8)));
        hires.index().put_old(&row(1, "open", 7, None));
        hires.index().put_old(&row(3, "open", 7, None));
        assert_eq!(found(&hires, HireFilter { states: Some(vec!["open"]), ..HireFilter::default() }), [3]);
        let page = hires.find(&HireFilter::default(), Page { skip: 1, limit: 5 });
        assert_eq!(page, (vec![JobId(1)], 2));
        assert_eq!(hires.find(&HireFilter::default(), Page { skip: 2, limit: 5 }), (vec![], 2));
    }
}
