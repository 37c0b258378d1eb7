//! The decision itself, by looking at every worker. What the index answers is defined here.

use super::podium::{Podium, Standing};
use super::unfit::{Unfit, objection};
use super::{Candidate, Demand, Lot, Score, Scoring};
use crate::id::WorkerId;
use crate::time::Timestamp;

/// How many are remembered beside the one who got the job.
pub(super) const RUNNERS_UP: usize = 10;

/// A fit worker and what it is worth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ranked {
    /// The worker.
    pub worker: WorkerId,
    /// What it is worth.
    pub score: Score,
}

/// Why a fit worker did not get the job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lost {
    /// The chosen worker has more points.
    Score,
    /// The chosen worker has as many points and was met first.
    Tie,
}

impl Lost {
    /// The published code. Never renamed, never used for anything else.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Score => "lower_score",
            Self::Tie => "tie_lost",
        }
    }
}

/// A fit worker that did not get the job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RunnerUp {
    /// The worker and what it is worth.
    pub ranked: Ranked,
    /// Why somebody else was chosen.
    pub lost: Lost,
}

/// Who gets the job, and who would be next.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Shortlist {
    /// Who gets it; `None` if nobody is fit.
    pub chosen: Option<Ranked>,
    /// The next ten at most, best first.
    pub runners_up: Vec<RunnerUp>,
}

/// How many workers were looked at, and how many were unfit for which reason.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    considered: usize,
    unfit: [usize; Unfit::ALL.len()],
}

impl Tally {
    /// How many workers were looked at.
    pub fn considered(&self) -> usize {
        self.considered
    }

    /// How many of them could have had the job.
    pub fn fit(&self) -> usize {
        self.considered - self.unfit.iter().sum::<usize>()
    }

    /// How many were unfit for which reason, without those that nobody was unfit for.
    pub fn reasons(&self) -> impl Iterator<Item = (Unfit, usize)> {
        Unfit::ALL.into_iter().zip(self.unfit).filter(|(_, count)| *count > 0)
    }

    fn count(&mut self, verdict: Result<Score, Unfit>) {
        self.considered += 1;
        if let Err(reason) = verdict {
            self.unfit[reason as usize] += 1;
        }
    }
}

/// What is kept of a decision.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Decision {
    /// Who gets the job, and who would be next.
    pub shortlist: Shortlist,
    /// How many were unfit for which reason.
    pub tally: Tally,
}

/// What a decision says about one worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// The worker.
    pub worker: WorkerId,
    /// What it is worth for this job, or why it may not have it.
    pub outcome: Result<Score, Unfit>,
}

/// What one worker is worth for a job, or why it may not have it.
pub fn judge(
    worker: &Candidate,
    demand: &Demand<'_>,
    scoring: &Scoring,
    now: Timestamp,
) -> Result<Score, Unfit> {
    match objection(worker, demand, scoring, now) {
        Some(reason) => Err(reason),
        None => Ok(scoring.score(worker, now)),
    }
}

/// Chooses a worker for a job by looking at all of them. Each worker may be given once, in any order.
///
/// The same arguments give the same answer, for ever; `seed` decides between equals (see [`Lot`]).
pub fn choose<'a>(
    fleet: impl IntoIterator<Item = &'a Candidate>,
    demand: &Demand<'_>,
    scoring: &Scoring,
    now: Timestamp,
    seed: u64,
) -> Decision {
    let start = Lot::start(seed);
    let mut tally = Tally::default();
    let mut podium = Podium::<{ 1 + RUNNERS_UP }>::new();
    for worker in fleet {
        let verdict = judge(worker, demand, scoring, now);
        tally.count(verdict);
        if let Ok(score) = verdict {
            podium.offer(Standing::new(score, worker.lot, start, worker.id));
        }
    }
    Decision { shortlist: podium.into(), tally }
}

/// Counts the reasons alone.
pub fn tally<'a>(
    fleet: impl IntoIterator<Item = &'a Candidate>,
    demand: &Demand<'_>,
    scoring: &Scoring,
    now: Timestamp,
) -> Tally {
    let mut tally = Tally::default();
    for worker in fleet {
        tally.count(judge(worker, demand, scoring, now));
    }
    tally
}

/// Says for every worker what it is worth or why it is unfit: the fit ones first, in the order in which they
/// would be chosen, then the others by reason and key.
pub fn explain<'a>(
    fleet: impl IntoIterator<Item = &'a Candidate>,
    demand: &Demand<'_>,
    scoring: &Scoring,
    now: Timestamp,
    seed: u64,
) -> Vec<Verdict> {
    let start = Lot::start(seed);
    let mut fit = Vec::new();
    let mut unfit = Vec::new();
    for worker in fleet {
        match judge(worker, demand, scoring, now) {
            Ok(score) => fit.push(Standing::new(score, worker.lot, start, worker.id)),
            Err(reason) => unfit.push((reason, worker.id)),
        }
    }
    fit.sort_unstable();
    unfit.sort_unstable();
    let fit = fit.into_iter().map(|fit| Verdict { worker: fit.worker(), outcome: Ok(fit.score()) });
    let unfit = unfit.into_iter().map(|(reason, worker)| Verdict { worker, outcome: Err(reason) });
    fit.chain(unfit).collect()
}

impl From<&Standing> for Ranked {
    fn from(standing: &Standing) -> Self {
        Self { worker: standing.worker(), score: standing.score() }
    }
}

impl<const N: usize> From<Podium<N>> for Shortlist {
    fn from(podium: Podium<N>) -> Self {
        let mut ranked = podium.standings().map(Ranked::from);
        let Some(chosen) = ranked.next() else { return Self::default() };
        let runner_up = |ranked: Ranked| {
            let lost = if ranked.score < chosen.score { Lost::Score } else { Lost::Tie };
            RunnerUp { ranked, lost }
        };
        Self { chosen: Some(chosen), runners_up: ranked.map(runner_up).collect() }
    }
}
