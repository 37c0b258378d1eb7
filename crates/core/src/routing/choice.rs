//! The decision itself, by looking at every worker. What the index answers is defined here.

use super::podium::{Podium, Ranking, Standing};
use super::unfit::{Unfit, objection};
use super::{Candidate, Demand, Score, Scoring, Ties};
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
    /// The chosen worker has more points. Where the longest unheard is taken among equals, more than the running jobs
    /// take off.
    Score,
    /// The chosen worker has as many points and was met first.
    Tie,
    /// The chosen worker has more points only because it has fewer running jobs.
    MoreOpenJobs,
    /// The chosen worker has as many points, and was last heard longer ago, or then too and has the lower key.
    HeardMoreRecently,
    /// The client was promised the chosen worker.
    OtherPromised,
}

impl Lost {
    /// The published code. Never renamed, never used for anything else.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Score => "lower_score",
            Self::Tie => "tie_lost",
            Self::MoreOpenJobs => "more_open_jobs",
            Self::HeardMoreRecently => "heard_more_recently",
            Self::OtherPromised => "other_promised",
        }
    }

    /// What the chosen had ahead of another.
    fn to(chosen: &Standing, other: &Standing, ties: Ties) -> Self {
        let equal = chosen.score() == other.score();
        match ties {
            Ties::Lot if equal => Self::Tie,
            Ties::LongestUnheard if equal => Self::HeardMoreRecently,
            Ties::LongestUnheard if other.unloaded() >= chosen.unloaded() => Self::MoreOpenJobs,
            Ties::Lot | Ties::LongestUnheard => Self::Score,
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
/// The same arguments give the same answer, for ever. Under [`Ties::Lot`], `seed` decides between equals.
pub fn choose<'a>(
    fleet: impl IntoIterator<Item = &'a Candidate>,
    demand: &Demand<'_>,
    scoring: &Scoring,
    now: Timestamp,
    seed: u64,
) -> Decision {
    let ranking = Ranking::new(scoring.ties, seed);
    let mut tally = Tally::default();
    let mut podium = Podium::<{ 1 + RUNNERS_UP }>::new();
    for worker in fleet {
        let verdict = judge(worker, demand, scoring, now);
        tally.count(verdict);
        if let Ok(score) = verdict {
            podium.offer(ranking.place(worker, score, scoring));
        }
    }
    Decision { shortlist: Shortlist::of(&podium, scoring.ties), tally }
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
    let ranking = Ranking::new(scoring.ties, seed);
    let mut fit = Vec::new();
    let mut unfit = Vec::new();
    for worker in fleet {
        match judge(worker, demand, scoring, now) {
            Ok(score) => fit.push(ranking.place(worker, score, scoring)),
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

impl Shortlist {
    /// The same with a fit worker in front whom the client was promised, whoever else is better.
    pub fn prefer(&mut self, promised: Ranked) {
        let Some(best) = self.chosen.filter(|best| best.worker != promised.worker) else { return };
        self.runners_up.retain(|other| other.ranked.worker != promised.worker);
        self.runners_up.insert(0, RunnerUp { ranked: best, lost: Lost::OtherPromised });
        self.runners_up.iter_mut().for_each(|other| other.lost = Lost::OtherPromised);
        self.runners_up.truncate(RUNNERS_UP);
        self.chosen = Some(promised);
    }

    /// Those on a podium that was filled where this decides between equals.
    pub(super) fn of<const N: usize>(podium: &Podium<N>, ties: Ties) -> Self {
        let mut standings = podium.standings();
        let Some(chosen) = standings.next() else { return Self::default() };
        let runner_up =
            |other: &Standing| RunnerUp { ranked: other.into(), lost: Lost::to(chosen, other, ties) };
        Self { chosen: Some(chosen.into()), runners_up: standings.map(runner_up).collect() }
    }
}
